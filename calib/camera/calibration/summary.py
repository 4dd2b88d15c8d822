"""A camera calibration in at most 25 lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from calib.camera.calibration.calibrate import CameraCalibration
    from calib.camera.calibration.verdict import Verdict

MOST_NAMED = 4  # images named before "and n more"
MOST_ASIDE, MOST_NOTES = 4, 6  # lines of images set aside; of those and notes together
WIDTH = 118


def summary(calibration: CameraCalibration, verdict: Verdict, output: Path | None) -> str:
    """The terminal summary: what was used, the parameters with standard deviations, a verdict, what to do next."""
    observations, camera = calibration.observations, calibration.camera
    images = len(calibration.views) + len(calibration.set_aside)
    outliers = sum(int((~fit.used).sum()) for fit in calibration.views)
    size = f", {camera.image_size_px[0]} x {camera.image_size_px[1]} px" if camera.image_size_px else ""
    lines = [
        f"{len(calibration.views)} of {images} images, {calibration.corners} corners"
        + (f" of {observations.board}" if observations.board else "")
        + size
        + f"; lens {camera.lens.name}"
    ]
    aside = [f"set aside {a.image}: {a.reason}" for a in calibration.set_aside]
    if len(aside) > MOST_ASIDE:
        aside[MOST_ASIDE - 1 :] = [f"set aside {len(aside) - MOST_ASIDE + 1} more: see result.json"]
    lines += aside
    if outliers:
        where = [f"{fit.view.image} {int((~fit.used).sum())}" for fit in calibration.views if not fit.used.all()]
        lines.append(f"left out {outliers} corners that do not fit: " + _named(where))
    lines += observations.notes[: MOST_NOTES - len(aside)]
    lines.append("")
    lines += _parameters(calibration)
    lines.append("")
    worst = max(calibration.views, key=lambda fit: fit.rms_px)
    lines.append(
        f"rms {calibration.rms_px:.4f} px over {'the corners kept' if outliers else 'all corners'}; "
        f"worst image {worst.view.image} with {worst.rms_px:.3f} px"
    )
    lines += [f"unobservable: {text}" for text in calibration.unobservable[:2]]
    lines = [_cut(line) for line in lines]
    if output is not None:
        lines.append(f"written: {output}/camera.yaml, {output}/result.json")  # never cut: of no use then
    lines.append(_cut(f"verdict: {verdict.grade}: {verdict.reason}"))
    lines += [_cut(f"next: {text}") for text in verdict.advice[:3]]
    return "\n".join(lines)


def _parameters(calibration: CameraCalibration) -> list[str]:
    """Two columns of label, value, standard deviation."""
    cells = []
    for label, value in zip(calibration.camera.lens.labels, calibration.camera.parameters, strict=True):
        sigma = calibration.sigma[label]
        if label in calibration.held:
            if value == 0.0:
                continue
            text = f"{value:>12.6g}   held"
        elif not math.isfinite(sigma):
            text = f"{value:>12.6g}   unobservable"
        else:
            digits = max(0, 1 - math.floor(math.log10(sigma))) if sigma > 0 else 6
            text = f"{value:>12.{min(digits, 8)}f} ± {sigma:.{min(digits, 8)}f}"
        cells.append(f"  {label:<8}{text}")
    half = (len(cells) + 1) // 2
    left, right = cells[:half], [*cells[half:], ""]
    return [f"{a:<42}{b}".rstrip() for a, b in zip(left, right, strict=False)]


def _named(items: list[str]) -> str:
    rest = f", and {len(items) - MOST_NAMED} more" if len(items) > MOST_NAMED else ""
    return ", ".join(items[:MOST_NAMED]) + rest


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."
