"""A camera calibration in pictures: residuals, coverage, and the uncertainty of projection over the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calib.camera.adjustment.image_frame import ImageFrame
from calib.camera.calibration.uncertainty import projection_sigma
from calib.errors import UsageError

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.camera.calibration.result import CameraCalibration

_MOST_ARROWS = 3000  # beyond it a picture of arrows is ink
_ARROW_SHARE = 0.04  # of the image's larger side: the length of an arrow of three times the noise


def plot_residuals(calibration: CameraCalibration, axes: Any = None) -> Any:
    """Reprojection errors as arrows where the corners were seen; the axes they were drawn on.

    axes: matplotlib's; None: of a new figure. Raises UsageError `plot-extra` without matplotlib.
    """
    axes = axes or _new_axes()
    px, residuals = _corners_used(calibration)
    step = max(1, len(px) // _MOST_ARROWS)
    length = _ARROW_SHARE * _frame(calibration).larger_px / max(3 * calibration.noise_px, 1e-9)
    size = np.hypot(*residuals[::step].T)
    arrows = axes.quiver(
        *px[::step].T, *residuals[::step].T, size, angles="xy", scale_units="xy", scale=1 / length, width=0.002
    )
    axes.figure.colorbar(arrows, ax=axes, label="reprojection error (px)")
    _finish(
        calibration, axes, f"projected minus detected, enlarged {length:.0f} times; rms {calibration.rms_px:.3f} px"
    )
    return axes


def plot_coverage(calibration: CameraCalibration, axes: Any = None) -> Any:
    """Where in the image corners were used; arguments and errors as `plot_residuals`."""
    axes = axes or _new_axes()
    px, _ = _corners_used(calibration)
    axes.plot(*px.T, ".", markersize=3, alpha=0.5)
    _finish(calibration, axes, f"{len(px)} corners in {len(calibration.views)} views")
    return axes


def plot_projection_sigma(calibration: CameraCalibration, axes: Any = None) -> Any:
    """Standard deviation of where a far point appears, over the image; arguments and errors as `plot_residuals`.

    Raises UsageError `image-size-needed` as well.
    """
    axes = axes or _new_axes()
    sigma = projection_sigma(*calibration.projecting, columns=48, rows=33)
    width, height = (_frame(calibration).size_px - 1).tolist()
    x, y = np.linspace(0, width, sigma.shape[1]), np.linspace(0, height, sigma.shape[0])
    filled = axes.contourf(x, y, np.ma.masked_invalid(sigma), levels=12)
    axes.figure.colorbar(filled, ax=axes, label="standard deviation of projection (px)")
    quantile = float(np.nanquantile(sigma, 0.95))
    _finish(calibration, axes, f"projection uncertainty, 95th percentile of the image {quantile:.3f} px")
    return axes


def _corners_used(calibration: CameraCalibration) -> tuple[Array, Array]:
    """Pixels and residuals (n, 2) of the corners that took part."""
    fits = calibration.views
    px = np.concatenate([fit.view.corners_px[fit.used] for fit in fits])
    return px, np.concatenate([fit.residuals_px[fit.used] for fit in fits])


def _frame(calibration: CameraCalibration) -> ImageFrame:
    size = calibration.camera.image_size_px
    return ImageFrame.of_image(size) if size else ImageFrame.of_corners(_corners_used(calibration)[0].T)


def _new_axes() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        advice = "pip install 'calib[plot]'"
        raise UsageError("plots need matplotlib", code="plot-extra", why=str(error), advice=advice) from None
    return Figure(figsize=(8, 5), layout="constrained").add_subplot()


def _finish(calibration: CameraCalibration, axes: Any, title: str) -> None:
    """Axes as the image has them: equal scales, y down, its border the frame."""
    frame = _frame(calibration)
    (left, top), (right, bottom) = frame.centre_px - frame.size_px / 2, frame.centre_px + frame.size_px / 2
    axes.set(xlim=(left, right), ylim=(bottom, top), xlabel="x (px)", ylabel="y (px)", title=title, aspect="equal")
