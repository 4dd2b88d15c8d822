"""Planar homographies of all views at once, by the normalised direct linear transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array

if TYPE_CHECKING:
    from calib.camera.adjustment.reprojection import Corners


MATRIX_OF_POWERS = np.array([[0, 1, 3], [1, 2, 4], [3, 4, 5]])  # which power each entry of (X, Y, 1)'(X, Y, 1) is


@dataclass(frozen=True)
class Homographies:
    """One homography per view."""

    matrices: Array
    """(views, 3, 3), image_from_plane."""
    rms: Array
    """(views,) transfer residual in the units of the image points, pixels as a rule."""
    spread: Array
    """(views,) rms distance of the view's points from their mean."""


def homographies(corners: Corners, image: Array | None = None) -> Homographies:
    """Planar homographies of every view by the normalised direct linear transform.

    image: (2, rows) image points to use instead of the corners' pixels. The board's Z is ignored.
    The two rows that are linear in the last one are eliminated from their 3 x 3 moment matrices (M. Harker, P.
    O'Leary, "Computation of homographies", BMVC 2005), so that one pass over the corners serves all views. What is
    left of the last row's matrix is the residual, in which a corner counts by the square of its depth.
    """
    points = corners.px if image is None else image
    count = len(corners.counts)
    matrices, rms, spread = np.empty((count, 3, 3)), np.empty(count), np.empty(count)
    for views, (plane, seen) in corners.batches(corners.in_board[:2], points):
        matrices[views], rms[views], spread[views] = _transform_directly(plane, seen)
    return Homographies(matrices, rms, spread)


def _transform_directly(plane: Array, seen: Array) -> tuple[Array, Array, Array]:
    """Homographies (views, 3, 3), their rms residual and the rms spread of the points, of points (2, views, n)."""
    on_plane, plane_scale, plane_mean = normalise(plane)
    in_image, scale, mean = normalise(seen)
    plain, linear, left = _eliminate(powers(on_plane), in_image)
    misfit, vectors = np.linalg.eigh(left)
    third = vectors[:, :, :1] * np.where(vectors[:, 2:, :1] < 0, -1.0, 1.0)  # the board's middle before the camera
    squared_depths = np.einsum("vi,vij,vj->v", third[:, :, 0], plain, third[:, :, 0])
    h = np.concatenate([*(linear @ third), third], axis=2).transpose(0, 2, 1)
    h = _denormaliser(scale, mean) @ h @ _normaliser(plane_scale, plane_mean)
    return h, np.sqrt(np.maximum(misfit[:, 0], 0.0) / squared_depths) / scale, np.sqrt(2.0) / scale


def misfits(powers: Array, seen: Array) -> Array:
    """Squared residuals (..., views) of the homographies from a plane's `powers` to normalised points (2, ..., n)."""
    return np.asarray(np.linalg.eigvalsh(_eliminate(powers, seen)[2])[..., 0])


def powers(plane: Array) -> Array:
    """X X, X Y, Y Y, X, Y and 1, (views, 6, n), of normalised points (2, views, n) of the plane."""
    out = np.empty((plane.shape[1], 6, plane.shape[2]))
    np.multiply(plane, plane[0], out=out[:, :2].transpose(1, 0, 2))
    np.multiply(plane[1], plane[1], out=out[:, 2])
    out[:, 3:5] = plane.transpose(1, 0, 2)
    out[:, 5] = 1.0
    return out


def _eliminate(powers: Array, seen: Array) -> tuple[Array, Array, Array]:
    """The plane's moments (views, 3, 3), what gives the first two rows from the last (2, ..., 3, 3), and the matrix
    (..., 3, 3) whose lowest eigenvector is the last row, its eigenvalue the squared residual."""
    plain = np.add.reduce(powers, axis=2)[:, MATRIX_OF_POWERS]
    weights = np.empty((*seen.shape[1:], 3))  # x, y, x x + y y
    weights[..., 0], weights[..., 1] = seen
    np.einsum("a...,a...->...", seen, seen, out=weights[..., 2])
    sums = powers @ weights
    by = sums.transpose(-1, *range(sums.ndim - 1))[..., MATRIX_OF_POWERS]  # (3, ..., 3, 3)
    linear = np.linalg.inv(plain) @ by[:2]
    return plain, linear, by[2] - np.add.reduce(by[:2] @ linear, axis=0)


def normalise(points: Array) -> tuple[Array, Array, Array]:
    """Points (2, ..., n) centred and scaled to an rms distance of sqrt 2 (Hartley 1997); scale (...), mean (2, ...)."""
    n = points.shape[-1]
    mean = np.add.reduce(points, axis=-1) / n
    centred = points - mean[..., None]
    squared = np.einsum("a...n,a...n->...", centred, centred) / n
    scale = np.sqrt(2.0 / np.maximum(squared, 1e-300))
    centred *= scale[..., None]
    return centred, scale, mean


def _normaliser(scale: Array, mean: Array) -> Array:
    out = np.zeros((len(scale), 3, 3))
    out[:, 0, 0] = out[:, 1, 1] = scale
    out[:, :2, 2] = (-scale * mean).T
    out[:, 2, 2] = 1.0
    return out


def _denormaliser(scale: Array, mean: Array) -> Array:
    out = np.zeros((len(scale), 3, 3))
    out[:, 0, 0] = out[:, 1, 1] = 1.0 / scale
    out[:, :2, 2] = mean.T
    out[:, 2, 2] = 1.0
    return out
