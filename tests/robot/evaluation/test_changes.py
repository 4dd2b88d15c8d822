"""What changed while a table was measured is named, with its line; and nothing where nothing did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calib.arrays import Array
from calib.robot.arm.read import load_geometry
from calib.robot.calibration import calibrate
from calib.robot.evaluation.change_scan import Rows, find_change
from calib.robot.simulation.simulate import ArmSimulation, simulate
from calib.robot.table.pose_table import PoseTable

POSES = 40


def simulated(measurement: str = "position", seed: int = 3, targets: int = 1) -> ArmSimulation:
    return simulate(load_geometry("ur5e"), measurement=measurement, poses=POSES, targets=targets, seed=seed)


def late(table: PoseTable, share: float = 0.5) -> Array:
    """(n,) 1 for the rows of later poses."""
    return (table.pose >= share * POSES).astype(float)


def moved(table: PoseTable, by_m: Array) -> PoseTable:
    assert table.position is not None
    return replace(table, position=table.position + by_m)


@pytest.mark.slow
def test_a_bumped_instrument_is_named_with_its_line() -> None:
    simulation = simulated("pose")
    table = simulation.table
    after = late(table)
    found = calibrate(moved(table, after[:, None] * [0.0, 0.0, 3e-3]), simulation.nominal)
    change = found.evaluation.fitted.change
    assert change is not None
    assert (change.kind, change.gradual) == ("frame", False)
    held = set(table.lines.tolist()) - set(found.evaluation.fitted.table.lines.tolist())
    first = int(table.lines[np.flatnonzero(after)[0]])
    assert set(range(first, change.line)) <= held  # up to a row that was held out
    assert change.moved_mm == pytest.approx(3.0, abs=0.2)
    assert f"from line {change.line} on the base in the world has moved" in found.verdict.reason
    assert "two tables" in found.verdict.advice[0]
    assert found.document()["errors"]["fitted"]["change"]["line"] == change.line


@pytest.mark.slow
def test_an_instrument_bumped_far_is_not_to_be_used() -> None:
    simulation = simulated()
    table = moved(simulation.table, late(simulation.table, 0.7)[:, None] * [0.03, 0.0, 0.0])
    found = calibrate(table, simulation.nominal)
    assert found.verdict.grade == "do not use"
    assert "the base in the world has moved, by 30" in found.verdict.reason


@pytest.mark.slow
def test_exchanged_names_are_named() -> None:
    simulation = simulated(targets=2)
    table = simulation.table
    swapped = replace(table, target=np.where(late(table) > 0, 1 - table.target, table.target))
    verdict = calibrate(swapped, simulation.nominal).verdict
    assert verdict.grade == "do not use"
    assert "the names of targets 1 and 2 are exchanged" in verdict.reason
    assert "column `target`" in verdict.advice[0]


@pytest.mark.slow
def test_one_target_of_two_that_moved_is_named() -> None:
    simulation = simulated("pose", targets=2)
    table = simulation.table
    assert table.rotation is not None
    own = late(table) * (table.target == 1) * 2e-3
    found = calibrate(moved(table, own[:, None] * table.rotation[:, :, 0]), simulation.nominal)
    change = found.evaluation.fitted.change
    assert change is not None
    assert change.what.startswith("target 2 has moved, by 2")
    assert "column `target`" in change.advice


@pytest.mark.slow
def test_a_drift_is_told_from_a_step() -> None:
    simulation = simulated()
    table = simulation.table
    found = calibrate(moved(table, np.linspace(0, 1e-3, POSES)[:, None] * [0.6, 0.8, 0.0]), simulation.nominal)
    change = found.evaluation.fitted.change
    assert change is not None
    assert change.gradual
    assert change.moved_mm == pytest.approx(1.0, abs=0.2)
    assert found.verdict.reason.startswith("over the session the base in the world drifts")


@pytest.mark.slow
def test_a_change_in_the_other_table_is_named() -> None:
    simulation = simulated()
    other = simulate(load_geometry("ur5e"), measurement="position", poses=POSES, seed=3).table
    bumped = moved(other, late(other)[:, None] * [0.0, 4e-3, 0.0])
    found = calibrate(simulation.table, simulation.nominal, validate=bumped)
    assert found.evaluation.fitted.change is None
    assert found.evaluation.validation is not None
    change = found.evaluation.validation.change
    assert change is not None
    assert str(change) in found.verdict.reason


@pytest.mark.slow
@pytest.mark.parametrize("measurement", ["position", "pose", "distance", "plane"])
def test_nothing_changed_where_nothing_did(measurement: str) -> None:
    for seed in range(3):
        simulation = simulate(load_geometry("ur5e"), measurement=measurement, poses=60, seed=seed)
        found = calibrate(simulation.table, simulation.nominal, measurement=measurement)
        assert found.evaluation.fitted.change is None


def test_a_step_is_found_among_outliers_and_noise_alone_is_none() -> None:
    rng = np.random.default_rng(1)
    rows, first = 200, 130
    design = rng.normal(size=(rows, 2, 4))
    candidate = rng.normal(size=(rows, 2, 1))
    noise = rng.normal(size=(rows, 2)) + design @ [1.0, -2.0, 0.5, 0.0]
    noise[rng.permutation(rows)[:40]] += 50.0
    parts, moment = [slice(0, 2)], np.arange(rows)
    assert find_change(Rows(noise, design, parts, moment), {"it": candidate}) is None
    step = noise + 6.0 * candidate[:, :, 0] * (moment >= first)[:, None]
    found = find_change(Rows(step, design, parts, moment), {"it": candidate, "other": design[:, :, :1] ** 2})
    assert found is not None
    assert found.name == "it"
    assert abs(found.first - first) <= 2
    assert found.size[0] == pytest.approx(6.0, abs=0.3)
    assert found.fits.sum() == pytest.approx(160, abs=6)
