"""A simulated cell as files: several arms that one instrument sees, or that see one board, and the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calib.cell.simulation import arm_in_images_documents as simulated_images
from calib.cell.simulation.arm_in_images import simulate_arm
from calib.documents import to_yaml
from calib.errors import UsageError
from calib.robot.arm.read import load_geometry
from calib.robot.scene import Spread
from calib.robot.simulation.documents import rounded, truth
from calib.robot.simulation.simulate import simulate
from calib.robot.table.write import poses_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from calib.camera.board import Board
    from calib.camera.camera import Camera

CELL = "A cell for `calib cell --config`."


def simulated_cell(arms: tuple[str, ...], poses: int, spread: Spread, seed: int) -> dict[str, str]:
    """Content by file name: cell.yaml, arm1.csv, arm2.csv, ... and truth.yaml. arms: shipped names.

    Raises UsageError `cell-arms` for fewer than two, which `calib cell` would refuse, and as `load_geometry`.
    """
    _check_arms(arms)
    files: dict[str, str] = {}
    config: dict[str, Any] = {"world": "tracker", "arms": {}}
    known: dict[str, Any] = {}
    for i, arm in enumerate(arms):
        name = f"arm{i + 1}"
        simulation = simulate(load_geometry(arm), poses=poses, spread=spread, seed=1000 * seed + i)
        files[f"{name}.csv"] = poses_text(rounded(simulation.table))
        config["arms"][name] = {"arm": arm, "poses": f"{name}.csv"}
        known[name] = truth(simulation)
    files["cell.yaml"] = to_yaml(config, CELL)
    files["truth.yaml"] = to_yaml(known, "Simulated by `calib simulate cell`: the truth behind the tables.")
    return files


def simulated_cell_in_images(
    arms: tuple[str, ...],
    camera: Camera,
    board: Board,
    views: int,
    sigma_px: float,
    spread: Spread,
    seed: int,
    *,
    with_images: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, str | bytes]:
    """Content by file name: cell.yaml and, in a folder per arm, what `calib simulate robot-images` writes of it.

    Every arm has such a camera on its hand, and all see the board, which is the world. with_images: cell.yaml names
    those, instead of the corners; progress: called with those of an arm rendered and all.
    Raises UsageError `cell-arms` for fewer than two arms, and as `load_geometry` and `simulate_arm`.
    """
    _check_arms(arms)
    files: dict[str, str | bytes] = {}
    config: dict[str, Any] = {"world": "board", "arms": {}}
    for i, arm in enumerate(arms):
        name = f"arm{i + 1}"
        simulation = simulate_arm(
            camera,
            board.corners_in_board,
            load_geometry(arm),
            views=views,
            unseen=0,
            sigma_px=sigma_px,
            spread=spread,
            seed=1000 * seed + i,
            board=board.name,
        )
        own = simulated_images.simulation_files(simulation, board if with_images else None, progress)
        files |= {f"{name}/{file}": content for file, content in own.items()}
        seen = {"images": f"{name}/images", "board": board.name} if with_images else {"corners": f"{name}/corners.csv"}
        config["arms"][name] = {"arm": arm, "poses": f"{name}/joints.csv", **seen, "camera": f"{name}/camera.yaml"}
    files["cell.yaml"] = to_yaml(config, CELL)
    return files


def _check_arms(arms: tuple[str, ...]) -> None:
    if len(arms) < 2:
        raise UsageError(
            "a cell has two arms or more",
            code="cell-arms",
            where=f"--arms {','.join(arms)}",
            advice="name one arm twice for two alike: --arms ur5e,ur5e; for a single arm: calib simulate robot",
        )
