"""A simulated arm before a camera as files: what a user would hold, and the truth."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.camera.corner_table import corners_text
from calib.cell.simulation.documents import camera_file
from calib.documents import to_yaml
from calib.robot.arm.read import shipped_arms
from calib.robot.arm.write import geometry_as_yaml
from calib.robot.simulation.documents import ARM_FILE, TRUTH_DECIMALS, rounded_table
from calib.robot.table.write import poses_text

if TYPE_CHECKING:
    from calib.cell.simulation.arm_in_images import ArmInImages


def files(simulation: ArmInImages) -> dict[str, str | bytes]:
    """Content by file name: joints.csv, corners.csv, camera.yaml, calib.yaml, truth.yaml, arm.yaml if not shipped and,
    where rendered, images/NAME as PNG."""
    s = simulation
    shipped = s.nominal.name in shipped_arms()
    title = "Simulated by `calib simulate robot-images`: the truth behind joints and corners."
    content: dict[str, str | bytes] = {
        "joints.csv": poses_text(rounded_table(s.table)),
        "corners.csv": corners_text(s.observations),
        "camera.yaml": camera_file(s.camera),
        "calib.yaml": to_yaml({"arm": s.nominal.name if shipped else ARM_FILE}, "What calib finds beside joints.csv."),
        "truth.yaml": to_yaml(truth(s), title),
    }
    if not shipped:
        content[ARM_FILE] = geometry_as_yaml(s.nominal)
    return {**content, **{f"images/{name}": image for name, image in s.images.items()}}


def truth(simulation: ArmInImages) -> dict[str, Any]:
    """Seed, noise and the true arm and poses: the content of truth.yaml."""
    s = simulation
    return {
        "seed": s.seed,
        "arm": s.nominal.name,
        "setup": s.setup,
        "board": s.observations.board,
        "sigma_px": s.sigma_px,
        **{name: size for name, size in asdict(s.spread).items() if name.startswith("error_")},
        "parameters": dict(zip(s.arm.labels, np.round(s.arm.parameters, TRUTH_DECIMALS).tolist(), strict=True)),
        "on_flange": np.round(s.on_flange, TRUTH_DECIMALS).tolist(),
        "in_base": np.round(s.in_base, TRUTH_DECIMALS).tolist(),
    }
