"""The figures of a camera's page."""

from __future__ import annotations

from math import erf, sqrt
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.image_frame import ImageFrame
from calib.camera.calibration.uncertainty import projection_sigma, tilts_deg
from calib.geometry import se3
from calib.report.axis import Axis
from calib.report.page import Figure
from calib.report.scene import Path3, axes_of, draw_scene
from calib.report.svg import Plot

if TYPE_CHECKING:
    from calib.camera.calibration.result import CameraCalibration, ViewFit

MOST_ARROWS = 3000  # beyond it a picture of arrows is ink, and the page is large
ARROW_SHARE = 0.04  # of the image's larger side: the length of an arrow of three times the noise
BINS = 40
CELLS = (48, 33)
MOST_BOARDS = 60  # in the picture of all boards
MOST_VIEWS = 300  # that are shown one by one
ALONG = np.linspace(0.0, 1.0, 60)  # from the middle of the image to a corner


def shown_views(calibration: CameraCalibration) -> tuple[ViewFit, ...]:
    """The views that are shown one by one: all, or as many, evenly taken, as a page bears."""
    views = calibration.views
    return views[:: 1 + (len(views) - 1) // MOST_VIEWS]


def residuals(calibration: CameraCalibration) -> Figure:
    """Reprojection errors as arrows where the corners were seen."""
    frame = _frame(calibration)
    length = ARROW_SHARE * frame.larger_px / max(3 * calibration.noise_px, 1e-9)
    caption = f"Projected minus detected, {length:.0f} times enlarged. A pattern that all images share is a lens that "
    caption += "does not fit or a board that is not as stated; without one it is noise."
    plot = _image_plot(frame, "Residuals over the image", f"Arrows at {calibration.corners} corners.")
    shown = shown_views(calibration)
    step = max(1, sum(len(fit.used) for fit in shown) // MOST_ARROWS)
    for fit in shown:
        (x, y), (dx, dy) = fit.view.corners_px[fit.used][::step].T, length * fit.residuals_px[fit.used][::step].T
        with plot.group(class_="of-view", data_view=fit.view.image):
            plot.arrows(x, y, dx, dy)
    return Figure("Residuals over the image.", plot.text(), caption)


def histogram(calibration: CameraCalibration) -> Figure:
    """Residuals' components against the normal distribution of the noise."""
    values = np.concatenate([fit.residuals_px[fit.used] for fit in calibration.views]).ravel()
    sigma = max(calibration.noise_px, 1e-9)
    reach = float(np.clip(np.abs(values).max(), 3 * sigma, 6 * sigma))
    edges = np.linspace(-reach, reach, BINS + 1)
    counts = np.histogram(values, edges)[0].astype(float)
    normal = np.diff([0.5 * (1 + erf(edge / sigma / sqrt(2))) for edge in edges.tolist()]) * len(values)
    plot = Plot(
        Axis(-reach, reach, "residual (px)"),
        Axis.around(np.concatenate([counts, normal]), "coordinates", zero=True),
        "Histogram of the residuals",
        f"{len(values)} coordinates, with the curve of normal noise of {sigma:.3f} px.",
    )
    plot.bars(edges, counts)
    plot.line((edges[:-1] + edges[1:]) / 2, normal, "other strong")
    caption = f"Line: normal noise of {sigma:.3f} px. Longer tails are outliers or images of different sharpness."
    return Figure("Histogram of the residuals.", plot.text(), caption)


def tilts(calibration: CameraCalibration) -> Figure:
    """Tilt and distance of the board in every view."""
    tilt = tilts_deg(calibration)
    distance = np.array([float(np.linalg.norm(_middle(fit))) for fit in calibration.views])
    unit = _unit(calibration)
    plot = Plot(
        Axis.around(distance, f"distance of the board ({unit})", zero=True),
        Axis.around(tilt, "tilt from the mean of all (deg)", zero=True),
        "Tilt and distance of the board",
        f"{len(tilt)} views, tilted by up to {tilt.max():.0f} degrees.",
    )
    shown = {fit.view.image for fit in shown_views(calibration)}
    for fit, x, y in zip(calibration.views, distance, tilt, strict=True):
        if fit.view.image in shown:
            with plot.group(class_="of-view", data_view=fit.view.image):
                plot.dots(np.array([x]), np.array([y]), "other-dots")
    caption = "Tilts of 30 degrees and more in several directions separate the focal length from the distance."
    return Figure("Tilt and distance.", plot.text(), caption)


def scene(calibration: CameraCalibration) -> Figure:
    """The camera and the boards before it."""
    size = 0.3 * typical_distance(calibration)
    paths = [*axes_of(np.eye(4), size, "camera"), *_frustum(calibration, size)]
    step = 1 + len(calibration.views) // MOST_BOARDS
    for fit in calibration.views[::step]:
        x, y = fit.view.corners_in_board[:, 0], fit.view.corners_in_board[:, 1]
        outline = np.array([(x.min(), y.min()), (x.max(), y.min()), (x.max(), y.max()), (x.min(), y.max())])
        rim = np.column_stack([outline, np.full(4, fit.view.corners_in_board[:, 2].mean())])[[0, 1, 2, 3, 0]]
        paths.append(Path3(se3.apply(fit.camera_from_board, rim), "board", fit.view.image))
    drawn = draw_scene(paths, "Camera and boards in space", f"The camera and {len(calibration.views[::step])} boards.")
    return Figure("Camera and boards.", drawn, "x red, y green, z, the optical axis, blue. Drag to turn.")


def projection(calibration: CameraCalibration) -> list[Figure]:
    """How well a far point's place is known over the image, and how far it lies from the middle by its angle."""
    figures = [_distortion(calibration)]
    if calibration.camera.image_size_px is None:
        return figures
    frame, (columns, rows) = _frame(calibration), CELLS
    sigma = projection_sigma(*calibration.projecting, columns=columns, rows=rows)
    known = sigma[np.isfinite(sigma)]
    high = float(np.quantile(known, 0.98)) if known.size else 0.0
    if not high > 0:  # every parameter is held, or the lens traces nothing back
        return figures
    plot = _image_plot(frame, "Uncertainty of projection", f"From {known.min():.2g} to {known.max():.2g} px.", bar=True)
    left, top = frame.centre_px - frame.size_px / 2
    x = np.linspace(left, left + frame.size_px[0], columns + 1)
    plot.cells(x, np.linspace(top, top + frame.size_px[1], rows + 1), sigma, high, "sigma (px)")
    px = np.concatenate([fit.view.corners_px[fit.used] for fit in calibration.views])
    few = px[:: max(1, len(px) // MOST_ARROWS)]
    plot.dots(few[:, 0], few[:, 1], "faint")
    caption = "Standard deviation of where a far point appears, a rotation of the camera taken out. Grey: corners used."
    control = "distance" if calibration.observations.scale_known else ""  # squares are no distance
    return [Figure("Uncertainty of projection.", plot.text(), caption, control), *figures]


def typical_distance(calibration: CameraCalibration) -> float:
    """Median distance of the boards, in the unit of the board."""
    return float(np.median([np.linalg.norm(_middle(fit)) for fit in calibration.views]))


def focal_px(calibration: CameraCalibration) -> float:
    """Pixels per radian in the middle of the image."""
    angle = 1e-4
    points = np.array([(np.sin(-angle), 0.0, np.cos(angle)), (np.sin(angle), 0.0, np.cos(angle))])
    begin, end = calibration.camera.project(points)
    return float(np.linalg.norm(end - begin)) / (2 * angle)


def _distortion(calibration: CameraCalibration) -> Figure:
    """Distance from the middle of the image by the angle to the optical axis, beside a lens without distortion."""
    camera, focal = calibration.camera, focal_px(calibration)
    frame = _frame(calibration)
    middle = camera.project(np.array([[0.0, 0.0, 1.0]]))[0]
    corner = frame.centre_px + frame.size_px / 2
    px = middle + ALONG[:, None] * (corner - middle)
    rays = camera.unproject(px)
    angle = np.arctan2(np.linalg.norm(rays[:, :2], axis=1), rays[:, 2])
    radius = np.linalg.norm(px - middle, axis=1)
    straight = np.where(np.degrees(angle) < 80, focal * np.tan(angle), np.nan)
    straight = np.where(straight < 1.3 * radius.max(), straight, np.nan)
    plot = Plot(
        Axis.around(np.degrees(angle), "angle to the optical axis (deg)", zero=True),
        Axis.around(np.concatenate([radius, straight]), "distance from the middle (px)", zero=True),
        "Distortion",
        "Where a ray lands by its angle to the optical axis.",
    )
    plot.line(np.degrees(angle), straight, "dashed")
    plot.line(np.degrees(angle), radius, "strong")
    return Figure("Distortion.", plot.text(), "Towards the lower right corner. Dashed: a lens without distortion.")


def _frustum(calibration: CameraCalibration, size: float) -> list[Path3]:
    """The pyramid of rays through the image's corners, where the lens has such."""
    frame = _frame(calibration)
    left, top = frame.centre_px - frame.size_px / 2
    right, bottom = frame.centre_px + frame.size_px / 2
    rays = calibration.camera.unproject(np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))
    if not np.isfinite(rays).all() or (rays[:, 2] <= 0.1).any():
        return []
    rim = size * rays / rays[:, 2:]
    sides = [np.stack([np.zeros(3), point]) for point in rim]
    return [Path3(points, "dashed", "camera") for points in (rim[[0, 1, 2, 3, 0]], *sides)]


def _middle(fit: ViewFit) -> Array:
    """Where the middle of the board was, in the camera (3,)."""
    return np.asarray(se3.apply(fit.camera_from_board, fit.view.corners_in_board.mean(axis=0)[None])[0])


def _image_plot(frame: ImageFrame, title: str, description: str, *, bar: bool = False) -> Plot:
    (left, top), (right, bottom) = frame.centre_px - frame.size_px / 2, frame.centre_px + frame.size_px / 2
    return Plot(Axis(left, right, "x (px)"), Axis(bottom, top, "y (px)"), title, description, equal=True, bar=bar)


def _frame(calibration: CameraCalibration) -> ImageFrame:
    size = calibration.camera.image_size_px
    if size:
        return ImageFrame.of_image(size)
    return ImageFrame.of_corners(np.concatenate([fit.view.corners_px[fit.used] for fit in calibration.views]).T)


def _unit(calibration: CameraCalibration) -> str:
    return "m" if calibration.observations.scale_known else "squares"
