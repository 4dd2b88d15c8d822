"""Arms identified from images: as accurate as the corners allow, whichever end of the arm carries the camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.arm_images import CAMERA, looked_at, simulated, unseen_mm

from calib.cell.arms.image_measurement import best_setup, views_of_arm
from calib.cell.frame_loop import SETUPS, Setup
from calib.errors import UsageError
from calib.robot.arm_model import Arm
from calib.robot.calibration import identify
from calib.robot.identification.request import Request
from calib.robot.table.holdout import Split


@pytest.mark.parametrize("setup", SETUPS)
def test_geometry_from_forty_images(setup: Setup) -> None:
    simulation = simulated(setup)
    views = looked_at(simulation)
    table, measurement = views.table(setup), views.measurement(setup)
    found = identify(Arm(simulation.nominal), table, Request(), Split(0.0), measurement=measurement)
    assert found.identifiability.rank == 30
    assert found.noise["corners"] == pytest.approx(0.15, abs=0.02)
    assert unseen_mm(simulation, found) < 0.12
    offsets = identify(Arm(simulation.nominal), table, Request("offsets"), Split(0.0), measurement=measurement)
    assert unseen_mm(simulation, offsets) > 5 * unseen_mm(simulation, found)


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
        Arm(simulation.nominal),
        views.table("eye-in-hand"),
        Request(),
        Split(0.0),
        measurement=views.measurement("eye-in-hand"),
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
