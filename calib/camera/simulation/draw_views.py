"""Seeded views of a board that fill the image, with stated noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.camera.camera import Camera
from calib.camera.observations import Observations, View
from calib.errors import UsageError
from calib.geometry import se3, so3

# A view is drawn until all corners are in the image; a board too wide for the lens never will.
MOST_DRAWS = 4000
MARGIN = 0.015  # of the width that every corner keeps from the border: a detector needs some of the squares around it


@dataclass(frozen=True, eq=False)
class DrawnViews:
    """Views and the poses they came from."""

    observations: Observations
    """The corners, with noise."""
    camera_from_board: Array
    """(views, 4, 4) the true poses."""


def draw_views(
    camera: Camera,
    corners_in_board: Array,
    *,
    views: int = 20,
    noise_px: float = 0.1,
    seed: int = 0,
    outlier_share: float = 0.0,
    outlier_px: float = 8.0,
    scattered_views: int = 0,
    board: str = "",
) -> DrawnViews:
    """Draw views of a board that fill the image, its corners projected with Gaussian noise.

    corners_in_board: (n, 3) metres. noise_px: standard deviation per coordinate. outlier_share of the corners are moved
    by outlier_px in a random direction; the corners of the last scattered_views views are anywhere in the image.
    board: its name. Raises UsageError `simulation-impossible` if no pose shows the whole board, or without image size.
    """
    if camera.image_size_px is None:
        advice = "give the camera its image_size_px"
        raise UsageError("a simulated camera needs an image size", code="simulation-impossible", advice=advice)
    rng = np.random.default_rng(seed)
    width, height = camera.image_size_px
    poses = np.stack([_draw_pose(camera, (width, height), corners_in_board, rng) for _ in range(views)])
    drawn = []
    for i, pose in enumerate(poses):
        px = camera.project(se3.apply(pose, corners_in_board))
        px = px + rng.normal(0.0, noise_px, px.shape)
        outlier = rng.random(len(px)) < outlier_share
        angle = rng.uniform(0, 2 * np.pi, len(px))
        px = px + np.where(outlier[:, None], outlier_px * np.stack([np.cos(angle), np.sin(angle)], axis=1), 0.0)
        if i >= views - scattered_views:
            px = rng.uniform((0, 0), (width - 1, height - 1), px.shape)
        drawn.append(View(f"view_{i + 1:03d}.png", px, corners_in_board))
    return DrawnViews(Observations(tuple(drawn), camera.image_size_px, board), poses)


def _draw_pose(
    camera: Camera, image_size_px: tuple[int, int], corners_in_board: Array, rng: np.random.Generator
) -> Array:
    """A pose that shows the whole board: its middle anywhere in the image, tilted up to 45 degrees about any axis."""
    width, height = image_size_px
    middle = corners_in_board.mean(axis=0)
    extent = float(np.ptp(corners_in_board, axis=0).max())
    focal = float(np.mean(camera.focal_px))
    for _ in range(MOST_DRAWS):
        pixel = rng.uniform((0.1 * width, 0.1 * height), (0.9 * width, 0.9 * height))
        share = rng.uniform(0.3, 0.8)  # of the image's height that the board spans, if seen squarely
        direction, angle = rng.uniform(0, 2 * np.pi), rng.uniform(0, np.radians(45))
        tilt = so3.exp(angle * np.array([np.cos(direction), np.sin(direction), 0.0]))
        turn = so3.exp(np.array([0.0, 0.0, rng.uniform(-0.5, 0.5)]))
        ray = camera.unproject(pixel)
        if not np.isfinite(ray).all():
            continue
        rotation = so3.turning_z_to(ray) @ tilt @ turn
        translation = ray * focal * extent / (share * height) - rotation @ middle
        pose = se3.compose(rotation, translation)
        points = se3.apply(pose, corners_in_board)
        if points[:, 2].min() <= 0 and camera.lens.perspective:
            continue
        px = camera.project(points)
        margin = MARGIN * width
        if (px >= margin).all() and (px <= (width - 1 - margin, height - 1 - margin)).all():
            back = camera.unproject(px)  # beyond its fold a lens maps far points back into the image
            if np.isfinite(back).all() and np.allclose(np.cross(back, points), 0.0, atol=1e-6 * extent):
                return pose
    raise UsageError(
        "no pose shows the whole board",
        code="simulation-impossible",
        why=f"none of {MOST_DRAWS} random poses keeps all corners in the {width} x {height} image",
        advice="choose a smaller board or a lens with less distortion",
    )
