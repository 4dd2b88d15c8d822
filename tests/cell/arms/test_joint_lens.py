"""A lens estimated along with the arm that it looked from: as good as one that was known, and honest about itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from cases.arm_images import CAMERA, looked_at, simulated, unseen_mm
from scipy.stats import chi2

from calib.camera.adjustment.reprojection import corners_of, reproject
from calib.camera.calibration.condensed_corners import condense_corners
from calib.camera.calibration.locate_boards import relocate_boards
from calib.cell.arms.image_measurement import ArmViews, lens_label
from calib.cell.arms.joint_lens import ArmFromImages, LensOfArm, identify_in_view
from calib.cell.frame_loop import SETUPS, Setup
from calib.cell.simulation.arm_in_images import ArmInImages
from calib.engine import Problem
from calib.engine.derivatives import jacobian_errors
from calib.errors import UsageError
from calib.geometry import se3
from calib.robot.arm_model import Arm
from calib.robot.calibration import identify
from calib.robot.effect import conditions_of
from calib.robot.identification.model import Model, model_rows, pose_problem
from calib.robot.identification.request import Request
from calib.robot.table.holdout import Split

FREE = tuple(label for label in CAMERA.lens.labels if label not in CAMERA.lens.held)
SEEDS = range(4)


def identified(simulation: ArmInImages, views: ArmViews) -> ArmFromImages:
    setup = simulation.setup
    return identify_in_view(
        views,
        setup,
        views.table(setup),
        partial(identify, Arm(simulation.nominal), request=Request(), split=Split(0.0)),
    )


@cache
def with_own_lens(seed: int) -> tuple[ArmInImages, ArmFromImages]:
    simulation = simulated(seed=seed)
    return simulation, identified(simulation, looked_at(simulation, None))


def off(lens: LensOfArm) -> np.ndarray:
    """By how much the free parameters are wrong."""
    return np.array([lens.camera.value(label) - CAMERA.value(label) for label in FREE])


def test_an_arm_with_a_lens_from_the_same_images() -> None:
    """The bound that an arm is held to whose lens is known; with the lens as the images alone tell it, 0.5 mm."""
    errors = [unseen_mm(simulation, found.calibration) for simulation, found in map(with_own_lens, SEEDS)]
    assert np.mean(errors) < 0.12
    for seed in SEEDS:
        calibration = with_own_lens(seed)[1].calibration
        assert calibration.identifiability.rank == calibration.identifiability.expected_rank == 30
        assert calibration.noise["corners"] == pytest.approx(0.15, abs=0.02)
        assert calibration.noise["lens"] == pytest.approx(0.15, abs=0.02)
        assert calibration.fit.variance_factor == pytest.approx(1.0, abs=0.02)


def test_the_lens_lies_within_its_stated_uncertainty() -> None:
    squares, where = 0.0, [CAMERA.lens.labels.index(label) for label in FREE]
    for seed in SEEDS:
        lens = with_own_lens(seed)[1].lens
        assert lens is not None
        squares += float(off(lens) @ np.linalg.solve(lens.covariance[np.ix_(where, where)], off(lens)))
        assert lens.sigma["skew_px"] == 0.0
        assert lens.held == {"skew_px"}
    low, high = chi2.interval(0.999, len(FREE) * len(SEEDS))
    assert low < squares < high


def test_a_camera_that_is_off_is_refined() -> None:
    """A focal length wrong by 0.5 % spoils an arm whose lens is held, and does not matter to one with its lens."""
    simulation = simulated(seed=1)
    wrong = replace(CAMERA, parameters=CAMERA.parameters * np.where(np.arange(len(CAMERA.parameters)) < 2, 1.005, 1.0))
    held = identified(simulation, looked_at(simulation, wrong))
    assert held.lens is None
    refined = identified(simulation, looked_at(simulation, wrong, ("lens",)))
    assert refined.lens is not None
    assert refined.lens.before is wrong
    assert unseen_mm(simulation, held.calibration) > 1.0
    same = with_own_lens(1)[1]
    assert unseen_mm(simulation, refined.calibration) == pytest.approx(
        unseen_mm(simulation, same.calibration), rel=0.05
    )
    # from either start, to a tenth of what the lens is known to
    assert same.lens is not None
    sigma = np.array([same.lens.sigma[label] for label in FREE])
    assert np.all(np.abs(off(refined.lens) - off(same.lens)) < 0.1 * sigma)


def test_an_arm_that_shakes_does_not_bend_the_lens() -> None:
    """What images tell of the lens alone has the noise of corners, however badly joints are known."""
    simulation = simulated(seed=2)
    shaken = simulation.table.joints + np.random.default_rng(0).normal(0.0, np.deg2rad(0.01), (40, 6))
    views = looked_at(replace(simulation, table=replace(simulation.table, joints=shaken)), None)
    found = identified(simulation, views)
    assert found.lens is not None
    assert found.calibration.noise["corners"] > 0.22
    assert found.calibration.noise["lens"] == pytest.approx(0.15, abs=0.02)
    sigma = np.array([found.lens.sigma[label] for label in FREE])
    assert np.all(np.abs(off(found.lens)) < 3.3 * sigma)


def test_images_left_out_say_nothing_of_the_lens() -> None:
    simulation = simulated(seed=3)
    names = list(simulation.table.other["image"])
    names[4], names[9] = names[9], names[4]
    swapped = replace(simulation, table=replace(simulation.table, other={"image": tuple(names)}))
    found = identified(simulation, looked_at(swapped, None))
    assert {outlier.pose for outlier in found.calibration.outliers} == {names[4], names[9]}
    there = [i for i in range(40) if i not in (4, 9)]
    views = looked_at(simulation, None)
    fewer = replace(views, seen=views.seen.select(np.array(there)), rows=views.rows[there])
    without = identified(simulation, fewer)
    assert found.lens is not None
    assert without.lens is not None
    sigma = np.array([without.lens.sigma[label] for label in FREE])
    assert np.all(np.abs(off(found.lens) - off(without.lens)) < 0.05 * sigma)


def test_a_lens_to_be_found_makes_an_arm_harder_to_see() -> None:
    simulation = simulated(seed=0)
    held = identified(simulation, looked_at(simulation)).calibration.identifiability
    joint = with_own_lens(0)[1].calibration.identifiability
    assert len(joint.singular) == len(held.singular) == 30
    assert joint.observability["O3"] < held.observability["O3"]


def test_six_numbers_of_the_pose_and_the_rest_of_the_lens_say_all() -> None:
    """The squared reprojection errors change as those of the few numbers do."""
    seen = looked_at(simulated(seed=5, views=6)).seen
    known, corners = condense_corners(seen, FREE), corners_of(seen.views)
    rng = np.random.default_rng(0)
    free = [CAMERA.lens.labels.index(label) for label in FREE]
    lens = 1e-6 * CAMERA.parameters[free] * rng.normal(size=len(FREE))
    pose = 1e-6 * rng.normal(size=(6, 6))
    parameters = CAMERA.parameters.copy()
    parameters[free] += lens

    def squares(parameters: np.ndarray, poses: np.ndarray) -> float:
        return float(np.sum((reproject(CAMERA.lens, parameters, poses, corners) - corners.px) ** 2))

    moved = known.residuals + known.by_lens @ lens
    moved[:, :6] += np.einsum("nij,nj->ni", known.by_pose, pose)
    more = squares(parameters, se3.retract(seen.camera_from_board, pose)) - squares(
        CAMERA.parameters, seen.camera_from_board
    )
    assert np.sum(moved**2) - np.sum(known.residuals**2) == pytest.approx(more, rel=1e-3)


def posed(simulation: ArmInImages, views: ArmViews, setup: Setup) -> Problem:
    """The problem of the true arm in its true frames."""
    table, arm = views.table(setup), simulation.arm
    frames = {
        "world_from_base": se3.inverse(simulation.in_base)[None, None],
        "flange_from_target": simulation.on_flange[None, None],
    }
    model = Model(arm, views.measurement(setup), arm)
    return pose_problem(model, model_rows(model, table, conditions_of(table)), frames, priors=False)


@pytest.mark.parametrize("setup", SETUPS)
def test_derivatives(setup: Setup) -> None:
    simulation = simulated(setup, seed=6, views=8)
    problem = posed(simulation, looked_at(simulation, None), setup)
    errors = jacobian_errors(problem, problem.residuals[0], problem.start)
    assert set(errors) == {"arm", "world_from_base", "flange_from_target", "lens"}
    assert max(errors.values()) < 1e-7
    assert problem.by_name["lens"].labels == tuple(map(lens_label, FREE))


@pytest.mark.parametrize("setup", SETUPS)
def test_board_poses_by_another_lens_say_the_same(setup: Setup) -> None:
    """What is linear about one lens and about another agrees where both predict, to first order."""
    simulation = simulated(setup, seed=7, views=8)
    views = replace(looked_at(simulation), lens=FREE)
    parameters = CAMERA.parameters * np.where(np.arange(len(CAMERA.parameters)) < 2, 1 + 1e-6, 1.0)
    other = replace(views, seen=relocate_boards(views.seen, replace(CAMERA, parameters=parameters)))
    true = np.array([[CAMERA.value(label) for label in FREE]])
    squares = []
    for each in (views, other):
        problem = posed(simulation, each, setup)
        residuals, _ = problem.residuals[0].evaluate({**problem.start, "lens": true}, slice(0, 8))
        squares.append(np.sum(residuals**2, axis=1))
    np.testing.assert_allclose(squares[0], squares[1], rtol=1e-4)


def test_only_the_lens_can_be_refined_with_an_arm() -> None:
    with pytest.raises(UsageError, match="'board' cannot be refined"):
        looked_at(simulated(views=10), CAMERA, ("board",))
