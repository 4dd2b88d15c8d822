"""Figures of a hand-eye calibration. matplotlib is loaded here and nowhere above."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.errors import UsageError
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.cell.hand_eye.result import HandEyeCalibration

USED, REJECTED, BOARD = "tab:blue", "tab:red", "0.3"
AXIS_SHARE = 0.12  # length of a camera's axes, of the distance between camera and board


def plot_residuals(h: HandEyeCalibration) -> Any:
    """Reprojection error of every image, with the robot's pose corrected and not, and the correction's size."""
    figure = _pyplot().figure(figsize=(9, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    at = np.arange(len(h.images))
    colours = [REJECTED if fit.reason else USED for fit in h.images]
    upper.scatter(at, [fit.uncorrected_rms_px for fit in h.images], c=colours, marker="x", label="uncorrected")
    upper.scatter(at, [fit.rms_px for fit in h.images], c=colours, s=16, label="corrected")
    upper.set_yscale("log")
    upper.set_ylabel("rms reprojection error, px")
    upper.legend(title="robot's poses", loc="upper right")
    upper.set_title(f"{len(h.used)} of {len(h.images)} images used; rms {h.rms_px:.3f} px, rejected images in red")
    lower.scatter(at, [fit.distance for fit in h.images], c=colours, s=16)
    lower.axhline(np.sqrt(6.0), color="0.6", linewidth=1, linestyle="--")
    lower.annotate(
        "rms expected of noise", (1, np.sqrt(6.0)), xycoords=("axes fraction", "data"), ha="right", va="bottom"
    )
    lower.set_ylabel("correction of the robot's pose,\nstandard deviations")
    lower.set_xlabel("image, in order")
    return figure


def plot_poses(h: HandEyeCalibration) -> Any:
    """The cameras of all images used in the board's frame, each with its axes (red x, green y, blue z), and the board's
    corners."""
    figure = _pyplot().figure(figsize=(8, 7), layout="constrained")
    axes = figure.add_subplot(projection="3d")
    board_from_camera = se3.inverse(h.adjustment.camera_from_board)
    centres = board_from_camera[:, :3, 3]
    corners = np.unique(np.concatenate([view.corners_in_board for view in h.observations.views]), axis=0)
    axes.scatter(*corners.T, c=BOARD, s=6)
    length = AXIS_SHARE * float(np.median(np.linalg.norm(centres - corners.mean(axis=0), axis=1)))
    for k, colour in enumerate(("tab:red", "tab:green", "tab:blue")):
        axes.quiver(*centres.T, *(length * board_from_camera[:, :3, k]).T, color=colour, linewidth=1)
    axes.set_aspect("equal")
    axes.invert_zaxis()  # the board's z points away from the camera
    for name in "xyz":
        getattr(axes, f"set_{name}label")(f"board {name}, m")
    axes.set_title(f"camera in {len(centres)} images, {h.setup}")
    return figure


def _pyplot() -> ModuleType:
    """matplotlib.pyplot, or UsageError `plot-extra` where it is not installed."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise UsageError("plots need matplotlib", code="plot-extra", advice="pip install 'calib[plot]'") from None
    return pyplot
