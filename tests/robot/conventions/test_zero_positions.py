"""Joint offsets by search: zero positions that nobody knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calib.robot.arm.dh_row import THETA
from calib.robot.arm.read import load_geometry
from calib.robot.calibration import calibrate
from calib.robot.conventions.zero_positions import find_offsets
from calib.robot.simulation.simulate import simulate


def test_unknown_zero_positions_are_found() -> None:
    arm = load_geometry("stanford")
    simulation = simulate(arm, poses=50, seed=3)
    wrong = arm.table.copy()
    turned = np.radians([0.0, 120.0, 0.0, -80.0, 150.0, 0.0])
    wrong[:, THETA] += turned
    generations: list[int] = []

    def watch(generation: int, _: int) -> bool:
        generations.append(generation)
        return generation >= 25  # enough for three joints

    found = find_offsets(replace(arm, table=wrong), simulation.table, seed=1, on_progress=watch)
    assert generations
    assert found.after.sound
    assert not found.before.fits
    error = (found.offsets + turned + np.pi) % (2 * np.pi) - np.pi
    assert np.degrees(np.abs(error)).max() < 3.0
    assert "j4 +" in str(found)
    fitted = calibrate(simulation.table, found.arm)
    assert fitted.evaluation.decisive is not None
    assert fitted.evaluation.decisive.after.position_mm.mean < 0.15
