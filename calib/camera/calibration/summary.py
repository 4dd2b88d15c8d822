"""A camera calibration in at most 25 lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from calib.text import cut, first_few, with_sigma, wrap

if TYPE_CHECKING:
    from calib.camera.calibration.result import CameraCalibration
    from calib.estimate import Estimate

MOST_EXCLUDED, MOST_NOTES = 4, 6  # lines of excluded images; of those and notes together


def summary(calibration: CameraCalibration) -> str:
    """The terminal summary: what was used, the parameters with standard deviations, a verdict, what to do next."""
    verdict = calibration.verdict
    excluded = _exclusions(calibration)
    lines = [
        _inputs(calibration),
        *excluded,
        *_outliers(calibration),
        *calibration.observations.notes[: MOST_NOTES - len(excluded)],
        "",
        *_parameters(calibration),
        "",
    ]
    words = [
        *_lenses(calibration),
        _residuals(calibration),
        *_board(calibration),
        *(f"not observable: {text}" for text in calibration.unobservable[:2]),
        *calibration.drift,
        *verdict.lines(),
    ]
    return "\n".join([*(cut(line) for line in lines), *(wrap(line) for line in words)])


def _lenses(calibration: CameraCalibration) -> list[str]:
    """What the lens was chosen by."""
    if calibration.choice is None:
        return []
    others = [
        f"{each.name} {each.held_out_px:.3f}"
        for each in calibration.choice.candidates
        if math.isfinite(each.held_out_px)
    ]
    return ["lenses by views held out (rms px): " + "; ".join(others)]


def _inputs(calibration: CameraCalibration) -> str:
    observations, camera = calibration.observations, calibration.camera
    images = len(calibration.views) + len(calibration.excluded)
    board = f" of {observations.board}" if observations.board else ""
    size = ", {} x {} px".format(*camera.image_size_px) if camera.image_size_px else ""
    at_zero = sorted(calibration.held - camera.lens.held)
    held = f", {' '.join(at_zero)} held" if at_zero else ""
    if expected := sorted(calibration.expected):
        held += f", {' '.join(expected)} by a weak prior"
    used = f"{len(calibration.views)} of {images} images, {calibration.corners} corners"
    return f"{used}{board}{size}; lens {camera.lens.name}{held}"


def _exclusions(calibration: CameraCalibration) -> list[str]:
    lines = [f"rejected {each.image}: {each.reason}" for each in calibration.excluded]
    if len(lines) > MOST_EXCLUDED:
        lines[MOST_EXCLUDED - 1 :] = [f"rejected {len(lines) - MOST_EXCLUDED + 1} more: see result.json"]
    return lines


def _outliers(calibration: CameraCalibration) -> list[str]:
    counts = {fit.view.image: int((~fit.used).sum()) for fit in calibration.views}
    if not any(counts.values()):
        return []
    where = first_few([f"{image} {count}" for image, count in counts.items() if count])
    return [f"rejected {sum(counts.values())} outlier corners: {where}"]


def _residuals(calibration: CameraCalibration) -> str:
    worst = max(calibration.views, key=lambda fit: fit.rms_px)
    corners = "all corners" if all(fit.used.all() for fit in calibration.views) else "the corners used"
    rms = f"rms {calibration.rms_px:.4f} px over {corners}"
    return f"{rms}; worst image {worst.view.image} with {worst.rms_px:.3f} px"


def _board(calibration: CameraCalibration) -> list[str]:
    """How high the board's surface is, where its shape was estimated."""
    height = calibration.board_height
    if height is None:
        return []
    unit, scale = ("mm", 1000.0) if calibration.observations.scale_known else ("squares", 1.0)
    return [f"height of the board's surface: {with_sigma(scale * height.value, scale * height.sigma)} {unit}"]


def _parameters(calibration: CameraCalibration) -> list[str]:
    """Two columns of label, value, standard deviation; coefficients held at 0 are not worth a line."""
    shown = [each for each in calibration.parameters.values() if not (each.held and each.value == 0.0)]
    cells = [f"  {each.label:<8}{_value(each)}" for each in shown]
    half = (len(cells) + 1) // 2
    left, right = cells[:half], [*cells[half:], ""]
    return [f"{a:<42}{b}".rstrip() for a, b in zip(left, right, strict=False)]


def _value(estimate: Estimate) -> str:
    text = with_sigma(estimate.value, estimate.sigma, width=12, most_digits=8)
    if estimate.held:
        return f"{text}   held"
    return text if math.isfinite(estimate.sigma) else f"{text}   not observable"
