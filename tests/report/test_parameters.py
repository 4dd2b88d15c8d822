"""Estimates on the page: in units that people read, the interval as precise as the value."""

from __future__ import annotations

import math

import pytest

from calib.engine.label import Label
from calib.estimate import Estimate
from calib.report.parameters import parameter_table


@pytest.mark.parametrize(
    ("estimate", "row"),
    [
        (
            Estimate(Label("x", "m", "base"), 2.3986408, 7.5e-6),
            ("base.x", "2398.6408 ± 0.0075", "[2398.6261, 2398.6555]", "mm"),
        ),
        (Estimate(Label("fx", "px"), 533.4, 0.27), ("fx", "533.40 ± 0.27", "[532.87, 533.93]", "px")),
        (Estimate(Label("k1"), -0.25, 0.0, True), ("k1", "-0.25", "held", "")),
        (Estimate(Label("theta1", "rad"), math.radians(2.0), math.inf), ("theta1", "2", "not observable", "deg")),
    ],
)
def test_rows(estimate: Estimate, row: tuple[str, ...]) -> None:
    assert list(parameter_table("", [estimate]).rows) == [row]
