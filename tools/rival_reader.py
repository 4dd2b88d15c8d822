"""Read files by the tools that they are for, and compare; run by `check_formats.py` in another environment."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

Poses = Callable[[Any], Any]


def of_yourdfpy(file: str) -> Poses:
    """Poses by a URDF."""
    import yourdfpy

    robot = yourdfpy.URDF.load(file, load_meshes=False, build_scene_graph=True)

    def pose(command: Any) -> Any:
        robot.update_cfg(dict(zip(robot.actuated_joint_names, command, strict=True)))
        return robot.get_transform("flange", "base")

    return pose


def of_roboticstoolbox(file: str) -> Poses:
    """Poses by the robot that a module makes."""
    robot = runpy.run_path(file)["robot"]
    return lambda command: robot.fkine(command).A


def of_pybotics(file: str) -> Poses:
    """Poses by the robot that a module makes."""
    robot = runpy.run_path(file)["robot"]
    return lambda command: robot.fk(np.array(command))


def of_pycolmap(folder: str) -> Poses:
    """Pixels by the camera of a model; the centre of COLMAP's first pixel is (0.5, 0.5)."""
    import pycolmap

    camera = next(iter(pycolmap.Reconstruction(folder).cameras.values()))
    return lambda point: np.asarray(camera.img_from_cam(np.array(point)[None])).ravel() - 0.5


READERS = {
    "pycolmap": of_pycolmap,
    "yourdfpy": of_yourdfpy,
    "roboticstoolbox": of_roboticstoolbox,
    "pybotics": of_pybotics,
}


def main() -> None:
    """From tasks on stdin to differences on stdout."""
    found: dict[str, float | None] = {}
    for task in json.load(sys.stdin):
        tool = task["tool"]
        if find_spec(tool) is None:
            found[tool] = None
            continue
        poses = READERS[tool](task["file"])
        read = np.array([poses(command) for command in task["commands"]])
        found[tool] = max(found.get(tool) or 0.0, float(np.abs(read - np.array(task["poses"])).max()))
    json.dump(found, sys.stdout)
