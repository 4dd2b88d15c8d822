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
AXIS_COLOURS = ("tab:red", "tab:green", "tab:blue")
AXIS_SHARE = 0.12  # length of a camera's axes, of the distance between camera and board


def plot_residuals(h: HandEyeCalibration, axes: Any = None) -> Any:
    """Reprojection error of every image, with the robot's pose corrected and not, and the correction's size.

    axes: two of matplotlib's, one above the other; None: of a new figure. Returned are those drawn on. Raises
    UsageError `plot-extra` without matplotlib.
    """
    pyplot = _pyplot()
    if axes is None:
        axes = pyplot.figure(figsize=(9, 6), layout="constrained").subplots(2, 1, sharex=True)
    upper, lower = axes
    number = np.arange(1, len(h.images) + 1)
    colours = [REJECTED if fit.reason else USED for fit in h.images]
    rejected = "; rejected ones in red" if REJECTED in colours else ""
    upper.set_yscale("log")
    if h.poses_given:
        upper.scatter(number, [1000 * fit.correction_m for fit in h.images], c=colours, s=16)
        upper.set_ylabel("board pose against robot pose (mm)")
        upper.set_title(f"{len(h.used)} of {len(h.images)} poses used{rejected}")
    else:
        upper.scatter(number, [fit.uncorrected_rms_px for fit in h.images], c=colours, marker="x", label="uncorrected")
        upper.scatter(number, [fit.rms_px for fit in h.images], c=colours, s=16, label="corrected")
        upper.set_ylabel("rms reprojection error (px)")
        upper.legend(title="robot's poses", loc="upper right")
        upper.set_title(f"{len(h.used)} of {len(h.images)} images used{rejected}; rms {h.rms_px:.3f} px")
    lower.scatter(number, [fit.distance for fit in h.images], c=colours, s=16)
    lower.axhline(np.sqrt(6.0), color="0.6", linewidth=1, linestyle="--", label="rms expected of noise")
    lower.set_yscale("log")
    lower.legend(loc="upper right")
    lower.set_ylabel("correction of the robot's pose\n(standard deviations)")
    lower.set_xlabel("image (number in order)")
    lower.xaxis.get_major_locator().set_params(integer=True)
    return axes


def plot_poses(h: HandEyeCalibration, axes: Any = None) -> Any:
    """The cameras of all images used in the board's frame, each with its axes, and the board's corners.

    axes: 3-D ones of matplotlib; None: of a new figure. Returned are those drawn on. Raises UsageError `plot-extra`
    without matplotlib.
    """
    pyplot = _pyplot()
    if axes is None:
        axes = pyplot.figure(figsize=(8, 7)).add_subplot(projection="3d")
    board_from_camera = se3.inverse(h.adjustment.camera_from_board)
    centres = board_from_camera[:, :3, 3]
    seen = np.concatenate([view.corners_in_board for view in h.observations.views])
    corners = np.unique(seen, axis=0) if len(seen) else np.zeros((1, 3))
    axes.scatter(*corners.T, c=BOARD, s=6, label="board")
    length = AXIS_SHARE * float(np.median(np.linalg.norm(centres - corners.mean(axis=0), axis=1)))
    for k, (name, colour) in enumerate(zip("xyz", AXIS_COLOURS, strict=True)):
        arrows = (length * board_from_camera[:, :3, k]).T
        axes.quiver(*centres.T, *arrows, color=colour, linewidth=1, label=f"camera {name}")
        getattr(axes, f"set_{name}label")(f"board {name} (m)", labelpad=8)
    extent = np.ptp([axes.get_xlim(), axes.get_ylim(), axes.get_zlim()], axis=1)
    axes.set_box_aspect(extent, zoom=0.9)  # one scale on all axes, and room for their labels
    axes.invert_yaxis()
    axes.invert_zaxis()  # the board's z points away from the camera; one axis turned alone would mirror the scene
    axes.legend(loc="upper left")
    axes.set_title(f"{h.setup}: the camera in the board's frame, {len(centres)} images")
    return axes


def _pyplot() -> ModuleType:
    """matplotlib.pyplot, or UsageError `plot-extra` where it is not installed."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise UsageError("plots need matplotlib", code="plot-extra", advice="pip install 'calib[plot]'") from None
    return pyplot
