"""A simulated arm as files and documents: what a user would hold, and the truth."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calib.documents import simulation_document, to_yaml
from calib.robot.arm.read import shipped_arms
from calib.robot.arm.write import geometry_as_yaml
from calib.robot.effect import load_effect
from calib.robot.table.write import poses_text
from calib.storage.stored import plain, stored_files

if TYPE_CHECKING:
    from calib.robot.simulation.simulate import ArmSimulation
    from calib.robot.table.pose_table import PoseTable

# Nanometres and nanoradians: far below any instrument, and far above the last digits, in which processors differ. So a
# seed gives the same bytes everywhere.
DECIMALS = 9
TRUTH_DECIMALS = 12
TITLE = "Simulated by `calib simulate robot`: the truth behind poses.csv."
ARM_FILE = "arm.yaml"  # of an arm that is none of those shipped


def as_files(simulation: ArmSimulation) -> dict[str, str | bytes]:
    """Content by file name: poses.csv, calib.yaml, truth.yaml and, for an arm that is not shipped, arm.yaml."""
    document = settings(simulation)
    files: dict[str, str | bytes] = {
        "poses.csv": poses_text(rounded_table(simulation.table)),
        "calib.yaml": to_yaml(document, "What calib finds beside poses.csv."),
        **stored_files("truth.yaml", truth(simulation), TITLE),
    }
    if document["arm"] == ARM_FILE:
        files[ARM_FILE] = geometry_as_yaml(simulation.nominal)
    return files


def as_document(simulation: ArmSimulation) -> dict[str, Any]:
    """The truth as plain data, as `--json` prints it."""
    return simulation_document("arm", plain(truth(simulation)))


def settings(simulation: ArmSimulation) -> dict[str, Any]:
    """The document of `calib.yaml`: the arm, by name or file, and the measurement, unless the columns imply it."""
    shipped = simulation.nominal.name in shipped_arms()
    document: dict[str, Any] = {"arm": simulation.nominal.name if shipped else ARM_FILE}
    if simulation.table.measurement == "joints":
        document["measurement"] = simulation.measurement
    return document


def truth(simulation: ArmSimulation) -> dict[str, Any]:
    """Seed, spread, outliers, and the true arm, effects and frames, with arrays: the document of `truth.yaml`."""
    nominal, arm = simulation.nominal, simulation.arm
    parameters = dict(zip(arm.labels, _to_list(arm.parameters), strict=True))
    effects = {
        name: dict(zip(load_effect(name).labels(nominal), _to_list(values), strict=True))
        for name, values in simulation.effects.items()
    }
    return {
        "seed": simulation.seed,
        "arm": nominal.name,
        "measurement": simulation.measurement,
        **asdict(simulation.spread),
        "outlier_lines": simulation.table.lines[simulation.outlier],
        "parameters": parameters,
        "effects": effects,
        "frames": {name: _round(values, TRUTH_DECIMALS) for name, values in simulation.frames.items()},
    }


def rounded_table(table: PoseTable) -> PoseTable:
    """The table with measured and commanded values to `DECIMALS`."""
    names = ("joints", "position", "quaternion_xyzw", "distance", "temperature_degc", "payload_kg")
    columns: dict[str, Any] = {
        name: _round(column, DECIMALS) for name in names if (column := getattr(table, name)) is not None
    }
    return replace(table, **columns)


def _to_list(values: NDArray[np.float64]) -> Any:
    return _round(values, TRUTH_DECIMALS).tolist()


def _round(values: NDArray[np.float64], decimals: int) -> NDArray[np.float64]:
    return np.asarray(np.round(values, decimals) + 0.0)  # + 0.0: no minus zero
