"""Arms identified from images: as accurate as the corners allow, whichever end of the arm carries the camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.camera import Camera
from calib.camera.simulation import typical_camera
from calib.cell.arm_in_images import ArmViews, best_setup, views_of_arm
from calib.cell.arm_simulation import ArmInImages, simulate_arm
from calib.cell.chain import SETUPS, Setup
from calib.errors import UsageError
from calib.robot.arm_file import load_arm
from calib.robot.calibration import ArmCalibration, identify

BOARD = Checkerboard(9, 6, 0.025).corners_in_board
CAMERA = typical_camera("brown_conrady")


def simulated(setup: Setup = "eye-in-hand", seed: int = 0, views: int = 40) -> ArmInImages:
    return simulate_arm(CAMERA, BOARD, load_arm("ur5e"), setup=setup, seed=seed, views=views)


def looked_at(simulation: ArmInImages, camera: Camera | None = CAMERA) -> ArmViews:
    return views_of_arm(simulation.observations, simulation.table, camera, "brown_conrady")


def unseen_mm(simulation: ArmInImages, found: ArmCalibration) -> float:
    """Mean error of the camera's place, or the board's, at commands that were not fitted."""
    world, target = (found.frames[name].reshape(-1, 4, 4)[0] for name in ("world_from_base", "flange_from_target"))
    said = world @ found.arm.base_from_flange(simulation.unseen) @ target
    truth = simulation.world_from_target(simulation.unseen)
    return float(1000 * np.mean(np.linalg.norm((said - truth)[:, :3, 3], axis=1)))


@pytest.mark.parametrize("setup", SETUPS)
def test_geometry_from_forty_images(setup: Setup) -> None:
    simulation = simulated(setup)
    views = looked_at(simulation)
    table, measurement = views.table(setup), views.measurement(setup)
    found = identify(simulation.nominal, table, measurement=measurement, holdout=0.0)
    assert found.identifiability.rank == 30
    assert found.noise["corners"] == pytest.approx(0.15, abs=0.02)
    assert unseen_mm(simulation, found) < 0.12
    offsets = identify(simulation.nominal, table, "offsets", measurement=measurement, holdout=0.0)
    assert unseen_mm(simulation, offsets) > 5 * unseen_mm(simulation, found)


def test_a_lens_from_the_same_images_will_do() -> None:
    """Its errors are the arm's then, which is said, but the arm is still far better than as drawn."""
    simulation = simulated(seed=0)
    views = looked_at(simulation, None)
    assert any("--camera" in note for note in views.notes)
    assert not any("--camera" in note for note in looked_at(simulation).notes)
    table, measurement = views.table("eye-in-hand"), views.measurement("eye-in-hand")
    found = identify(simulation.nominal, table, measurement=measurement, holdout=0.0)
    drawn = identify(
        simulation.nominal, table, "offsets", fix=simulation.nominal.labels, measurement=measurement, holdout=0.0
    )
    assert unseen_mm(simulation, found) < 0.5 * unseen_mm(simulation, drawn)


@pytest.mark.parametrize("setup", SETUPS)
def test_the_set_up_is_found(setup: Setup) -> None:
    simulation = simulated(setup, seed=2, views=20)
    chosen, remark = best_setup(looked_at(simulation), simulation.nominal)
    assert chosen == setup
    assert all(name in remark for name in SETUPS)


def test_images_of_other_rows_are_named() -> None:
    simulation = simulated(seed=3)
    names = list(simulation.table.other["image"])
    names[4], names[9] = names[9], names[4]
    views = looked_at(replace(simulation, table=replace(simulation.table, other={"image": tuple(names)})))
    found = identify(
        simulation.nominal, views.table("eye-in-hand"), measurement=views.measurement("eye-in-hand"), holdout=0.0
    )
    assert {outlier.pose for outlier in found.outliers} == {names[4], names[9]}
    assert unseen_mm(simulation, found) < 0.15


def test_a_board_without_size_is_refused() -> None:
    simulation = simulated(views=10)
    unknown = replace(simulation.observations, scale_known=False)
    with pytest.raises(UsageError, match="size of the board"):
        views_of_arm(unknown, simulation.table, CAMERA, "brown_conrady")


def test_what_the_arm_says_of_corners() -> None:
    """With the true arm and frames corners are off by their noise: 0.15 px in either coordinate."""
    simulation = simulated(seed=4)
    views = looked_at(simulation)
    said = simulation.world_from_target(views.table("eye-in-hand").joints)
    px = views.prediction_px("eye-in-hand", said, np.arange(len(said)))
    assert px == pytest.approx(0.15 * np.sqrt(2), rel=0.05)
