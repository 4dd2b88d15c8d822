"""A camera calibration as a page: errors, coverage, what its uncertainty means in the image, lenses, parameters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from calib.camera.calibration import report_figures as figures
from calib.report.page import Report, Section, Table
from calib.report.parameters import parameter_table

if TYPE_CHECKING:
    from calib.camera.calibration.result import CameraCalibration

MOST_REJECTED = 200  # images with their reasons


def report(calibration: CameraCalibration) -> Report:
    """The page's content."""
    projection, board = calibration.projection, calibration.observations.board
    images = len(calibration.views) + len(calibration.excluded)
    outside = "nowhere else" if projection.outside_px is None else f"{projection.outside_px:.2g} px"
    return Report(
        "Camera calibration" + (f" of {board}" if board else ""),
        [
            ("images used", f"{len(calibration.views)} of {images}"),
            ("corners", str(calibration.corners)),
            ("lens", calibration.camera.lens.name),
            ("rms reprojection error", f"{calibration.rms_px:.3f} px"),
            ("rms of views held out", f"{calibration.held_out_px:.3f} px"),
            ("projection known to, where boards were seen", f"{projection.inside_px:.2g} px (1 sigma)"),
            ("projection known to, in the rest of the image", outside),
        ],
        [
            Section("Errors", [figures.residuals(calibration), figures.histogram(calibration), _images(calibration)]),
            Section("Coverage", [figures.tilts(calibration), figures.scene(calibration)]),
            Section("What it means in the image", figures.projection(calibration)),
            Section(
                "The lens", [parameter_table("Parameters", calibration.parameters.values()), *_lenses(calibration)]
            ),
        ],
        {
            "focal_px": figures.focal_px(calibration),
            "distance_m": figures.typical_distance(calibration),
            "inside_px": projection.inside_px if math.isfinite(projection.inside_px) else None,
            "outside_px": projection.outside_px,
        },
    )


def _images(calibration: CameraCalibration) -> Table:
    """Those in the figures, and the first of those rejected."""
    shown, rejected = figures.shown_views(calibration), calibration.excluded[:MOST_REJECTED]
    caption = "A click shows one alone in the figures; a tick leaves it out of the command below."
    if len(shown) < len(calibration.views) or len(rejected) < len(calibration.excluded):
        caption += f" {len(shown)} of the {len(calibration.views)} used are here; result.json lists all."
    used = [(fit.view.image, f"{int(fit.used.sum())} of {len(fit.used)}", f"{fit.rms_px:.3f}", "") for fit in shown]
    return Table(
        "Images",
        ("image", "corners used", "rms (px)", "remark"),
        [*used, *((each.image, "", "", f"rejected: {each.reason}") for each in rejected)],
        caption,
        [*(fit.view.image for fit in shown), *("" for _ in rejected)],
    )


def _lenses(calibration: CameraCalibration) -> list[Table]:
    if calibration.choice is None:
        return []
    rows = [
        (each.name, str(each.unknowns), _px(each.held_out_px), each.remark) for each in calibration.choice.candidates
    ]
    caption = (
        "The smallest that the views support is used: each view is predicted by the lens that the others determine."
    )
    return [Table("Lenses compared", ("lens", "parameters", "held-out rms (px)", "remark"), rows, caption)]


def _px(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else ""
