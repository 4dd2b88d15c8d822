"""Is the calibration good enough, and if not, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera.calibration import uncertainty
from calib.camera.calibration.residual_patterns import board_pattern, image_pattern
from calib.verdict import Verdict

if TYPE_CHECKING:
    from calib.camera.calibration.result import CameraCalibration

# Bounds in pixels. A projection known to 0.5 px is as good as corner detection itself is in a sharp image of a
# printed board; beyond 2 px the lens model is worse than no calibration at all.
GOOD_PROJECTION_PX, WORST_PROJECTION_PX = 0.5, 2.0
# Residuals of sharp images of a flat board are 0.1 to 0.3 px; 1 px is visible to the eye, 3 px is a wrong model.
GOOD_RMS_PX, WORST_RMS_PX = 1.0, 3.0
FEWEST_VIEWS = 8
LEAST_TILT_DEG = 15.0
LEAST_COVERAGE = 0.6
# Ratios of standard deviations beyond which residuals repeat plainly; noise alone stays below 1.2. A board bowed by
# 0.2 mm reaches 1.7, real boards 2.8 to 5.5; a pinhole for a lens with k1 = -0.02 reaches 1.67 and is 12 px off at the
# image's edge.
BOARD_PATTERN, IMAGE_PATTERN = float(np.sqrt(6.0)), float(np.sqrt(2.5))
MOST_OUTLIERS = 0.05  # share of corners beyond which rejecting them deserves a word


def verdict_of(calibration: CameraCalibration) -> Verdict:
    """Grade a calibration by the uncertainty of its projection and by the patterns in its residuals."""
    rms = calibration.rms_px
    sigma, place = _worst_projection(calibration)
    advice = _advice(calibration)
    if sigma is not None and sigma > GOOD_PROJECTION_PX:
        advice += (f"projection is least certain towards {place}: add views with the board there",)
    if calibration.unobservable:
        return Verdict("do not use", f"not all parameters are observable: {calibration.unobservable[0]}", advice)
    if sigma is not None and sigma > WORST_PROJECTION_PX:
        return Verdict("do not use", f"projection uncertainty of {_in_image(sigma)}", advice)
    if rms > WORST_RMS_PX:
        return Verdict("do not use", f"the residuals are too large: rms {rms:.1f} px", advice)
    if rms > GOOD_RMS_PX:
        return Verdict("usable", f"the residuals are large: rms {rms:.2f} px", advice)
    if sigma is not None and sigma > GOOD_PROJECTION_PX:
        return Verdict("usable", f"projection uncertainty of {_in_image(sigma)}", advice)
    if advice:
        return Verdict("usable", f"rms {rms:.3f} px, but see below", advice)
    known = f", projection uncertainty of {_in_image(sigma)}" if sigma is not None else ""
    return Verdict("good", f"rms {rms:.3f} px{known}")


def _in_image(sigma_px: float) -> str:
    return f"{sigma_px:.2f} px (1 sigma, 95th percentile of the image)"


def _worst_projection(calibration: CameraCalibration) -> tuple[float | None, str]:
    """The 95th percentile over the image of the projection's sigma, and where it is worst; None without a size."""
    if calibration.camera.image_size_px is None:
        return None, ""
    sigma = uncertainty.projection_sigma(calibration.camera, calibration.covariance)
    row, column = np.unravel_index(int(np.nanargmax(sigma)), sigma.shape)
    down = ("the upper", "the middle", "the lower")[3 * int(row) // sigma.shape[0]]
    across = ("left", "middle", "right")[3 * int(column) // sigma.shape[1]]
    return float(np.nanquantile(sigma, 0.95)), f"{down} {across} of the image"


def _advice(calibration: CameraCalibration) -> tuple[str, ...]:
    found = []
    if any(not np.isfinite(s) for s in calibration.sigma.values()):
        found.append("hold the parameters named above with --fix, or add views that show them")
    if len(calibration.views) < FEWEST_VIEWS:
        found.append(f"only {len(calibration.views)} views: take at least {FEWEST_VIEWS}, better 15")
    tilts = uncertainty.tilts_deg(calibration)
    if float(np.quantile(tilts, 0.75)) < LEAST_TILT_DEG:
        found.append("the board's tilt varies too little: tilt it 20 to 45 degrees in different directions")
    if calibration.camera.image_size_px is not None and (gap := _largest_gap(calibration)):
        found.append(f"no corners in {gap}: add views with the board there")
    board, image = board_pattern(calibration), pattern_in_image(calibration)
    if board > BOARD_PATTERN and board / BOARD_PATTERN >= image / IMAGE_PATTERN:
        found.append(
            f"residuals repeat on the board ({board:.1f} times the noise): it is not flat or not evenly printed"
        )
    elif image > IMAGE_PATTERN:
        better = calibration.camera.lens.richer
        hint = f"try --lens {better}" if better else "this lens model does not describe the lens"
        found.append(f"residuals repeat in the image ({image:.1f} times the noise): {hint}")
    total = sum(len(fit.used) for fit in calibration.views)
    if calibration.corners < (1 - MOST_OUTLIERS) * total:
        found.append(f"{total - calibration.corners} of {total} corners are outliers: check focus, motion, board")
    return tuple(found)


def pattern_in_image(calibration: CameraCalibration) -> float:
    """`residual_patterns.image_pattern` of the corners that were used."""
    residuals = np.concatenate([fit.residuals_px[fit.used] for fit in calibration.views])
    return image_pattern(residuals, np.concatenate([fit.view.corners_px[fit.used] for fit in calibration.views]))


def _largest_gap(calibration: CameraCalibration) -> str:
    """The part of the image without corners, in words; empty where coverage is fair."""
    cells = uncertainty.coverage(calibration)
    if cells.mean() >= LEAST_COVERAGE:
        return ""
    rows, columns = cells.shape
    parts = {
        "the left third": cells[:, : columns // 3],
        "the right third": cells[:, -(columns // 3) :],
        "the upper third": cells[: rows // 3],
        "the lower third": cells[-(rows // 3) :],
    }
    worst = min(parts, key=lambda name: float(parts[name].mean()))
    return f"{100 - round(100 * float(parts[worst].mean()))} % of {worst} of the image"
