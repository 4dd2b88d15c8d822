"""An estimated parameter: its value, its standard deviation and its 95 % interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calib.documents import finite

if TYPE_CHECKING:
    from calib.engine.label import Label

NORMAL_QUANTILE_975 = 1.959963984540054  # the 0.975 quantile of the normal distribution, in standard deviations


@dataclass(frozen=True)
class Estimate:
    """One parameter of a result.

    value: in the label's unit. sigma: its standard deviation; 0 if held, infinite if the data do not determine it.
    held: whether it was held at its value. quantile_975: half the width of the 95 % interval in standard deviations:
    the 0.975 quantile of the normal distribution, or of Student's where the degrees of freedom are few.
    """

    label: Label
    value: float
    sigma: float
    held: bool = False
    quantile_975: float = NORMAL_QUANTILE_975

    @property
    def interval_95(self) -> tuple[float, float]:
        """[low, high] of the 95 % interval; infinite where the data do not determine the parameter."""
        half = self.quantile_975 * self.sigma if self.sigma else 0.0
        return self.value - half, self.value + half

    @property
    def observable(self) -> bool:
        """Whether the data determine it, or it was held."""
        return math.isfinite(self.sigma)

    def as_document(self) -> dict[str, Any]:
        """As it stands in every JSON document; null for an infinite number."""
        return {
            "value": self.value,
            "sigma": finite(self.sigma),
            "interval_95": [finite(bound) for bound in self.interval_95],
            "unit": self.label.unit,
            "held": self.held,
        }
