"""The parameters of two results, as their documents hold them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Pair:
    """One parameter by two results."""

    label: str
    """Its label, with the unit in it."""
    a: float
    """By the first."""
    b: float
    """By the second."""
    sigma: float
    """Standard deviation of the difference, both results being independent; 0 where both held it."""

    @property
    def difference(self) -> float:
        """Second less first."""
        return self.b - self.a

    @property
    def sigmas(self) -> float:
        """The difference in standard deviations; infinite where a parameter that was held differs."""
        if self.difference == 0:
            return 0.0
        return abs(self.difference) / self.sigma if self.sigma > 0 else math.inf

    def as_document(self) -> dict[str, Any]:
        """Plain data; null for what is infinite."""
        numbers = {"a": self.a, "b": self.b, "difference": self.difference, "sigma": self.sigma, "sigmas": self.sigmas}
        return {key: value if math.isfinite(value) else None for key, value in numbers.items()}


def pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Pair]:
    """The parameters that both documents have, in the order of the first. What either does not determine is as
    uncertain as can be."""
    first, second = a.get("parameters", {}), b.get("parameters", {})
    found = []
    for label in first:
        if label in second:
            one, other = first[label], second[label]
            sigmas = [math.inf if each["sigma"] is None else float(each["sigma"]) for each in (one, other)]
            found.append(Pair(label, float(one["value"]), float(other["value"]), math.hypot(*sigmas)))
    return found
