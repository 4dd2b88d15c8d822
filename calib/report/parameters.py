"""Estimates as a table of the page."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from calib.report.page import Table
from calib.text import with_sigma

if TYPE_CHECKING:
    from calib.estimate import Estimate

HEADER = ("parameter", "value and standard deviation", "95 % interval", "unit")
IN_UNITS = {"m": (1000.0, "mm"), "rad": (math.degrees(1.0), "deg")}  # as people read them


def parameter_table(title: str, estimates: Iterable[Estimate], caption: str = "") -> Table:
    """Every estimate with its interval, lengths in mm and angles in degrees."""
    return Table(title, HEADER, [_row(each) for each in estimates], caption)


def _row(estimate: Estimate) -> tuple[str, str, str, str]:
    factor, unit = IN_UNITS.get(estimate.label.unit, (1.0, estimate.label.unit))
    name = estimate.label.quantity
    value = with_sigma(factor * estimate.value, factor * estimate.sigma, most_digits=8)
    if estimate.held:
        return name, value, "held", unit
    if not estimate.observable:
        return name, value, "not observable", unit
    digits = len(value.partition(" ")[0].partition(".")[2])  # as many as the value has
    low, high = (factor * bound for bound in estimate.interval_95)
    return name, value, f"[{low:.{digits}f}, {high:.{digits}f}]", unit
