"""What a calibration's uncertainty means in the image, and whether its residuals still hold a pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import so3

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calib.camera.calibration import CameraCalibration
    from calib.camera.camera import Camera
    from calib.camera.lens import Array


def projection_sigma(camera: Camera, covariance: Array, columns: int = 16, rows: int = 11) -> Array:
    """Standard deviation (rows, columns) in pixels of where a far point appears, over a grid of the image.

    covariance: (p, p) of the lens' parameters. A rotation of the camera, which any use of it absorbs, is fitted over
    the whole grid and taken out, after mrcal's projection uncertainty. NaN where the lens cannot be inverted.
    Needs the image size.
    """
    assert camera.image_size_px is not None
    width, height = camera.image_size_px
    x, y = np.meshgrid(np.linspace(0, width - 1, columns), np.linspace(0, height - 1, rows))
    rays = camera.unproject(np.stack([x.ravel(), y.ravel()], axis=1))
    seen = np.asarray(np.isfinite(rays).all(axis=1))
    by_lens, by_point = _derivatives(camera, rays[seen])
    by_rotation = -by_point @ so3.hat(rays[seen])
    flat = by_rotation.reshape(-1, 3)
    fitted = np.linalg.lstsq(flat, by_lens.reshape(len(flat), -1), rcond=None)[0]
    rest = by_lens - by_rotation @ fitted
    variance = np.einsum("nip,pq,niq->n", rest, np.where(np.isfinite(covariance), covariance, 0.0), rest)
    out = np.full(len(seen), np.nan)
    out[seen] = np.sqrt(np.maximum(variance, 0.0) / 2)  # per coordinate
    return out.reshape(rows, columns)


def coverage(calibration: CameraCalibration, columns: int = 8, rows: int = 6) -> NDArray[np.bool_]:
    """Which cells (rows, columns) of the image hold a corner that was used. Needs the image size."""
    size = calibration.camera.image_size_px
    assert size is not None
    px = np.concatenate([fit.view.corners_px[fit.used] for fit in calibration.views])
    cells = np.clip((px / size * (columns, rows)).astype(int), 0, (columns - 1, rows - 1))
    out = np.zeros((rows, columns), bool)
    out[cells[:, 1], cells[:, 0]] = True
    return out


def board_pattern(calibration: CameraCalibration) -> float:
    """Variance ratio of residuals that repeat at the same corner of the board: 1 is noise, large is a bad board."""
    points = np.concatenate([fit.view.corners_in_board[fit.used] for fit in calibration.views])
    _, corner = np.unique(np.round(points, 9), axis=0, return_inverse=True)
    return _variance_ratio(_residuals(calibration), corner.ravel())


def image_pattern(calibration: CameraCalibration) -> float:
    """Variance ratio of residuals that repeat at the same place in the image: 1 is noise, large a poor lens model."""
    px = np.concatenate([fit.view.corners_px[fit.used] for fit in calibration.views])
    low, high = px.min(axis=0), px.max(axis=0)
    cells = np.clip(((px - low) / np.maximum(high - low, 1e-9) * 10).astype(int), 0, 9)
    return _variance_ratio(_residuals(calibration), cells[:, 0] * 10 + cells[:, 1])


def tilts_deg(calibration: CameraCalibration) -> Array:
    """Angle (views,) between each view's board normal and the mean of all."""
    normals = np.stack([fit.camera_from_board[:3, 2] for fit in calibration.views])
    mean = normals.mean(axis=0)
    cosine = normals @ mean / max(float(np.linalg.norm(mean)), 1e-12)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _residuals(calibration: CameraCalibration) -> Array:
    return np.concatenate([fit.residuals_px[fit.used] for fit in calibration.views])


def _variance_ratio(residuals: Array, group: NDArray[np.intp]) -> float:
    """Between-group over within-group variance (one-way analysis of variance); 1 without enough data."""
    counts = np.bincount(group).astype(float)
    groups = int(np.count_nonzero(counts))
    if groups < 2 or len(residuals) < 3 * groups:
        return 1.0
    sums = np.stack([np.bincount(group, residuals[:, i]) for i in range(2)], axis=1)
    between = float(np.sum(sums[counts > 0] ** 2 / counts[counts > 0, None]))
    within = float(np.sum(residuals**2)) - between
    return between / groups / max(within / (len(residuals) - groups), 1e-300)


def _derivatives(camera: Camera, points: Array) -> tuple[Array, Array]:
    """d pixel by the lens parameters (n, 2, p) and by the point (n, 2, 3)."""
    fx, fy, skew = camera.parameters[:3]
    affine = np.array([[fx, skew], [0.0, fy]])
    d = camera.lens.distort(camera.parameters[5:], points.T)
    by_lens = np.zeros((len(points), 2, len(camera.parameters)))
    by_lens[:, 0, 0], by_lens[:, 1, 1], by_lens[:, 0, 2] = d.m[0], d.m[1], d.m[1]
    by_lens[:, 0, 3] = by_lens[:, 1, 4] = 1.0
    by_lens[:, :, 5:] = np.einsum("ij,kjn->nik", affine, d.by_k)
    return by_lens, np.einsum("ij,jkn->nik", affine, d.by_point)
