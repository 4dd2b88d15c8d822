"""Check the files that calib writes for other tools by those tools: the same poses of arms, the same pixels of cameras.

    python tools/check_formats.py --python VENV/bin/python [--runs 20]

VENV is an environment of its own with any of yourdfpy, roboticstoolbox-python, pybotics and pycolmap
(`tools/rival_reader.py` runs in it); what it lacks is named and left out. Each shipped arm is written as it is and with
parameters that differ from nominal by about 2 mm and 2 mrad, Hayati's angles among them; cameras of every lens are
written for COLMAP, and points before them projected by it. OpenCV's own reader and projection are checked in the tests.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from calib.camera import Camera, typical_camera
from calib.errors import UsageError
from calib.formats import convert
from calib.formats.camera_format import require_camera_writer
from calib.robot import load_arm, save_arm
from calib.robot.arm.read import shipped_arms
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm.workspace import random_commands

ARM_FORMATS = {"urdf": "yourdfpy", "roboticstoolbox": "roboticstoolbox", "pybotics": "pybotics"}
READER = Path(__file__).with_name("rival_reader.py")
SPREAD = 2e-3  # m and rad: what calibrations find of real arms
COMMANDS = 10
LENSES = ("pinhole", "brown_conrady", "rational", "kannala_brandt")
POINTS = 200
LOOSE = 0.05  # of a lens' parameters, from camera to camera


def disturbed(arm: SerialArm, rng: np.random.Generator) -> SerialArm:
    """The arm with other geometry."""
    free = np.isin(list(arm.labels), list(arm.geometry_labels))
    return arm.with_parameters(arm.parameters + np.where(free, rng.normal(0, SPREAD, len(free)), 0))


def arm_tasks(folder: Path, runs: int) -> list[dict[str, Any]]:
    """Files written, each with the tool that reads it, commands and the poses that are right."""
    tasks = []
    for at, name in enumerate(shipped_arms()):
        nominal = load_arm(name).geometry
        for run in range(runs):
            rng = np.random.default_rng([at, run])
            arm = nominal if run == 0 else disturbed(nominal, rng)
            save_arm(arm, folder / f"{name}_{run}.yaml")
            commands = random_commands(arm, COMMANDS, rng)
            for form, tool in ARM_FORMATS.items():
                file = folder / f"{name}_{run}_{form}{'.urdf' if form == 'urdf' else '.py'}"
                try:
                    convert(folder / f"{name}_{run}.yaml", form, file)
                except UsageError as error:
                    if error.code != "arm-not-held":
                        raise
                    continue
                poses = arm.base_from_flange(commands)
                tasks.append({"tool": tool, "file": str(file), "commands": commands.tolist(), "poses": poses.tolist()})
    return tasks


def camera_tasks(folder: Path, runs: int) -> list[dict[str, Any]]:
    """Cameras as COLMAP's models, each with points before it and the pixels that are right."""
    tasks = []
    for at, name in enumerate(LENSES):
        for run in range(runs):
            rng = np.random.default_rng([at, run, 1])
            typical = typical_camera(name)
            changed = typical.parameters * (1 + LOOSE * rng.normal(size=len(typical.parameters)))
            camera = Camera(typical.lens, changed, typical.image_size_px)
            model = folder / f"{name}_{run}"
            model.mkdir()
            files = require_camera_writer("colmap")(camera, "cameras")
            for file, text in {**files, "images.txt": "", "points3D.txt": ""}.items():  # a model has all three
                (model / file).write_text(str(text))
            points = np.concatenate([rng.uniform(-0.3, 0.3, (POINTS, 2)), np.ones((POINTS, 1))], axis=1)
            pixels = camera.project(points)
            tasks.append(
                {"tool": "pycolmap", "file": str(model), "commands": points.tolist(), "poses": pixels.tolist()}
            )
    return tasks


def check(tasks: list[dict[str, Any]], python: str) -> dict[str, Any]:
    """The largest difference in m and rad, or px, by tool; None for a tool that is not there."""
    command = [python, "-c", f"import {READER.stem}; {READER.stem}.main()"]
    asked = json.dumps(tasks)
    answer = subprocess.run(command, cwd=READER.parent, input=asked, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(answer.stderr[-2000:])
    return dict(json.loads(answer.stdout))


def main() -> None:
    """Print a line per tool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="interpreter of the environment that holds the tools")
    parser.add_argument("--runs", type=int, default=5, help="variants of each arm, the first as it is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tasks = arm_tasks(Path(folder), options.runs) + camera_tasks(Path(folder), options.runs)
        for tool, found in check(tasks, options.python).items():
            files = sum(task["tool"] == tool for task in tasks)
            unit = "px" if tool == "pycolmap" else "m"
            told = "not installed" if found is None else f"{files} files, largest difference {found:.1e} {unit}"
            print(f"{tool}: {told}")


if __name__ == "__main__":
    main()
