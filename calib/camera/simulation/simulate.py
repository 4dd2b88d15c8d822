"""Simulated cameras: seeded views of a board with stated noise, and the truth they came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.camera.camera import Camera
from calib.camera.lens import Lens, read_lens
from calib.camera.observations import Observations, View
from calib.errors import UsageError
from calib.geometry import se3, so3

# A view is drawn until all corners lie in the image; a board too wide for the lens never will.
MOST_DRAWS = 4000
MARGIN = 0.015  # of the width that every corner keeps from the border: a detector needs some of the squares around it

# Coefficients of an ordinary lens of each kind, for whoever does not state their own.
TYPICAL = {
    "pinhole": (),
    "brown_conrady": (-0.25, 0.09, 0.0008, -0.0005, -0.01),
    "rational": (0.35, 0.06, 0.0008, -0.0005, 0.005, 0.6, 0.12, 0.01),
    "kannala_brandt": (0.03, -0.008, 0.003, -0.001),
}


@dataclass(frozen=True)
class Simulation:
    """What was simulated. poses: camera_from_board (views, 4, 4). seed, sigma_px: as asked."""

    observations: Observations
    camera: Camera
    camera_from_board: Array
    seed: int
    sigma_px: float


def typical_camera(lens: str | Lens, image_size_px: tuple[int, int] = (1280, 720)) -> Camera:
    """An ordinary camera of a lens kind: focal length 0.75 of the width (0.35 for a fisheye), slightly off centre."""
    model = read_lens(lens) if isinstance(lens, str) else lens
    width, height = image_size_px
    focal = width * (0.75 if model.widest_deg < 90 else 0.35)
    affine = (focal, 1.005 * focal, 0.0, 0.5 * (width - 1) + 0.012 * width, 0.5 * (height - 1) - 0.009 * height)
    return Camera(model, np.array(affine + TYPICAL[model.name]), image_size_px)


def simulate(
    camera: Camera,
    corners_in_board: Array,
    *,
    views: int = 20,
    sigma_px: float = 0.1,
    seed: int = 0,
    wild_share: float = 0.0,
    wild_px: float = 8.0,
    garbage_views: int = 0,
    board: str = "",
) -> Simulation:
    """Draw views of a board that fill the image, and see its corners with Gaussian noise.

    corners_in_board: (n, 3) metres. sigma_px: standard deviation per coordinate. wild_share of the corners are moved
    by wild_px in a random direction; the corners of the last garbage_views views are scattered over the image.
    Raises UsageError `simulation-impossible` if no pose shows the whole board.
    """
    if camera.image_size_px is None:
        raise UsageError("a simulated camera needs an image size", code="simulation-impossible")
    rng = np.random.default_rng(seed)
    poses = np.stack([_draw_pose(camera, corners_in_board, rng) for _ in range(views)])
    width, height = camera.image_size_px
    seen = []
    for i, pose in enumerate(poses):
        px = camera.project(se3.apply(pose, corners_in_board))
        px = px + rng.normal(0.0, sigma_px, px.shape)
        wild = rng.random(len(px)) < wild_share
        angle = rng.uniform(0, 2 * np.pi, len(px))
        px = px + np.where(wild[:, None], wild_px * np.stack([np.cos(angle), np.sin(angle)], axis=1), 0.0)
        if i >= views - garbage_views:
            px = rng.uniform((0, 0), (width - 1, height - 1), px.shape)
        seen.append(View(f"view_{i + 1:03d}.png", px, corners_in_board))
    observations = Observations(tuple(seen), camera.image_size_px, board)
    return Simulation(observations, camera, poses, seed, sigma_px)


def _draw_pose(camera: Camera, corners_in_board: Array, rng: np.random.Generator) -> Array:
    """A pose that shows the whole board: its middle anywhere in the image, tilted up to 45 degrees about any axis."""
    assert camera.image_size_px is not None
    width, height = camera.image_size_px
    middle = corners_in_board.mean(axis=0)
    extent = float(np.ptp(corners_in_board, axis=0).max())
    focal = float(np.mean(camera.parameters[:2]))
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
        if points[:, 2].min() <= 0 and camera.lens.widest_deg < 90:
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
        advice="take a smaller board or a milder lens",
    )
