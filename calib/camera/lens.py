"""What every lens is: a distortion of normalised coordinates, followed by the affine map to pixels.

u = fx m1 + skew m2 + cx, v = fy m2 + cy, with (m1, m2) = distort(k, x, y, z) of a point in the camera frame
(x right, y down, z forward, metres). A lens file supplies `distort`, its labels and its derivatives; pixels and
everything that follows from the affine map is here, the chain rule too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from calib import plugins
from calib.arrays import Array
from calib.config import MAX_MAGNITUDE
from calib.engine.label import Label
from calib.errors import UsageError, did_you_mean

AFFINE = tuple(Label(name, "px") for name in ("fx", "fy", "skew", "cx", "cy"))
FOCAL, SKEW, CENTRE = AFFINE[:2], AFFINE[2], AFFINE[3:]
_SPLIT = len(AFFINE)  # where the distortion's coefficients begin


@dataclass(frozen=True, eq=False)
class Distorted:
    """Distorted coordinates and their derivatives, for points of any shape (...)."""

    m: Array
    """(2, ...)"""
    by_point: Array = field(default_factory=lambda: np.zeros((0, 3)))
    """(2, 3, ...) derivatives by x, y, z; empty if not requested."""
    by_k: Array = field(default_factory=lambda: np.zeros((0, 2)))
    """(coefficients, 2, ...); empty if not requested."""


class Distort(Protocol):
    """Distorts points (3, ...) in the camera frame by coefficients (k,), with the derivatives or without."""

    __module__: str

    def __call__(self, k: Array, points: Array, derivatives: bool = True) -> Distorted: ...


@dataclass(frozen=True, eq=False)
class Projection:
    """Pixels of n points and their derivatives, structures of arrays."""

    px: Array
    """(2, n)"""
    by_lens: Array
    """(p, 2, n) derivatives by the lens' parameters; empty if not requested."""
    by_point: Array
    """(2, 3, n) derivatives by the point in the camera frame; empty if not requested."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Lens:
    """A lens model, named as its file."""

    coefficients: tuple[str, ...]
    """Names of the distortion's coefficients, numbers without a unit."""
    distort: Distort
    """The distortion."""
    purpose: str
    """What the model is for, in a line."""
    typical: tuple[float, ...]
    """Coefficients of an ordinary lens of the kind, for simulations that state none."""
    typical_focal: float = 0.75
    """Focal length of an ordinary lens of the kind, as a share of the image's width."""
    richer: str = ""
    """The model to try where this one leaves a pattern in the residuals; empty if there is none."""
    base: bool = False
    """Whether the choice of a lens fits it first of its kind: smaller ones follow from it, richer ones are tried where
    it leaves a pattern."""
    smaller: tuple[frozenset[str], ...] = ()
    """Labels to hold at 0, for models between this one and the next smaller."""
    radial: str = ""
    """The coefficient that multiplies the third power of the radius, which a start estimates; empty without one."""
    held: frozenset[str] = frozenset({SKEW})
    """Labels not estimated unless freed."""
    widest_deg: float = 89.0
    """Half the field of view up to which the model is defined."""
    weak: Mapping[str, float] = field(default_factory=dict)
    """Coefficients that ordinary data cannot separate, each with the standard deviation about 0 of a weak prior, in
    units where a corner's noise is 1 px."""
    plausible: Mapping[str, float] = field(default_factory=dict)
    """What the term of a coefficient comes to at the corner of the image, as a share of the distance from the middle:
    the standard deviation about 0 over lenses of the kind."""

    def __repr__(self) -> str:
        return f"Lens({self.name}: {', '.join(self.labels)})"

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.distort.__module__.rpartition(".")[2]

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """Labels of all parameters, in order: fx fy skew cx cy, then the coefficients."""
        return AFFINE + tuple(Label(name) for name in self.coefficients)

    @property
    def perspective(self) -> bool:
        """Whether its field of view is less than half a turn: its image can be drawn on a plane before it."""
        return self.widest_deg < 90.0

    def expect(self, labels: Iterable[str], focal_px: float, corner_px: float, noise_px: float) -> Lens:
        """The same lens of which some coefficients are expected to be of plausible size: with weak priors on them.

        corner_px: from the middle of the image to its corner; noise_px: of a corner's coordinate.
        """
        at_corner = np.array([[1.0], [1.0], [focal_px / corner_px * np.sqrt(2.0)]])
        terms = self.distort(np.zeros(len(self.coefficients)), at_corner).by_k[:, :, 0]
        share = np.linalg.norm(terms, axis=1) * focal_px / corner_px
        size = dict(zip(self.coefficients, share.tolist(), strict=True))
        weak = {label: self.plausible[label] / size[label] / max(noise_px, 1e-9) for label in labels}
        return replace(self, weak={**self.weak, **weak})

    def start(self, intrinsics: Array, coefficients: Array | None = None) -> Array:
        """Parameters from a pinhole matrix (3, 3) and coefficients (k,); None: without distortion."""
        affine = [intrinsics[0, 0], intrinsics[1, 1], intrinsics[0, 1], intrinsics[0, 2], intrinsics[1, 2]]
        k = np.zeros(len(self.coefficients)) if coefficients is None else coefficients
        return np.concatenate([affine, k])

    def linearise(self, parameters: Array, points: Array, derivatives: bool = True) -> Projection:
        """Pixels of points (3, n) in the camera frame and, if requested, their derivatives by parameters and points.

        The one place of the chain rule through the affine map. Every line is one pass over long rows.
        """
        fx, fy, skew, cx, cy = parameters[:_SPLIT].tolist()
        focal, centre = np.array([[fx], [fy]]), np.array([[cx], [cy]])
        d = self.distort(parameters[_SPLIT:], points, derivatives)
        px = d.m * focal
        px += centre
        if skew != 0.0:
            px[0] += skew * d.m[1]
        if not derivatives:
            return Projection(px, d.by_k, d.by_point)
        by_lens = np.zeros((len(parameters), 2, points.shape[1]))
        by_lens[0, 0], by_lens[1, 1], by_lens[2, 0] = d.m[0], d.m[1], d.m[1]
        by_lens[3, 0] = by_lens[4, 1] = 1.0
        np.multiply(d.by_k, focal, out=by_lens[_SPLIT:])
        by_point = d.by_point * focal[:, :, None]
        if skew != 0.0:
            by_lens[_SPLIT:, 0] += skew * d.by_k[:, 1]
            by_point[0] += skew * d.by_point[1]
        return Projection(px, by_lens, by_point)

    def project(self, parameters: Array, points_in_camera: Array) -> Array:
        """Pixels (..., 2) of points (..., 3) in the camera frame."""
        points = np.asarray(points_in_camera, float)
        px = self.linearise(parameters, points.reshape(-1, 3).T, derivatives=False).px
        return px.T.reshape(*points.shape[:-1], 2)

    def unproject(self, parameters: Array, pixels: Array, steps: int = 30) -> Array:
        """Unit rays (..., 3) of pixels (..., 2), by Newton's method on the direction; NaN where that fails.

        Beyond the fold of a lens, where it would turn the image over, there is no ray.
        """
        shape = np.shape(pixels)[:-1]
        px = np.asarray(pixels, float).reshape(-1, 2)
        fx, fy, skew, cx, cy = parameters[:_SPLIT]
        m2 = (px[:, 1] - cy) / fy
        m1 = (px[:, 0] - cx - skew * m2) / fx
        # start on the equidistant sphere, which reaches every angle; two tangent coordinates a, b on it
        radius = np.hypot(m1, m2)
        angle = np.minimum(np.arctan(radius) if self.perspective else radius, np.radians(self.widest_deg))
        a, b = (m / np.maximum(radius, 1e-300) * angle for m in (m1, m2))
        with np.errstate(all="ignore"):  # a step may run off to infinity: such pixels end as NaN
            for _ in range(steps):
                direction, by_angles = _on_sphere(a, b)
                d = self.distort(parameters[_SPLIT:], direction)
                (j11, j12), (j21, j22) = np.einsum("ij...,jk...->ik...", d.by_point, by_angles)
                r1, r2 = d.m[0] - m1, d.m[1] - m2
                determinant = j11 * j22 - j12 * j21
                da, db = (j22 * r1 - j12 * r2) / determinant, (j11 * r2 - j21 * r1) / determinant
                a, b = a - da, b - db
                if not (np.hypot(da, db) > 1e-15).any():
                    break
            rays = _on_sphere(a, b)[0].T
            error = np.hypot(*(self.project(parameters, rays) - px).T)
            seen = (error < 1e-6) & (determinant > 0) & (np.hypot(a, b) <= np.radians(self.widest_deg))
        return np.where(seen[:, None], rays, np.nan).reshape(*shape, 3)


def load_lens(name: str) -> Lens:
    """The lens of that name. Raises UsageError `unknown-lens`."""
    lens: Lens = plugins.pick("calib.camera.lenses", "LENS", name)
    return lens


def held_labels(lens: Lens, fix: Sequence[str] = (), free: Sequence[str] = ()) -> frozenset[str]:
    """The labels held fixed, given those to fix and to free. Raises UsageError `label-conflict`, and as `fixed_values`.

    A label may be given without its unit: `fx` for `fx_px`.
    """
    fixed = set(fixed_values(lens, fix))
    freed = {_label(lens, name) for name in free}
    if both := fixed & freed:
        both_named = ", ".join(sorted(both))
        advice = f"leave {both_named} out of --fix, or out of --free"
        raise UsageError(f"{both_named} is both fixed and freed", code="label-conflict", advice=advice)
    return (lens.held | fixed) - freed


def fixed_values(lens: Lens, fix: Sequence[str]) -> dict[str, float | None]:
    """The labels to hold, written `k3` or `fx=812.5`, and at which value; None: where it starts.

    Raises UsageError `unknown-label`, `bad-value`, `value-needed` for a focal length without one.
    """
    values: dict[str, float | None] = {}
    for request in fix:
        name, equals, text = (part.strip() for part in request.partition("="))
        label = _label(lens, name)
        values[label] = _number(request, text) if equals else None
        if label in FOCAL:
            value = values[label]
            if value is None:
                advice = f"{name}=812.5 holds it at 812.5 px"
                raise UsageError(f"{name} cannot be held without a value", code="value-needed", advice=advice)
            if not value > 0:
                advice = f"write {name}=812.5, in pixels"
                raise UsageError(f"{request!r}: a focal length is above 0", code="bad-value", advice=advice)
    return values


def _number(request: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= MAX_MAGNITUDE:  # nor NaN
        raise UsageError(
            f"{request!r}: {text!r} is not a number", code="bad-value", advice="write fx=812.5, or k3 alone"
        )
    return value


def _label(lens: Lens, name: str) -> Label:
    for label in lens.labels:
        if name in (label, label.quantity):
            return label
    advice = did_you_mean(name, lens.labels)
    raise UsageError(f"the {lens.name} lens has no parameter {name!r}", code="unknown-label", advice=advice)


def by_ratio(d11: Array, d12: Array, d22: Array, ab: Array, inverse_z: Array) -> Array:
    """Derivatives (2, 3, ...) by the point, from the symmetric ones by the ratios ab = (x/z, y/z), (2, ...)."""
    out = np.empty((2, 3, *inverse_z.shape))
    np.multiply(d11, inverse_z, out=out[0, 0])
    np.multiply(d12, inverse_z, out=out[0, 1])
    out[1, 0] = out[0, 1]
    np.multiply(d22, inverse_z, out=out[1, 1])
    np.multiply(out[:, 0], ab[0], out=out[:, 2])
    out[:, 2] += out[:, 1] * ab[1]
    np.negative(out[:, 2], out=out[:, 2])
    return out


def _on_sphere(a: Array, b: Array) -> tuple[Array, Array]:
    """The direction (3, ...) at polar angle |(a, b)| from the axis towards (a, b), and (3, 2, ...) by a and b."""
    angle = np.hypot(a, b)
    s = np.sinc(angle / np.pi)
    cosine = np.cos(angle)
    with np.errstate(all="ignore"):
        slope = np.where(angle > 1e-4, (cosine - s) / np.maximum(angle, 1e-300) ** 2, -1 / 3)
    xy = slope * a * b
    by_angles = np.stack(
        [np.stack([s + slope * a * a, xy]), np.stack([xy, s + slope * b * b]), np.stack([-s * a, -s * b])]
    )
    return np.stack([s * a, s * b, cosine]), by_angles
