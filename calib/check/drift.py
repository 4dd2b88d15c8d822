"""What changed since a calibration, by residuals that its own uncertainty, and noise, must explain otherwise.

With what was measured less what the result predicts in r, whitened by the noise, and J the derivatives by what the
result knows with covariance C,

    r = J e + noise + M d,    V = cov(r without d) = s I + J C J'

where d is a change that one suspect (a focus, a joint's zero, the camera's place) makes through its columns M. Its
generalised least-squares estimate has chi^2 = d' (M' V^-1 M) d, of as many degrees of freedom as it has coordinates.
s is the dispersion: what the calibration's own residuals scattered beyond independent noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import fdtrc, ndtri

from calib.arrays import Array, Index

FALSE_ALARMS = 0.03  # of checks of an unchanged device, over all its suspects
NO_TELLING = 6.0  # chi^2 by which a suspect must explain more than another to be told from it (Delta AIC: strong)
Times = Callable[[Array, Array], Array]
FEWEST_ROWS = 4  # of which one can be odd
PERSISTS = 0.05  # chance that a change keeps without any one row; that of an odd row is anything then
NOISIER = 1.5  # times the noise, from which residuals without a suspect are an alarm of their own


@dataclass(frozen=True)
class ChangePart:
    """Coordinates of a change that are one quantity."""

    coordinates: slice
    """Which of the suspect's."""
    factor: float
    """From their unit to the one shown."""
    unit: str
    """Shown: mm, deg, %, px."""


@dataclass(frozen=True, eq=False)
class Suspect:
    """Something that may have changed."""

    name: str
    """Such as "zero of joint 3"."""
    columns: Array
    """(m, k) derivatives of whitened residuals by its change."""
    parts: tuple[ChangePart, ...]
    """How its change is stated."""
    action: str
    """What to do if it changed."""


@dataclass(frozen=True, eq=False)
class CheckedResiduals:
    """What was measured anew against what a result predicts."""

    residuals: Array
    """(m,) measured less predicted, whitened by the noise."""
    by_known: Array
    """(m, p) derivatives by what the result estimated."""
    covariance: Array
    """(p, p) of that."""
    suspects: tuple[Suspect, ...]
    """What may have changed."""
    dispersion: float = 1.0
    """Variance of the residuals over that of independent noise."""
    row: Index | None = None
    """(m,) which row or image each residual is of; None where they are too few to be judged one by one."""

    def without(self, row: int) -> CheckedResiduals:
        """The residuals of all rows but one."""
        keep = self.row != row
        suspects = tuple(replace(each, columns=each.columns[keep]) for each in self.suspects)
        own = None if self.row is None else self.row[keep]
        return replace(self, residuals=self.residuals[keep], by_known=self.by_known[keep], suspects=suspects, row=own)


@dataclass(frozen=True, eq=False)
class DeviceChange:
    """What a suspect's change is estimated at."""

    suspect: Suspect
    size: Array
    """(k,)."""
    covariance: Array
    """(k, k); infinite where the measurements do not show it."""
    chi2: float
    """How much of the residuals' chi^2 it explains."""
    chance: float
    """With which an unchanged device shows as much."""

    @property
    def sigmas(self) -> float:
        """The chance as standard deviations of a Gaussian."""
        return abs(float(ndtri(max(self.chance, 1e-300) / 2)))

    @property
    def found(self) -> list[tuple[float, float, str]]:
        """Size, standard deviation and unit of each part: lengths of vectors, signed where there is one coordinate."""
        out = []
        for part in self.suspect.parts:
            own, spread = self.size[part.coordinates], self.covariance[part.coordinates, part.coordinates]
            size = float(own[0]) if len(own) == 1 else float(np.linalg.norm(own))
            out.append((part.factor * size, part.factor * math.sqrt(float(np.trace(spread)) / len(own)), part.unit))
        return out

    @property
    def shown(self) -> bool:
        """Whether the measurements would show a change at all."""
        return all(math.isfinite(sigma) for _, sigma, _ in self.found)


@dataclass(frozen=True, eq=False)
class DriftSearch:
    """What was found of every suspect, the most telling first."""

    changes: tuple[DeviceChange, ...]
    ratio: float
    """Size of the residuals beyond the most telling change, in that which the calibration lets expect."""
    chance: float
    """With which they are as large."""
    odd: tuple[int, ...] = ()
    """Rows or images, from 0, each of which alone makes the difference: without it nothing has changed."""

    @property
    def threshold(self) -> float:
        """The chance below which a change is no chance."""
        return FALSE_ALARMS / (len(self.changes) + 1)

    @cached_property
    def alarming(self) -> tuple[DeviceChange, ...]:
        """The change that explains the residuals, and those that cannot be told from it; empty: nothing changed."""
        first = self.changes[0]
        if first.chance > self.threshold or self.odd:
            return ()
        close = [each for each in self.changes if each.chi2 - _cost(each) > first.chi2 - _cost(first) - NO_TELLING]
        return tuple(each for each in close if each.chance <= self.threshold)

    @property
    def noisier(self) -> bool:
        """Whether what is left is larger than the calibration lets expect, by whatever it is."""
        return self.ratio > NOISIER and self.chance < self.threshold and not self.odd


def _cost(change: DeviceChange) -> float:
    return 2.0 * len(change.size)  # Akaike's: a suspect with more coordinates explains more by chance


def search_drift(checked: CheckedResiduals) -> DriftSearch:
    """Estimate the change of every suspect alone, and whether a single row makes the difference: a slip of the
    instrument or of a pairing, of which the calibration rejected some, is no change of the device."""
    found = _search(checked)
    rows = [] if checked.row is None else np.unique(checked.row).tolist()
    if not (found.alarming or found.noisier) or len(rows) < FEWEST_ROWS:
        return found
    names = {change.suspect.name for change in found.alarming}
    odd = [row for row in rows if not _persists(_search(checked.without(row)), names)]
    return replace(found, odd=tuple(odd))


def _persists(found: DriftSearch, names: Collection[str]) -> bool:
    """Whether one of some changes, or larger errors, are there without a row as well."""
    return found.noisier or any(each.chance < PERSISTS for each in found.changes if each.suspect.name in names)


def _search(checked: CheckedResiduals) -> DriftSearch:
    j, r = checked.by_known, checked.residuals
    gain = checked.covariance @ np.linalg.inv(checked.dispersion * np.eye(j.shape[1]) + j.T @ j @ checked.covariance)

    def times(a: Array, b: Array) -> Array:
        """a' V^-1 b, by the Woodbury identity."""
        return np.asarray((a.T @ b - (a.T @ j) @ gain @ (j.T @ b)) / checked.dispersion)

    total, freedom = float(times(r, r)), len(r)
    changes = [_change(suspect, times, r, total, freedom) for suspect in checked.suspects]
    changes.sort(key=lambda each: each.chance)
    first = changes[0]
    left, rest = max(total - first.chi2, 0.0), max(freedom - len(first.size), 1)
    return DriftSearch(tuple(changes), math.sqrt(left / rest), float(fdtrc(rest, 1e6, left / rest)))


def _change(suspect: Suspect, times: Times, r: Array, total: float, freedom: int) -> DeviceChange:
    """By generalised least squares. Where what it leaves is larger than the noise, its chance is by that instead."""
    m = suspect.columns
    information, score, count = times(m, m), times(m, r), m.shape[1]
    scale = np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    seen = values > 1e-9
    root = vectors[:, seen] / np.sqrt(values[seen]) / scale[:, None]
    covariance = root @ root.T
    if not seen.all() or np.max(scale) < 1e-12:
        covariance = np.full((count, count), np.inf)
    size = root @ (root.T @ score)
    chi2, rest = float(score @ size), max(freedom - count, 1)
    larger = max((total - chi2) / rest, 1.0)
    chance = float(fdtrc(count, rest if larger > 1.0 else 1e6, chi2 / count / larger))
    return DeviceChange(suspect, size, covariance, chi2, chance if seen.any() else 1.0)


def rigid_parts() -> tuple[ChangePart, ChangePart]:
    """Of a frame's tangent: a length in mm and an angle in deg."""
    return ChangePart(slice(0, 3), 1000.0, "mm"), ChangePart(slice(3, 6), math.degrees(1.0), "deg")


def turn_part() -> ChangePart:
    """Of three small turns alone: an angle in deg."""
    return ChangePart(slice(0, 3), math.degrees(1.0), "deg")


def eliminate(columns: Array, *others: Array) -> Sequence[Array]:
    """Others (m, ...) without what lies along columns (m, k), in m - k coordinates across them."""
    q, _ = np.linalg.qr(columns, mode="complete")
    across = q[:, columns.shape[1] :].T
    return [across @ other for other in others]
