"""Simulated images of a moving arm: seeded, in a stream of poses by another clock, and their truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.camera.observations import Observations, View
from calib.cell.simulation.hand_eye import (
    MARGIN,
    HandEyeSimulation,
    Noise,
    add_robot_noise,
    bend_board,
    draw_mounting,
    pose_table,
)
from calib.errors import UsageError
from calib.geometry import se3, so3

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.cell.frame_loop import Setup


WAVES = 3  # sinusoids that drive each of six coordinates
FREQUENCIES_HZ = (0.05, 0.3)  # some 30 deg/s and 0.2 m/s at the flange: an arm in teach mode
TILT_RAD, ROLL_RAD = 0.6, 1.2  # of the camera about the board's middle and about its own axis, either way
WANDER = 0.15  # of the image's size, by which the board's middle leaves the image's
SPAN = (0.33, 0.57)  # of the image's height that the board spans
PERIOD_S, STANDING_PERIOD_S = 0.4, 2.0  # between images; an arm that stops takes half of it to the next stop
MARGIN_S = 1.5  # of the stream before the first image and after the last


def simulate_moving(
    camera: Camera,
    corners_in_board: Array,
    *,
    setup: Setup = "eye-in-hand",
    views: int = 60,
    time_offset_s: float = 0.0,
    stream_hz: float = 125.0,
    standing: bool = False,
    noise: Noise | None = None,
    seed: int = 0,
    board: str = "",
) -> HandEyeSimulation:
    """Images of an arm on a smooth path, `PERIOD_S` apart and jittered, and a stream of its poses, each with noise.

    time_offset_s: what the stream's clock shows more than the images'. standing: the arm stops for every image.
    corners_in_board: (k, 3) m. Raises UsageError `simulation-impossible` if too few poses show the whole board.
    """
    noise = noise or Noise()
    rng = np.random.default_rng(seed)
    bent = bend_board(corners_in_board, noise.bow_m)
    path = rng.uniform(*FREQUENCIES_HZ, (6, WAVES)), rng.uniform(0, 2 * np.pi, (6, WAVES))
    period = STANDING_PERIOD_S if standing else PERIOD_S
    late = 0.75 * period if standing else rng.uniform(0, 0.2, 2 * views) * period
    drawn = np.asarray(np.arange(2 * views) * period + late, dtype=float)
    c = _along(camera, bent, path, _progress(drawn, period, standing))
    index = np.flatnonzero(_whole(camera, bent, c))[:views]
    if len(index) < views:
        advice = "take a smaller board or a milder lens"
        raise UsageError("too few poses show the whole board", code="simulation-impossible", advice=advice)
    image_s, c = drawn[index], c[index]
    stream_s = np.arange(-MARGIN_S, image_s[-1] + MARGIN_S, 1 / stream_hz)
    shown = _along(camera, bent, path, _progress(stream_s, period, standing))
    x, y, flange = draw_mounting(setup, np.concatenate([shown, c]), rng)
    by_robot = add_robot_noise(flange[: len(shown)], noise, rng)
    px = camera.project(se3.apply(c[:, None], bent))
    px = px + rng.normal(0.0, 1.0, px.shape) * noise.sigma_px
    images = [f"view_{i + 1:03d}.png" for i in range(views)]
    seen = tuple(View(name, own, corners_in_board) for name, own in zip(images, px, strict=True))
    table = pose_table(by_robot, {"time_s": tuple(f"{s:.6f}" for s in stream_s + time_offset_s)})
    return HandEyeSimulation(
        Observations(seen, camera.image_size_px, board),
        table,
        camera,
        setup,
        x,
        y,
        flange[len(shown) :],
        c,
        np.zeros(views, bool),
        seed,
        noise,
        np.round(image_s, 6),
        time_offset_s,
    )


def _progress(time_s: Array, period_s: float, standing: bool) -> Array:
    """How far (n,) along the path, s: time itself, or a smooth step in the first half of every period."""
    if not standing:
        return time_s
    stops = np.floor(time_s / period_s)
    moving = np.minimum(2 * (time_s / period_s - stops), 1.0)
    return np.asarray(period_s * (stops + moving**2 * (3 - 2 * moving)))


def _along(camera: Camera, board: Array, path: tuple[Array, Array], progress_s: Array) -> Array:
    """camera_from_board (n, 4, 4) along a path."""
    if camera.image_size_px is None:
        advice = "give the camera its image_size_px"
        raise UsageError("a simulated camera needs an image size", code="simulation-impossible", advice=advice)
    frequency, phase = path
    waves = np.sin(2 * np.pi * frequency * progress_s[:, None, None] + phase).mean(axis=2)
    size = np.array(camera.image_size_px, float)
    ray = camera.unproject((0.5 + WANDER * waves[:, :2]) * size)
    tilt = np.column_stack([TILT_RAD * waves[:, 2:4], np.zeros(len(waves))])
    roll = np.column_stack([np.zeros((len(waves), 2)), ROLL_RAD * waves[:, 4]])
    rotation = so3.turning_z_to(ray) @ so3.exp(tilt) @ so3.exp(roll)
    span = SPAN[0] + (SPAN[1] - SPAN[0]) * (0.5 + 0.5 * waves[:, 5])
    distance = camera.focal_px[1] * float(np.ptp(board, axis=0).max()) / (span * size[1])
    return se3.compose(rotation, ray * distance[:, None] - rotation @ board.mean(axis=0))


def _whole(camera: Camera, board: Array, camera_from_board: Array) -> NDArray[np.bool_]:
    """Which views (n,) show every corner."""
    assert camera.image_size_px is not None
    size, margin = np.array(camera.image_size_px, float), MARGIN * camera.image_size_px[0]
    px = camera.project(se3.apply(camera_from_board[:, None], board))
    return np.asarray(((px > margin) & (px < size - 1 - margin)).all(axis=(1, 2)))
