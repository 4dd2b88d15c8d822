"""A simulated cell: several arms that one instrument measures, or whose cameras observe one board."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calib.cell.simulation.simulate import BOARD, LENS, simulate_arm_in_images
from calib.documents import simulation_document, to_yaml
from calib.errors import UsageError
from calib.result import Output
from calib.robot.simulation.documents import rounded_table, truth
from calib.robot.simulation.simulate import simulate
from calib.robot.table.write import poses_text
from calib.storage.stored import plain, stored_files

if TYPE_CHECKING:
    from calib.camera.board import Board
    from calib.camera.camera import Camera
    from calib.robot.scene import Spread

ARMS = ("ur5e", "ur10e")
TITLE = "A cell for `calib cell --config`."
TRUTH_TITLE = "Simulated by `calib simulate cell`: the truth behind the tables."


@dataclass(frozen=True, eq=False, repr=False)
class CellSimulation(Output):
    """Measurements of several arms in one world, and the truth behind them."""

    config: Mapping[str, Any]
    """The content of cell.yaml."""
    measurements: Mapping[str, str | bytes]
    """The files that it names, and the truth, by name."""
    truth: Mapping[str, Any]
    """Of every arm, by its name in the cell, with arrays."""
    seed: int
    """From which those of the arms follow."""

    @property
    def random_seed(self) -> int:
        """Of the generators."""
        return self.seed

    def summary(self) -> str:
        """One line for the terminal."""
        arms = ", ".join(f"{name} {arm['arm']}" for name, arm in self.config["arms"].items())
        return f"{len(self.config['arms'])} simulated arms in one world ({self.config['world']}): {arms}"

    def document(self) -> dict[str, Any]:
        """The truth as plain data."""
        return simulation_document("cell", plain(self.truth))

    def files(self) -> Mapping[str, str | bytes]:
        """cell.yaml and what it names; truth.yaml, of every arm's own in its folder where cameras measure."""
        return {**self.measurements, "cell.yaml": to_yaml(self.config, TITLE)}


def simulate_cell(
    arms: Sequence[str] = ARMS, *, poses: int = 80, spread: Spread | None = None, seed: int = 0
) -> CellSimulation:
    """Simulate several arms that one instrument measures. arms: shipped names, the same more than once if alike.

    Raises UsageError `cell-arms` for fewer than two, which `calib cell` would refuse, and as `calib.robot.simulate`.
    """
    _require_several(arms)
    config: dict[str, Any] = {"world": "tracker", "arms": {}}
    tables: dict[str, str | bytes] = {}
    known: dict[str, Any] = {}
    for i, arm in enumerate(arms):
        name = f"arm{i + 1}"
        own = simulate(arm, poses=poses, spread=spread, seed=1000 * seed + i)
        config["arms"][name] = {"arm": arm, "poses": f"{name}.csv"}
        tables[f"{name}.csv"] = poses_text(rounded_table(own.table))
        known[name] = truth(own)
    return CellSimulation(config, {**tables, **stored_files("truth.yaml", known, TRUTH_TITLE)}, known, seed)


def simulate_cell_in_images(
    arms: Sequence[str] = ARMS,
    camera: Camera | str = LENS,
    board: Board | str = BOARD,
    *,
    views: int = 80,
    noise_px: float = 0.15,
    spread: Spread | None = None,
    seed: int = 0,
    render: bool = False,
    on_progress: Callable[[int, int], object] | None = None,
) -> CellSimulation:
    """Simulate several arms, each with such a camera on its hand, that observe one board, which is the world.

    render: cell.yaml names the images, instead of the corners. on_progress(done, total): of those of an arm.
    Raises UsageError `cell-arms` for fewer than two arms, and as `simulate_arm_in_images`.
    """
    _require_several(arms)
    config: dict[str, Any] = {"world": "board", "arms": {}}
    measured: dict[str, str | bytes] = {}
    known: dict[str, Any] = {}
    for i, arm in enumerate(arms):
        name = f"arm{i + 1}"
        own = simulate_arm_in_images(
            arm,
            camera,
            board,
            views=views,
            noise_px=noise_px,
            spread=spread,
            seed=1000 * seed + i,
            render=render,
            on_progress=on_progress,
        )
        measured |= {f"{name}/{file}": content for file, content in own.files().items()}
        known[name] = own.document()["truth"]
        board_name = own.observations.board
        seen = {"images": f"{name}/images", "board": board_name} if render else {"corners": f"{name}/corners.csv"}
        config["arms"][name] = {"arm": arm, "poses": f"{name}/joints.csv", **seen, "camera": f"{name}/camera.yaml"}
    return CellSimulation(config, measured, known, seed)


def _require_several(arms: Sequence[str]) -> None:
    if len(arms) < 2:
        raise UsageError(
            "a cell has two arms or more",
            code="cell-arms",
            where=f"--arms {','.join(arms)}",
            advice="name one arm twice for two alike: --arms ur5e,ur5e; for a single arm: calib simulate robot",
        )
