"""Things in space as a picture that can be turned: lines, drawn from one side here and from any by the page."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.report.svg import Picture

WIDTH, HEIGHT = 640.0, 420.0
YAW_DEG, PITCH_DEG = -35.0, 20.0  # of the first view; the page's script turns on from there


@dataclass(frozen=True)
class Path3:
    """A line through points in space."""

    points: Array
    """(n, 3), in any unit, the same for all of a scene."""
    class_: str = "line"
    """How the page's style sheet draws it."""
    name: str = ""
    """What it is, shown where the pointer rests on it."""


def axes_of(frame: Array, size: float, name: str) -> list[Path3]:
    """The axes x, y, z of a frame (4, 4) as three lines of a length, and its name."""
    origin = frame[:3, 3]
    tips = origin + size * frame[:3, :3].T
    return [
        Path3(np.stack([origin, tip]), f"axis-{letter}", f"{name} {letter}")
        for letter, tip in zip("xyz", tips, strict=True)
    ]


def upright(paths: list[Path3]) -> list[Path3]:
    """The same lines with z up, as a robot's base has it: the picture's y points down, its z away from who looks."""
    turn = np.array([(1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)])
    return [Path3(path.points @ turn.T, path.class_, path.name) for path in paths]


def draw_scene(paths: list[Path3], title: str, description: str) -> str:
    """The SVG of a scene, in a frame whose z points away from who looks and y down, as a camera's."""
    everything = np.concatenate([path.points for path in paths])
    low, high = everything.min(axis=0), everything.max(axis=0)
    middle = (low + high) / 2
    reach = float(np.linalg.norm(everything - middle, axis=1).max()) or 1.0
    picture = Picture(WIDTH, HEIGHT, title, f"{description} Drag, or use the arrow keys, to turn it.")
    with picture.group(class_="scene", data_yaw=f"{YAW_DEG:g}", data_pitch=f"{PITCH_DEG:g}", tabindex="0"):
        for path in paths:
            points = (path.points - middle) / reach
            flat = _project(points)
            line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in flat.tolist())
            rounded = json.dumps(np.round(points, 4).tolist(), separators=(",", ":"))
            element = picture.draw("path", d=line, class_=path.class_, data_points=rounded)
            if path.name:
                element.append(picture.title(path.name))
    return picture.text()


def _project(points: Array) -> Array:
    """Places (n, 2) in the picture of points (n, 3) within a ball of radius one, seen from far away."""
    yaw, pitch = np.radians([YAW_DEG, PITCH_DEG])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    turned = points @ (about_x @ about_y).T
    return np.asarray(np.array([WIDTH / 2, HEIGHT / 2]) + 0.48 * min(WIDTH, HEIGHT) * turned[:, :2])
