"""What a calibration's uncertainty means in the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.errors import UsageError
from calib.geometry import so3

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calib.camera.calibration.result import CameraCalibration
    from calib.camera.camera import Camera


def projection_sigma(camera: Camera, covariance: Array, columns: int = 16, rows: int = 11) -> Array:
    """Standard deviation (rows, columns) in pixels of where a far point appears, over a grid of the image.

    covariance: (p, p) of the lens' parameters. A rotation of the camera, which any use of it absorbs, is fitted over
    the whole grid and taken out, after mrcal's projection uncertainty. NaN where the lens cannot be inverted.
    Raises UsageError `image-size-needed`.
    """
    px = image_grid(_image_size(camera), columns, rows)
    return sigma_at(camera, covariance, px.reshape(-1, 2)).reshape(rows, columns)


def image_grid(image_size_px: tuple[int, int], columns: int, rows: int) -> Array:
    """(rows, columns, 2) pixels, evenly over the image from edge to edge."""
    width, height = image_size_px
    return np.stack(np.meshgrid(np.linspace(0, width - 1, columns), np.linspace(0, height - 1, rows)), axis=2)


def sigma_at(camera: Camera, covariance: Array, px: Array, gauge: Mask | None = None) -> Array:
    """`projection_sigma` at pixels (n, 2), the rotation fitted over those of the gauge (n,), if given."""
    rays = camera.unproject(px)
    seen = np.asarray(np.isfinite(rays).all(axis=1))
    by_lens, by_point = derivatives(camera, rays[seen])
    by_rotation = -by_point @ so3.hat(rays[seen])
    among = np.ones(int(seen.sum()), bool) if gauge is None else gauge[seen]
    flat = by_rotation[among].reshape(-1, 3)
    fitted = np.linalg.lstsq(flat, by_lens[among].reshape(len(flat), -1), rcond=None)[0]
    rest = by_lens - by_rotation @ fitted
    variance = np.einsum("nip,pq,niq->n", rest, np.where(np.isfinite(covariance), covariance, 0.0), rest)
    out = np.full(len(seen), np.nan)
    out[seen] = np.sqrt(np.maximum(variance, 0.0) / 2)  # per coordinate
    return out


def projection_difference(camera: Camera, reference: Camera, columns: int = 16, rows: int = 11) -> float:
    """rms distance in pixels, over the reference's image, between the images of far points in two cameras.

    As `difference_map`; NaN where a part of the image is outside the field of view of either.
    """
    error, _ = difference_map(camera, reference, columns, rows)
    return float(np.sqrt(np.mean(np.sum(error**2, axis=2))))


def difference_map(camera: Camera, reference: Camera, columns: int, rows: int) -> tuple[Array, Array]:
    """Where a camera sees far points less where a reference does, (rows, columns, 2) pixels over the reference's image,
    and the rotation (3, 3) between them.

    The rotation, which any use of a camera absorbs, is fitted and taken out (Gauss-Newton), as in `projection_sigma`.
    NaN outside the field of view of either. Raises UsageError `image-size-needed`.
    """
    pixels = image_grid(_image_size(reference), columns, rows).reshape(-1, 2)
    rays, rotation = reference.unproject(pixels), np.eye(3)
    rays = np.where(np.isfinite(rays), rays, np.nan)
    for _ in range(10):
        turned = rays @ rotation.T
        with np.errstate(invalid="ignore"):
            error = camera.project(turned) - pixels
        seen = np.asarray(np.isfinite(error).all(axis=1))
        by_rotation = -derivatives(camera, turned[seen])[1] @ so3.hat(turned[seen])
        step = np.linalg.lstsq(by_rotation.reshape(-1, 3), error[seen].ravel(), rcond=None)[0]
        if np.linalg.norm(step) < 1e-12:
            break
        rotation = so3.exp(np.asarray(-step)) @ rotation
    return np.where(seen[:, None], error, np.nan).reshape(rows, columns, 2), rotation


def coverage(calibration: CameraCalibration, columns: int = 8, rows: int = 6) -> NDArray[np.bool_]:
    """Which cells (rows, columns) of the image hold a corner that was used. Raises UsageError `image-size-needed`."""
    size = _image_size(calibration.camera)
    px = np.concatenate([fit.view.corners_px[fit.used] for fit in calibration.views])
    cells = np.clip((px / size * (columns, rows)).astype(int), 0, (columns - 1, rows - 1))
    out = np.zeros((rows, columns), bool)
    out[cells[:, 1], cells[:, 0]] = True
    return out


def tilts_deg(calibration: CameraCalibration) -> Array:
    """Angle (views,) between each view's board normal and the mean of all."""
    normals = np.stack([fit.camera_from_board[:3, 2] for fit in calibration.views])
    mean = normals.mean(axis=0)
    cosine = normals @ mean / max(float(np.linalg.norm(mean)), 1e-12)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def derivatives(camera: Camera, points: Array) -> tuple[Array, Array]:
    """d pixel by the lens parameters (n, 2, p) and by the point (n, 2, 3)."""
    projection = camera.lens.linearise(camera.parameters, np.ascontiguousarray(points.T))
    by_lens, by_point = projection.by_lens.transpose(2, 1, 0), projection.by_point.transpose(2, 0, 1)
    return np.ascontiguousarray(by_lens), np.ascontiguousarray(by_point)


def _image_size(camera: Camera) -> tuple[int, int]:
    if camera.image_size_px is None:
        what, advice = "the image size of the camera is not known", "give image_size_px, or --image-size"
        raise UsageError(what, code="image-size-needed", advice=advice)
    return camera.image_size_px
