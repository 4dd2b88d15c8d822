"""A simulated arm as files: what a user would hold, and the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.documents import to_yaml
from calib.robot.arm.write import geometry_as_yaml
from calib.robot.simulation.documents import ARM_FILE, rounded, settings, truth
from calib.robot.table.write import poses_text

if TYPE_CHECKING:
    from calib.robot.simulation.simulate import ArmSimulation


def simulation_files(simulation: ArmSimulation) -> dict[str, str]:
    """Content by file name: poses.csv, calib.yaml, truth.yaml and, for an arm that is not shipped, arm.yaml."""
    document = settings(simulation)
    files = {
        "poses.csv": poses_text(rounded(simulation.table)),
        "calib.yaml": to_yaml(document, "What calib finds beside poses.csv."),
        "truth.yaml": to_yaml(truth(simulation), "Simulated by `calib simulate robot`: the truth behind poses.csv."),
    }
    if document["arm"] == ARM_FILE:
        files[ARM_FILE] = geometry_as_yaml(simulation.nominal)
    return files
