"""An instrument whose metre is not one is told from an arm whose lengths are not nominal."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from calib.errors import DegenerateError, UsageError
from calib.robot.arm.read import load_geometry
from calib.robot.calibration import calibrate
from calib.robot.scene import Spread
from calib.robot.simulation.simulate import simulate
from calib.robot.table.select import with_lengths_times


def test_a_wrong_metre_is_named_and_estimated() -> None:
    simulation = simulate(load_geometry("ur5e"), measurement="pose", poses=40, seed=7)
    long = with_lengths_times(simulation.table, 1.03)
    found = calibrate(long, simulation.nominal)
    assert found.verdict.grade == "do not use"
    assert found.length_scale is not None
    low, high = found.length_scale.interval_95
    assert low < 1.03 < high
    assert str(found.length_scale) in found.verdict.reason
    assert "--scale free" in found.verdict.advice[0]
    assert found.document()["length_scale"]["decisive"] is True
    scaled = calibrate(long, simulation.nominal, scale="free")
    assert scaled.verdict.grade == "good", scaled.verdict
    assert str(found.length_scale) in scaled.notes[0]
    lengths = np.array([label.unit == "m" for label in simulation.arm.labels])
    assert np.abs(scaled.arm.geometry.parameters - simulation.nominal.parameters)[lengths].max() < 2e-3


def test_one_long_part_is_no_scale() -> None:
    arm = load_geometry("ur5e")
    simulation = simulate(arm, measurement="position", poses=40, seed=8)
    parameters = arm.parameters
    parameters[arm.labels.index("a2_m")] += 0.02
    found = calibrate(simulation.table, replace(arm.with_parameters(parameters)))
    assert found.length_scale is not None
    assert not found.length_scale.decisive
    assert found.verdict.grade == "good"
    built = float(simulation.arm.parameters[arm.labels.index("a2_m")] - parameters[arm.labels.index("a2_m")])
    named = re.match(r"lengths against the arm file: a2 (-[\d.]+) ± [\d.]+ mm$", found.notes[0])
    assert named is not None
    assert float(named[1]) == pytest.approx(1000 * built, abs=0.1)


def test_a_scale_needs_lengths() -> None:
    touched = simulate(load_geometry("ur5e"), measurement="point", poses=40, seed=9).table
    with pytest.raises(DegenerateError, match="scale is not observable"):
        calibrate(touched, "ur5e", measurement="point", scale="free")
    with pytest.raises(UsageError, match="no such scale"):
        calibrate(touched, "ur5e", measurement="point", scale="1.03")


def test_what_a_controller_computed_is_not_measured() -> None:
    exact = Spread(sigma_m=0.0, sigma_rad=0.0)
    simulation = simulate(load_geometry("ur3e"), poses=30, seed=2, spread=exact)
    verdict = calibrate(simulation.table, simulation.nominal).verdict
    assert verdict.grade == "do not use"
    assert "computed by the controller, not measured" in verdict.reason
    assert "no part of the robot" in verdict.advice[0]
