"""Shares of normalised differences within 1 and 2 standard deviations, and where they must lie."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from calib.arrays import Array

HEAD = f"{'':42s}{'n':>6s}{'<1':>7s}{'<2':>7s}{'rms':>7s}   | errors taken as independent"


@dataclass
class Shares:
    """Differences over their standard deviations: as they are stated, and as independent errors would have them."""

    name: str
    stated: list[Array] = field(default_factory=list)
    independent: list[Array] = field(default_factory=list)
    failures: int = 0
    note: str = ""

    def add(self, difference: Array, stated: Array, independent: Array) -> None:
        """Differences (n,) and both standard deviations; those that are held or not observable do not count."""
        known = (stated > 0) & np.isfinite(stated) & (independent > 0)
        self.stated.append(difference[known] / stated[known])
        self.independent.append(difference[known] / independent[known])

    def take(self, other: Shares) -> None:
        """Pool those of another set."""
        self.stated += other.stated
        self.independent += other.independent
        self.failures += other.failures

    def figures(self) -> dict[str, float]:
        """n, then within 1, within 2 and rms of both."""
        found: dict[str, float] = {}
        for name in ("stated", "independent"):
            z = np.abs(np.concatenate([*getattr(self, name), np.zeros(0)]))
            found["n"] = len(z)
            if len(z):
                found |= {f"{name}_1": float(np.mean(z < 1)), f"{name}_2": float(np.mean(z < 2))}
                found[f"{name}_rms"] = float(np.sqrt(np.mean(z**2)))
        return found

    def __str__(self) -> str:
        f = self.figures()
        failed = f"  {self.failures} failed" if self.failures else ""
        if not f["n"]:
            return f"{self.name:42s}     0{failed}  {self.note}"
        stated, plain = (f"{f[k + '_1']:7.2f}{f[k + '_2']:7.2f}{f[k + '_rms']:7.2f}" for k in ("stated", "independent"))
        return f"{self.name:42s}{int(f['n']):6d}{stated}   |{plain}{failed}  {self.note}"


def shortfalls(shares: Shares, within_1: tuple[float, float], within_2: tuple[float, float]) -> list[str]:
    """What lies outside the bounds, in words."""
    figures = shares.figures()
    found = []
    for key, (low, high) in {"stated_1": within_1, "stated_2": within_2}.items():
        value = figures.get(key, float("nan"))
        if not low <= value <= high:
            found.append(f"{shares.name}: {value:.3f} within {key[-1]} sigma, must be {low} to {high}")
    return found
