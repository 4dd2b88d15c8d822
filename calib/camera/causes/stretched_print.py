"""A board that is longer in one direction than stated, or sheared, as printers and pasting make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.camera.adjustment.view_systems import least_squares
from calib.camera.calibration.uncertainty import sigma_at
from calib.camera.camera import Camera
from calib.camera.diagnosis.evidence import Cause, Finding
from calib.camera.diagnosis.view_effects import print_columns

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.adjustment.view_systems import LinearViews
    from calib.camera.diagnosis.evidence import MisfitEvidence

LEAST_SHARE = 0.25  # of the squared residuals, as of other causes
LEAST_SIGMAS, LEAST_SIZE = 6.0, 5e-4
# Pixels are square to .5 %, or off by 5 % and more as those of television and resized images; bad prints lie between.
SQUARE_WITHIN, MOST_STRETCH = 0.01, 0.05
PLACES = 500  # corners that stand for all where the shift of the projection is averaged
ADVICE = (
    "measure the print along both sides and state both, or print it anew without scaling",
    "measure both diagonals of the print, and print it anew, or mount it without pulling it askew",
)
NO_WORSE = 1.02  # of the squared residuals that square pixels and a stretched board may leave


def _find(evidence: MisfitEvidence) -> Finding | None:
    """A stretch or a shear of the board explains the residuals, or a stretch makes the pixels square at no cost."""
    if evidence.linear is None or evidence.fit is None:
        return None
    linear, fit = evidence.linear, evidence.fit
    faults = [_fault(linear, fit, column) for column in range(len(ADVICE))]
    column = max(range(len(faults)), key=lambda i: faults[i].share)
    if (seen := faults[column]).is_plain:
        return Finding(
            sentence=f"the board is {seen.in_words(column)}: {100 * seen.share:.0f} % of the squared residuals; "
            f"the projection moves by {seen.moved_px:.2g} px with it",
            advice=ADVICE[column],
            strength=seen.share,
        )
    aspect = fit.parameters[0] / fit.parameters[1] - 1
    sigma = _aspect_sigma(fit)
    if not max(LEAST_SIGMAS * sigma, SQUARE_WITHIN) < abs(aspect) < MOST_STRETCH:
        return None
    if _square_pixels(linear, fit) > NO_WORSE:
        return None
    return Finding(
        sentence=f"fx/fy is {1 + aspect:.4f} ± {sigma:.4f}: square pixels and a board {100 * abs(aspect):.2f} % "
        f"{'longer' if aspect > 0 else 'shorter'} along X fit as well",
        advice="measure the print along both sides, or turn the board by 90 deg in some images to tell",
        strength=LEAST_SHARE,
    )


@dataclass(frozen=True)
class _Fault:
    """Of the print, in its plane."""

    size: float
    """By which share it is longer along X where Y is as stated, or moved along X per length along Y."""
    sigma: float
    """Standard deviation, by the jackknife over views."""
    share: float
    """Of the squared residuals that it explains."""
    moved_px: float
    """rms over the corners' places of how far the projection of far points moves when the lens follows it."""

    @property
    def is_plain(self) -> bool:
        """Whether it explains much, and is no chance."""
        return self.share > LEAST_SHARE and abs(self.size) > max(LEAST_SIGMAS * self.sigma, LEAST_SIZE)

    def in_words(self, column: int) -> str:
        """Its size, of the stretch or of the shear."""
        size = f"{100 * abs(self.size):.2f} ± {100 * self.sigma:.2f} %"
        if column == 0:
            return f"{size} {'longer' if self.size > 0 else 'shorter'} along X, against Y, than stated"
        corner = 90.0 - np.degrees(np.arctan(self.size))
        return f"sheared by {size}, with X and Y at {corner:.2f} deg"


def _fault(linear: LinearViews, fit: Adjustment, column: int) -> _Fault:
    """The stretch along X, or the shear, that the residuals show beside the lens."""
    triangles = linear.triangles(print_columns(linear)[:, :, column : column + 1], linear.by_lens)
    width = triangles.shape[2]
    plain, _ = least_squares(triangles[:, :, 1:].reshape(-1, width - 1))
    squares, step = least_squares(triangles.reshape(-1, width))
    views = len(triangles)
    without = [least_squares(np.delete(triangles, i, axis=0).reshape(-1, width))[1][0] for i in range(views)]
    sigma = float(np.sqrt((views - 1) / views * np.sum((np.array(without) - np.mean(without)) ** 2)))
    moved = _moved_px(linear, fit, step[1:])
    return _Fault(float(step[0]), sigma, 1 - squares / max(plain, 1e-300), moved)


def _moved_px(linear: LinearViews, fit: Adjustment, step: Array) -> float:
    """How far the projection moves, rms of both coordinates together, when the lens makes a step (k,)."""
    full = np.zeros(len(fit.lens.labels))
    full[[fit.lens.labels.index(label) for label in linear.labels]] = step
    places = np.ascontiguousarray(linear.corners.px[:, :: max(1, linear.corners.px.shape[1] // PLACES)].T)
    along = sigma_at(Camera(fit.lens, fit.parameters, None), np.outer(full, full), places)
    known = along[np.isfinite(along)]
    return float(np.sqrt(2 * np.mean(known**2))) if len(known) else float("inf")


def _aspect_sigma(fit: Adjustment) -> float:
    """Standard deviation of fx/fy; infinite where one of them was held."""
    known = fit.solution.measured_uncertainty
    if not {"fx_px", "fy_px"} <= set(known.labels):
        return float("inf")
    fx, fy = fit.parameters[:2]
    (xx, xy), (_, yy) = known.covariance(["fx_px", "fy_px"])
    return float(np.sqrt(max(xx / fx**2 - 2 * xy / (fx * fy) + yy / fy**2, 0.0)) * fx / fy)


def _square_pixels(linear: LinearViews, fit: Adjustment) -> float:
    """Squared residuals with one focal length and a stretched board over those with two and the board as stated."""
    fx, fy = linear.labels.index("fx_px"), linear.labels.index("fy_px")
    others = np.delete(linear.by_lens, [fx, fy], axis=2)
    one = linear.by_lens[:, :, fx] + linear.by_lens[:, :, fy]
    moved = linear.residuals + linear.by_lens[:, :, fy] * (fit.parameters[0] - fit.parameters[1])
    columns: tuple[Array, ...] = (one[:, :, None], others, print_columns(linear)[:, :, :1], moved[:, :, None])
    triangles = linear.triangles(*columns)[:, :, :-1]
    squares, _ = least_squares(triangles.reshape(-1, triangles.shape[2]))
    plain = linear.triangles(linear.by_lens)
    return squares / max(least_squares(plain.reshape(-1, plain.shape[2]))[0], 1e-300)


CAUSE = Cause(looks_for="a board that is longer in one direction than stated, or sheared", level="board", find=_find)
