"""A simulated cell as files: several arms, each measured by the same instrument in its world, and the truth."""

from __future__ import annotations

from typing import Any

from calib.errors import UsageError
from calib.report.folder import to_yaml
from calib.robot.arm_file import load_arm
from calib.robot.simulation import Spread, simulate
from calib.robot.simulation_files import rounded, truth
from calib.robot.table_writer import poses_text


def simulated_cell(arms: tuple[str, ...], poses: int, spread: Spread, seed: int) -> dict[str, str]:
    """Content by file name: cell.yaml, arm1.csv, arm2.csv, ... and truth.yaml. arms: shipped names.

    Raises UsageError `cell-arms` for fewer than two, which `calib cell` would refuse, and as `load_arm`.
    """
    if len(arms) < 2:
        raise UsageError(
            "a cell has two arms or more",
            code="cell-arms",
            where=f"--arms {','.join(arms)}",
            advice="name one arm twice for two alike: --arms ur5e,ur5e; for a single arm: calib simulate robot",
        )
    files: dict[str, str] = {}
    config: dict[str, Any] = {"world": "tracker", "arms": {}}
    known: dict[str, Any] = {}
    for i, arm in enumerate(arms):
        name = f"arm{i + 1}"
        simulation = simulate(load_arm(arm), poses=poses, spread=spread, seed=1000 * seed + i)
        files[f"{name}.csv"] = poses_text(rounded(simulation.table))
        config["arms"][name] = {"arm": arm, "poses": f"{name}.csv"}
        known[name] = truth(simulation)
    files["cell.yaml"] = to_yaml(config, "A cell for `calib cell --config`.")
    files["truth.yaml"] = to_yaml(known, "Simulated by `calib simulate cell`: the truth behind the tables.")
    return files
