"""Targets of another table, or of rows held out, are those of the same name; a new one is fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calib.robot.arm.read import load_geometry
from calib.robot.calibration import calibrate
from calib.robot.simulation.simulate import simulate
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.select import select_rows
from calib.robot.table.targets import present_targets, with_targets_of

NAMES = ("ball a", "ball b", "ball c")


@pytest.fixture(scope="module")
def table() -> PoseTable:
    simulated = simulate(load_geometry("irb120"), measurement="position", poses=120, targets=3, seed=4)
    return replace(simulated.table, target_names=NAMES)


def reordered(table: PoseTable) -> PoseTable:
    """The same rows as a file would be read in which the targets appear in the reverse order."""
    return replace(table, target=2 - table.target, target_names=NAMES[::-1])


def test_names_decide_which_target_is_which(table: PoseTable) -> None:
    back = with_targets_of(reordered(table), NAMES)
    np.testing.assert_array_equal(back.target, table.target)
    assert back.target_names == NAMES
    few = present_targets(select_rows(table, table.target > 0))
    assert few.target_names == NAMES[1:]
    assert set(few.target) == {0, 1}
    assert with_targets_of(few, ("ball c",)).target_names == ("ball c", "ball b")


@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("new", ["", "ball d"])
def test_another_table_is_judged_by_names(table: PoseTable, refit: bool, new: str) -> None:
    first = table.pose % 3 > 0
    other = reordered(select_rows(table, ~first))
    if new:
        other = replace(other, target_names=(new, *other.target_names[1:]))
    found = calibrate(select_rows(table, first), "irb120", validate=other, refit_frames=refit)
    assert found.evaluation.validation_frames_held is not None
    for comparison in (found.evaluation.validation, found.evaluation.validation_frames_held):
        assert comparison is not None
        assert comparison.after.position_mm.mean < 0.2
        assert comparison.after.position_mm.mean < comparison.before.position_mm.mean


def test_a_target_that_is_held_out_is_fitted(table: PoseTable) -> None:
    found = calibrate(table, "irb120", holdout_by="target=ball a")
    assert found.heldout is not None
    assert found.heldout.after.position_mm.mean < 0.2
    assert {row["target"] for row in found.rows() if row["part"] == "held out"} == {"ball a"}
