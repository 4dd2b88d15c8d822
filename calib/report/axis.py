"""The scale of a figure's axis: from values to places on paper, with round ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)  # steps that people read without effort


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high`, linear."""

    low: float
    """The value where the axis begins."""
    high: float
    """The value where it ends; it may lie below `low`, as an image's rows do."""
    label: str
    """What it shows, with its unit."""

    def place(self, values: Array, begin: float, end: float) -> Array:
        """Where values (...) lie on paper between begin and end."""
        return np.asarray(begin + (values - self.low) / (self.high - self.low) * (end - begin))

    def ticks(self, most: int = 6) -> list[float]:
        """Round values inside, at most so many."""
        low, high = sorted((self.low, self.high))
        step = _round_step((high - low) / most)
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]

    @classmethod
    def around(cls, values: Array, label: str, *, zero: bool = False) -> Axis:
        """An axis that holds finite values (n,) with a little room; zero: from 0 on."""
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        low = min(low, 0.0) if zero else low
        room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        return cls(low if zero and low == 0.0 else low - room, high + room, label)


def tick_text(value: float) -> str:
    """A tick's value as it is written beside it."""
    return f"{value:.6g}".replace("-", "\N{MINUS SIGN}")


def _round_step(least: float) -> float:
    """The smallest round step that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return power * next(each for each in _ROUND if each * power >= least * (1 - 1e-9))
