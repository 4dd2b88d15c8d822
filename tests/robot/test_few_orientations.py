"""Tables whose flange never turns, or about one axis only, are answered: what trades is named and kept."""

from __future__ import annotations

import numpy as np
import pytest
from cases.grids import SIGMA_M, grid_table

from calib.robot.arm.read import load_geometry
from calib.robot.calibration import calibrate
from calib.robot.conventions.diagnose import diagnose
from calib.robot.table.select import select_rows

NOISE_MM = 1000 * 1.596 * SIGMA_M  # the mean length of three Gaussian coordinates
TURNS = {"the orientation never changes": 0.0, "the flange turns about one axis only": 0.6}


@pytest.mark.parametrize("name", ["irb120", "ur5e"])
@pytest.mark.parametrize("oriented", [False, True])
@pytest.mark.parametrize("what", TURNS)
def test_a_cube_is_identified_to_its_noise(name: str, oriented: bool, what: str) -> None:
    table = grid_table(name, "cube", TURNS[what], oriented=oriented)
    assert diagnose(load_geometry(name), table) == ()
    found = calibrate(table, name)
    assert found.heldout is not None
    assert found.heldout.after.position_mm.mean < 1.35 * NOISE_MM
    assert found.heldout.after.position_mm.mean < found.heldout.before.position_mm.mean
    assert found.verdict.grade == "usable"
    assert what in found.verdict.reason
    assert what in str(found)
    owner = "flange_from_target" if oriented else "target_in_flange"
    assert owner in {each.label.owner for each in found.identifiability.redundant}
    assert found.uncertainty.position_95_mm[1] < 0.2
    assert found.uncertainty.anywhere_95_mm[0] > 50


@pytest.mark.parametrize("shape", ["plane", "line"])
@pytest.mark.parametrize("what", TURNS)
def test_planes_and_lines_are_identified_too(shape: str, what: str) -> None:
    found = calibrate(grid_table("irb120", shape, TURNS[what], seed=1), "irb120")
    assert found.heldout is not None
    assert found.heldout.after.position_mm.mean < 1.5 * NOISE_MM


def test_a_joint_that_a_line_keeps_still_does_not_end_the_run() -> None:
    """Along a vertical line, turned about it, joint 5 of a UR never moves, and no small subset tells its turn."""
    found = calibrate(grid_table("ur5e", "line", 0.6, seed=3), "ur5e")
    assert np.ptp(found.table.joints[:, 4]) < 1e-3
    assert found.heldout is not None
    assert found.heldout.after.position_mm.mean < 1.5 * NOISE_MM
    assert found.verdict.grade == "usable"
    assert all(found.parameters[label].held for label in ("theta5_rad", "d5_m", "a5_m", "alpha5_rad"))


def test_what_the_rows_leave_open_stays_as_arms_are_built() -> None:
    found = calibrate(grid_table("irb120", "cube"), "irb120")
    nominal = dict(zip(found.nominal.geometry.labels, found.nominal.geometry.parameters, strict=True))
    off = {label: abs(each.value - nominal[label]) for label, each in found.parameters.items()}
    assert max(size for label, size in off.items() if label.angular) < 6e-3
    assert max(size for label, size in off.items() if not label.angular) < 4e-3


@pytest.mark.parametrize("refit", [True, False])
def test_such_a_table_validates_another(refit: bool) -> None:
    table = grid_table("ur5e", "cube", 0.6, seed=2)
    rows = np.arange(len(table.joints))
    found = calibrate(
        select_rows(table, rows % 4 > 0), "ur5e", validate=select_rows(table, rows % 4 == 0), refit_frames=refit
    )
    assert found.evaluation.decisive is not None
    assert found.evaluation.decisive.after.position_mm.mean < 1.5 * NOISE_MM
