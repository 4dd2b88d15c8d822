"""A board that is longer in one direction than stated, as printers make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.camera.adjustment.view_systems import least_squares
from calib.camera.diagnosis.evidence import Cause, Finding
from calib.camera.diagnosis.view_effects import print_columns

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.adjustment.view_systems import LinearViews
    from calib.camera.diagnosis.evidence import MisfitEvidence

LEAST_SHARE = 0.25  # of the squared residuals, as of other causes
LEAST_SIGMAS, LEAST_STRETCH = 6.0, 5e-4
# Pixels are square to .5 %, or off by 5 % and more as those of television and resized images; bad prints lie between.
SQUARE_WITHIN, MOST_STRETCH = 0.01, 0.05
NO_WORSE = 1.02  # of the squared residuals that square pixels and a stretched board may leave


def _find(evidence: MisfitEvidence) -> Finding | None:
    """A stretch of the board explains the residuals, or makes the pixels square at no cost."""
    if evidence.linear is None or evidence.fit is None:
        return None
    linear, fit = evidence.linear, evidence.fit
    seen = _stretch(linear)
    if seen.share > LEAST_SHARE and abs(seen.stretch) > max(LEAST_SIGMAS * seen.sigma, LEAST_STRETCH):
        x_to_y = f"{100 * abs(seen.stretch):.2f} ± {100 * seen.sigma:.2f} %"
        return Finding(
            sentence=f"the board is {x_to_y} {'longer' if seen.stretch > 0 else 'shorter'} along X, against Y, than "
            f"stated: {100 * seen.share:.0f} % of the squared residuals",
            advice="measure the print along both sides and state both, or print it anew without scaling",
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
class _Stretch:
    """Of the board along x."""

    stretch: float
    """Longer by this share, where y is as stated."""
    sigma: float
    """Standard deviation, by the jackknife over views."""
    share: float
    """Of the squared residuals that it explains."""


def _stretch(linear: LinearViews) -> _Stretch:
    """The stretch along x that the residuals show, beside the lens."""
    triangles = linear.triangles(print_columns(linear)[:, :, :1], linear.by_lens)
    width = triangles.shape[2]
    plain, _ = least_squares(triangles[:, :, 1:].reshape(-1, width - 1))
    squares, step = least_squares(triangles.reshape(-1, width))
    views = len(triangles)
    without = [least_squares(np.delete(triangles, i, axis=0).reshape(-1, width))[1][0] for i in range(views)]
    sigma = float(np.sqrt((views - 1) / views * np.sum((np.array(without) - np.mean(without)) ** 2)))
    return _Stretch(float(step[0]), sigma, 1 - squares / max(plain, 1e-300))


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


CAUSE = Cause(looks_for="a board that is longer in one direction than stated", level="views", find=_find)
