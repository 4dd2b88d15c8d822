"""An estimated parameter: its value, its standard deviation and its 95 % interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calib.documents import finite

if TYPE_CHECKING:
    from calib.engine import Uncertainty
    from calib.engine.label import Label

NORMAL_QUANTILE_975 = 1.959963984540054


def quantile_975(freedom: float) -> float:
    """Half the width of a 95 % interval in standard deviations that were measured with so many degrees of freedom: the
    0.975 quantile of Student's t, of the normal distribution for infinitely many."""
    if math.isinf(freedom):
        return NORMAL_QUANTILE_975
    from scipy.special import stdtrit  # takes long to import, and only intervals need it

    return float(stdtrit(max(freedom, 1.0), 0.975))


def drift_remarks(known: Uncertainty, units: str) -> tuple[str, ...]:
    """What is to be said where errors plainly last from one of the units, `views` or `poses`, to the next."""
    if known.scatter is None or not known.scatter.drift.is_plain:
        return ()
    drift = known.scatter.drift
    return (
        f"errors drift over the session: slow changes are {1.0 + drift.excess:.1f} times the variance of independent "
        f"{units}, and intervals are {math.sqrt(drift.inflation):.1f} times as wide for it; what differs from one "
        "session to the next, and not within this one, is not in them",
    )


@dataclass(frozen=True)
class Estimate:
    """One parameter of a result."""

    label: Label
    """Its name, with unit, owner and member."""
    value: float
    """In the label's unit."""
    sigma: float
    """Its standard deviation, in the same unit: 0 if held, infinite if the data do not determine it."""
    held: bool = False
    """Whether it was held at its value."""
    degrees_of_freedom: float = math.inf
    """That sigma was measured with; infinite where it was not."""

    @property
    def interval_95(self) -> tuple[float, float]:
        """[low, high] of the 95 % interval; infinite where the data do not determine the parameter."""
        half = quantile_975(self.degrees_of_freedom) * self.sigma if self.sigma else 0.0
        return self.value - half, self.value + half

    @property
    def observable(self) -> bool:
        """Whether the data determine it, or it was held."""
        return math.isfinite(self.sigma)

    def as_document(self) -> dict[str, Any]:
        """As in every JSON document; null for an infinite number."""
        return {
            "value": self.value,
            "sigma": finite(self.sigma),
            "interval_95": [finite(bound) for bound in self.interval_95],
            "degrees_of_freedom": finite(self.degrees_of_freedom),
            "unit": self.label.unit,
            "held": self.held,
        }
