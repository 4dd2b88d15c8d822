"""A cell of several arms as documents: the JSON that scripts read, and the files of the cell and of its arms."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.documents import to_yaml
from calib.geometry import so3
from calib.robot.arm_file import arm_files

if TYPE_CHECKING:
    from calib.cell.arms.cell_calibration import CellCalibration


def files(cell: CellCalibration) -> dict[str, str | bytes]:
    """Content by file name."""
    title = f"The arms' bases: world_from_base in {cell.world}, metres; a quaternion's scalar comes last."
    arms = {
        f"{name}/{file}": content
        for name, found in cell.arms.items()
        for file, content in arm_files(found.arm, verdict=found.verdict.grade).items()
    }
    return {"cell.yaml": to_yaml(as_cell_file(cell), title), **arms}


def as_document(cell: CellCalibration) -> dict[str, Any]:
    """The result as plain data, as `--json` prints it."""
    documents = {name: found.document() for name, found in cell.arms.items()}
    head = cell.document_head(
        "cell",
        unobservable=(f"{name}: {each}" for name, document in documents.items() for each in document["unobservable"]),
        notes=(f"{name}: {note}" for name, found in cell.arms.items() for note in found.notes),
        solver="; ".join(f"{name}: {found.fit.solution.sentence()}" for name, found in cell.arms.items()),
    )
    overs = [asdict(over) for over in cell.hand_overs]
    return {**head, "world": cell.world, "hand_overs": overs, "arms": documents}


def rows(cell: CellCalibration) -> list[dict[str, Any]]:
    """One dict per row of every arm's table."""
    return [{"arm": name, **row} for name, found in cell.arms.items() for row in found.rows()]


def as_cell_file(cell: CellCalibration) -> dict[str, Any]:
    """The content of cell.yaml: the pose of every base, and the arm's file."""
    arms = {}
    for name in cell.arms:
        pose, (sigma_m, sigma_rad) = cell.world_from_base(name), cell.base_sigma(name)
        arms[name] = {
            "arm": f"{name}/arm.yaml",
            "world_from_base": np.round(pose, 12).tolist(),
            "position_m": np.round(pose[:3, 3], 9).tolist(),
            "quaternion_xyzw": np.round(so3.quaternion_xyzw(pose[:3, :3]), 9).tolist(),
            "sigma_m": sigma_m,
            "sigma_rad": sigma_rad,
        }
    return {"world": cell.world, "arms": arms}
