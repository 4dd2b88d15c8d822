"""What a result is needed for, what it is good for, and the verdict that follows.

A need is a size: 0.5 mm, 0.1 deg, 0.2 px. Beside it stands the length of the error that 95 of 100 uses stay below. A
tool point, or a point that a camera sees, carries the errors of a frame's position and of its orientation alike.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.documents import finite
from calib.errors import InputError, UsageError
from calib.estimate import NORMAL_QUANTILE_975, quantile_975
from calib.verdict import Verdict

UNITS = {
    "um": ("mm", 1e-3),
    "mm": ("mm", 1.0),
    "m": ("mm", 1e3),
    "deg": ("deg", 1.0),
    "mrad": ("deg", math.degrees(1e-3)),
    "rad": ("deg", math.degrees(1.0)),
    "px": ("px", 1.0),
}
QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(um|mm|m|deg|mrad|rad|px)\s*")
ZERO = re.compile(r"\s*[+-]?0+(\.0*)?\s*")  # which needs no unit
CHI2_95, CHI3_95 = 2.4477, 2.7955  # radius of the circle, and of the sphere, that holds 95 % of a unit Gaussian
MOST = 1e6  # mm, deg or px that anybody needs


@dataclass(frozen=True)
class Need:
    """What a result has to be good for: every size, at the flange or camera, or at a point carried by it."""

    sizes: tuple[tuple[float, str], ...]
    """Each with its unit."""
    at_m: tuple[float, float, float] | None = None
    """The point, in the frame that carries it; None for its origin."""

    def __str__(self) -> str:
        where = "" if self.at_m is None else f" at {','.join(f'{1000 * x:g}mm' for x in self.at_m)}"
        return ",".join(f"{size:g}{unit}" for size, unit in self.sizes) + where


def need_of(text: str, at: str | None = None) -> Need:
    """The need of text such as `0.5mm` or `0.5mm,0.1deg`, at a point such as `0,0,120mm`.

    Raises UsageError `need` and `need-at` for text that is none.
    """
    sizes = tuple(_size(part, text) for part in text.split(","))
    if len({unit for _, unit in sizes}) < len(sizes):
        raise _no_need(text)
    if at is None:
        return Need(sizes)
    parts = [QUANTITY.fullmatch("0mm" if ZERO.fullmatch(part) else part) for part in at.split(",")]
    place = [float(part[1]) * UNITS[part[2]][1] / 1000 for part in parts if part and UNITS[part[2]][0] == "mm"]
    if len(place) != 3 or len(parts) != 3 or not all(abs(each) <= MOST for each in place):
        advice = "three lengths with their units: --at 0mm,0mm,120mm"
        raise UsageError(f"not a point: {at!r}", code="need-at", where="--at", advice=advice)
    return Need(sizes, (place[0], place[1], place[2]))


def _size(part: str, text: str) -> tuple[float, str]:
    match = QUANTITY.fullmatch(part)
    if match is None:
        raise _no_need(text)
    unit, factor = UNITS[match[2]]
    size = float(match[1]) * factor
    if not 0 < size <= MOST:
        raise _no_need(text)
    return size, unit


def _no_need(text: str) -> UsageError:
    advice = "a size with its unit, or one of each kind: --need 0.5mm, --need 0.2px, --need 0.5mm,0.1deg"
    return UsageError(f"not a need: {text!r}", code="need", where="--need", advice=advice)


@dataclass(frozen=True, eq=False)
class Capability:
    """What a result is good for: the lengths of error that 95 of 100 uses stay below."""

    sizes: Mapping[str, float]
    """By unit; infinite where the data do not determine it."""
    of: Mapping[str, str]
    """What each is the error of, in words."""
    frame: str = ""
    """What carries the points that a need may be stated at: flange or camera; empty where nothing does."""
    covariance: Array = field(default_factory=lambda: np.full((6, 6), np.nan))
    """(6, 6) of that frame's error, metres along its axes at its origin, then radians about them; NaN if not known."""
    freedom: float = math.inf
    """Degrees of freedom that it was measured with."""

    def at(self, point_m: tuple[float, float, float]) -> Capability:
        """The same for a point (3,), in m, that the frame carries."""
        radius = 1000 * radius_95_at(self.covariance, np.array(point_m), self.freedom)
        where = ", ".join(f"{1000 * x:g}" for x in point_m)
        known = radius if math.isfinite(radius) else math.inf
        return replace(self, sizes={**self.sizes, "mm": known}, of={**self.of, "mm": f"the point at {where} mm"})

    def __str__(self) -> str:
        parts = [f"{_short(size)} {unit} ({self.of[unit]})" for unit, size in self.sizes.items() if math.isfinite(size)]
        return f"{'; '.join(parts)}: 95 % of errors are smaller" if parts else ""


def good_for(able: Capability, finding: Verdict) -> dict[str, Any]:
    """As plain data, from which `rejudge` finds what any need makes of the result."""
    known = bool(able.frame) and bool(np.isfinite(able.covariance).all())
    return {
        "sizes_95": {unit: {"value": finite(size), "of": able.of[unit]} for unit, size in able.sizes.items()},
        "frame": able.frame,
        "covariance": able.covariance.tolist() if known else None,
        "degrees_of_freedom": finite(able.freedom),
        "finding": {"verdict": finding.grade, "reason": finding.reason, "imprecise": finding.imprecise},
    }


def rejudge(document: Mapping[str, Any], need: Need, where: str) -> dict[str, Any]:
    """The document of an earlier result, judged by a need. Raises InputError `no-capability` for an older one."""
    able, found = _good_for_of(document, where)
    verdict = decide(need, able, found)
    judged = {"verdict": verdict.grade, "reason": verdict.reason, "advice": list(verdict.advice), "need": str(need)}
    return {**document, **judged}


def _good_for_of(document: Mapping[str, Any], where: str) -> tuple[Capability, Verdict]:
    try:
        written = document["good_for"]
        found = written["finding"]
        finding = Verdict(found["verdict"], str(found["reason"]), tuple(document["advice"]), bool(found["imprecise"]))
        sizes = {unit: math.inf if each["value"] is None else float(each["value"]) for unit, each in _sizes(written)}
        spread = written["covariance"]
        covariance = np.full((6, 6), np.nan) if spread is None else np.asarray(spread, dtype=float).reshape(6, 6)
        freedom = math.inf if written["degrees_of_freedom"] is None else float(written["degrees_of_freedom"])
        of = {unit: str(each["of"]) for unit, each in _sizes(written)}
        return Capability(sizes, of, str(written["frame"]), covariance, freedom), finding
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(
            "the result does not state what it is good for",
            code="no-capability",
            where=where,
            why=f"it is of kind {str(document.get('kind'))[:40]!r}, or older than `--need`",
            advice="calibrate again, with --need, or --config RESULT --need ... to repeat the run",
        ) from None


def _sizes(written: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(UNITS[name][0], each) for name, each in written["sizes_95"].items()]


def decide(need: Need, capability: Capability, finding: Verdict) -> Verdict:
    """The verdict on a result that is needed for something. finding: what its data show, whatever it is needed for.

    A result that is wrong, and not only imprecise, is good for nothing.
    """
    if finding.grade == "do not use" and not finding.imprecise:
        return finding
    able = capability if need.at_m is None else capability.at(need.at_m)
    shares = [(able.sizes.get(unit, math.inf) / size, size, unit) for size, unit in need.sizes]
    share, size, unit = max(shares)
    if not math.isfinite(share):
        known = ", ".join(name for name, each in able.sizes.items() if math.isfinite(each)) or "nothing"
        reason = f"{size:g} {unit} is needed, and this result determines no error in {unit}, but in {known}"
        return Verdict("do not use", f"{reason}; {finding.reason}", finding.advice)
    known = f"95 % of errors of {able.of[unit]} are below {_short(able.sizes[unit])} {unit}"
    if share <= 1.0:
        return Verdict(
            "good", f"{known}, {_short(share)} of the {size:g} {unit} needed; {finding.reason}", finding.advice
        )
    reason = f"{known}, {_short(share)} times the {size:g} {unit} needed; {finding.reason}"
    return Verdict("do not use", reason, finding.advice)


def radius_95_at(covariance: Array, point_m: Array, freedom: float = math.inf) -> float:
    """Radius in m of the ball about a point (3,) that its true place lies in with 95 %.

    covariance: (6, 6) of the frame that carries it, as in `Capability`. To first order a frame that is off by a step d
    and a turn w takes its point p off by d + w x p.
    """
    x, y, z = point_m
    lever = np.array([(0.0, z, -y), (-z, 0.0, x), (y, -x, 0.0)])  # w x p = lever w
    carried = np.hstack([np.eye(3), lever])
    return radius_95(carried @ covariance @ carried.T, freedom)


def radius_95(covariance: Array, freedom: float = math.inf) -> float:
    """Radius of the ball that holds an error of covariance (n, n) with 95 %, measured with so many degrees of freedom.

    The squared length is taken as a scaled chi-square of the same mean and variance (Satterthwaite 1946, as in Box
    1954): exact where the errors along all axes that have any are alike.
    """
    total, squares = float(np.trace(covariance)), float(np.sum(covariance * covariance))
    if not (math.isfinite(total) and math.isfinite(squares)):
        return math.inf
    if total <= 0.0:
        return 0.0
    from scipy.special import chdtri  # takes long to import

    scale, alike = squares / total, total * total / squares
    widening = quantile_975(freedom) / NORMAL_QUANTILE_975
    return widening * math.sqrt(scale * float(chdtri(alike, 0.05)))


def _short(value: float) -> str:
    return f"{value:.2g}" if value < 100 else f"{value:.0f}"
