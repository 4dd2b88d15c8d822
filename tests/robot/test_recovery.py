"""Simulated arms come back: exactly without noise, within their own intervals with it."""

from __future__ import annotations

import numpy as np
import pytest
from cases.seeds import runs, wider

from calib.geometry import se3, so3
from calib.robot.arm.read import load_geometry
from calib.robot.arm.workspace import random_commands
from calib.robot.calibration import calibrate
from calib.robot.evaluation.arm_calibration import ArmCalibration
from calib.robot.scene import Spread
from calib.robot.simulation.simulate import ArmSimulation, simulate

EXACT = Spread(sigma_m=0, sigma_rad=0)
CASES = [("ur5e", "pose", 60), ("irb120", "position", 100), ("stanford", "pose", 80), ("franka_panda", "distance", 400),
         ("ur10e", "point", 150), ("r2000ic_165f", "plane", 300)]  # fmt: skip


def off_m(calibration: ArmCalibration, simulation: ArmSimulation) -> float:
    """Largest distance between the identified and the true arm at poses nobody measured, once base and target absorb
    what is theirs."""
    command = random_commands(simulation.nominal, 200, np.random.default_rng(9))
    ours = calibration.arm.base_from_flange(command)
    theirs = simulate_flange(simulation, command)
    frames = {name: np.asarray(values).reshape(-1, 4, 4) for name, values in calibration.frames.items()}
    ours = frames["world_from_base"][0] @ ours @ frames["flange_from_target"][0]
    truth = simulation.frames["world_from_base"].reshape(4, 4) @ theirs
    truth = truth @ simulation.frames["flange_from_target"].reshape(-1, 4, 4)[0]
    return float(np.abs(ours[:, :3, 3] - truth[:, :3, 3]).max())


def simulate_flange(simulation: ArmSimulation, command: np.ndarray) -> np.ndarray:
    from calib.robot.arm_model import Arm
    from calib.robot.effect import load_effect

    effects = {
        name: dict(zip(load_effect(name).labels(simulation.nominal), np.ravel(values).tolist(), strict=True))
        for name, values in simulation.effects.items()
    }
    return Arm(simulation.arm, effects, simulation.nominal).base_from_flange(command)


@pytest.mark.parametrize(("name", "measurement", "poses"), CASES)
def test_exact_data_leave_nothing(name: str, measurement: str, poses: int) -> None:
    simulation = simulate(load_geometry(name), measurement=measurement, poses=poses, spread=EXACT, seed=3)
    calibration = calibrate(simulation.table, load_geometry(name), measurement=measurement)
    assert calibration.heldout is not None
    assert calibration.heldout.before.position_mm.max > 0.1
    assert calibration.heldout.after.position_mm.max < 1e-5
    assert calibration.identifiability.rank == calibration.identifiability.expected_rank


@pytest.mark.parametrize("name", ["ur5e", "r2000ic_165f"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_touching_a_point_is_exact_too(name: str, seed: int) -> None:
    """What only turns the gap that is left is told from what closes it at the fitted arm, not at nominal."""
    simulation = simulate(load_geometry(name), measurement="point", poses=150, spread=EXACT, seed=seed)
    calibration = calibrate(simulation.table, load_geometry(name), measurement="point")
    assert calibration.heldout is not None
    assert calibration.heldout.after.position_mm.max < 1e-5
    assert calibration.identifiability.rank == calibration.identifiability.expected_rank


@pytest.mark.parametrize("name", ["ur5e", "franka_panda"])
def test_the_true_arm_is_found_where_nobody_measured(name: str) -> None:
    simulation = simulate(load_geometry(name), poses=80, spread=EXACT, seed=1)
    assert off_m(calibrate(simulation.table, load_geometry(name)), simulation) < 1e-9


def test_effects_are_found_with_the_geometry() -> None:
    arm = load_geometry("ur5e")
    simulation = simulate(arm, poses=200, spread=EXACT, effects=("gear_harmonics", "compliance"), seed=2)
    calibration = calibrate(simulation.table, arm, model="auto")
    assert {trial.effect for trial in calibration.trials if trial.added} >= {"gear_harmonics", "compliance"}
    assert off_m(calibration, simulation) < 2e-5
    plain = calibrate(simulation.table, arm)
    assert off_m(plain, simulation) > 1e-4


def test_an_arm_without_effects_gets_none() -> None:
    arm = load_geometry("ur5e")
    calibration = calibrate(simulate(arm, poses=100, seed=2).table, arm, model="auto")
    assert not any(trial.added for trial in calibration.trials)
    assert calibration.arm.effects == {}


@pytest.mark.parametrize("count", runs(12))
@pytest.mark.parametrize(("measurement", "poses"), [("pose", 100), ("position", 150)])
def test_intervals_hold_the_truth_as_often_as_they_say(measurement: str, poses: int, count: int) -> None:
    arm, inside, intervals, squares, degrees = load_geometry("ur5e"), 0, 0, 0.0, 0
    for seed in range(count):
        noisy = simulate(arm, measurement=measurement, poses=poses, seed=seed)
        exact = simulate(arm, measurement=measurement, poses=poses, seed=seed, spread=EXACT)
        fitted, truth = calibrate(noisy.table, arm, holdout=0), calibrate(exact.table, arm, holdout=0)
        for label in fitted.labels:
            if 0 < fitted.parameters[label].sigma < np.inf:
                off = fitted.parameters[label].value - truth.parameters[label].value
                inside += abs(off) < 1.96 * fitted.parameters[label].sigma
                intervals += 1
        squares += sum(
            float(np.sum((size / (1e-4 if name == "orientation" else 5e-5)) ** 2))
            for name, size in fitted.evaluation.fitted.sizes.items()
        )
        degrees += fitted.fit.degrees_of_freedom
    assert intervals == count * 18
    assert 0.95 - 0.05 * wider(12, count) < inside / intervals < 0.95 + 0.04 * wider(12, count)
    assert squares / degrees == pytest.approx(1.0, abs=0.06 * wider(12, count))


def test_the_tool_is_as_certain_as_it_says() -> None:
    """Errors of the tool's position over the range of motion, in units of their stated deviation."""
    arm, ratios = load_geometry("ur5e"), []
    for seed in range(8):
        simulation = simulate(arm, poses=60, seed=seed)
        calibration = calibrate(simulation.table, arm, holdout=0)
        rng = np.random.default_rng(0)
        low, high = simulation.table.joints.min(axis=0), simulation.table.joints.max(axis=0)
        command = rng.uniform(low, high, (200, 6))
        frames = {name: np.asarray(values).reshape(-1, 4, 4)[0] for name, values in calibration.frames.items()}
        ours = frames["world_from_base"] @ calibration.arm.base_from_flange(command) @ frames["flange_from_target"]
        truth = simulation.frames["world_from_base"].reshape(4, 4) @ simulate_flange(simulation, command)
        truth = truth @ simulation.frames["flange_from_target"].reshape(-1, 4, 4)[0]
        error = np.sqrt(np.mean(np.sum((ours - truth)[:, :3, 3] ** 2, axis=1)) / 3)
        ratios.append(error / np.sqrt(np.mean(calibration.uncertainty.position_sigma_m**2)))
    assert np.sqrt(np.mean(np.square(ratios))) == pytest.approx(1.0, abs=0.25)


def test_shipped_frames_follow_the_house_convention() -> None:
    """world_from_target = world_from_base base_from_flange flange_from_target, as the table has it."""
    simulation = simulate(load_geometry("ur5e"), poses=60, spread=EXACT, seed=8)
    calibration = calibrate(simulation.table, load_geometry("ur5e"), holdout=0)
    frames = {name: np.asarray(values).reshape(-1, 4, 4)[0] for name, values in calibration.frames.items()}
    flange = calibration.arm.base_from_flange(simulation.table.joints)
    seen = frames["world_from_base"] @ flange @ frames["flange_from_target"]
    assert simulation.table.position is not None
    assert simulation.table.rotation is not None
    measured = se3.compose(simulation.table.rotation, simulation.table.position)
    off = se3.inverse(measured) @ seen
    assert np.abs(off[:, :3, 3]).max() < 1e-9
    assert np.linalg.norm(so3.log(off[:, :3, :3]), axis=1).max() < 1e-9
