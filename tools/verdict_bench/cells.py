"""Simulated cells of two arms that one instrument measures, for spoiling."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calib.cell import CellCalibration, calibrate_cell
from calib.documents import to_yaml
from calib.robot.scene import Spread
from calib.robot.table.write import poses_text
from verdict_bench.arms import POSES, ArmSet, measured, predicted, rms_mm, shuffle, within
from verdict_bench.judging import TrueError
from verdict_bench.spoiling import spoiled


@dataclass(frozen=True)
class CellSet:
    """The tables of two arms in one world."""

    arms: dict[str, ArmSet]

    def calibrate(self) -> CellCalibration:
        """As `calib cell` does, from the files that a user would hold."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            content = {"world": "tracker", "arms": {}}
            for arm, data in self.arms.items():
                (folder / f"{arm}.csv").write_text(poses_text(data.table), "utf-8")
                content["arms"][arm] = {"arm": data.arm, "poses": f"{arm}.csv"}  # type: ignore[index]
            (folder / "cell.yaml").write_text(to_yaml(content), "utf-8")
            return calibrate_cell(folder / "cell.yaml")

    def error_of(self, result: CellCalibration) -> TrueError:
        """mm, rms in the world of the arm that is off the most."""
        off = [rms_mm(_off(result, name, data)) for name, data in self.arms.items()]
        return TrueError(max(off), max(data.without() for data in self.arms.values()))


def _off(result: CellCalibration, name: str, data: ArmSet) -> np.ndarray:
    assert data.truth.position is not None
    return np.linalg.norm(predicted(result.arms[name], data.truth) - data.truth.position, axis=1)


def cell(seed: int, change: Callable[[ArmSet], ArmSet] = lambda data: data, **options: object) -> CellSet:
    """Two arms, of which the second is changed. options: of `measured`, of the second."""
    first, second = measured(seed, "pose"), measured(seed + 500, **{"kind": "pose", **options})  # type: ignore[arg-type]
    return CellSet({"left": first, "right": change(second)})


@spoiled("cell", "millimetres", refusals="conventions", convention=True)
def an_arm_in_mm(seed: int) -> CellSet:
    """The second arm's positions are in mm, read as m."""
    return cell(seed, lambda data: data.spoil(position=data.table.position * 1000))


@spoiled("cell", "degrees", refusals="conventions", convention=True)
def an_arm_in_degrees(seed: int) -> CellSet:
    """The second arm's joint angles are in deg, read as rad."""
    return cell(seed, lambda data: data.spoil(joints=np.degrees(data.table.joints)))


@spoiled("cell", "does not fit", refusals="arm-does-not-fit conventions", convention=True)
def the_wrong_arm(seed: int) -> CellSet:
    """The second arm is a UR10e, calibrated as a UR5e."""
    made = cell(seed, arm="ur10e")
    second = made.arms["right"]
    return CellSet({**made.arms, "right": ArmSet(second.table, "ur5e", second.truth, second.nominal, second.rng, {})})


@spoiled("cell", "does not fit", refusals="arm-does-not-fit", convention=True)
def rows_shuffled(seed: int) -> CellSet:
    """The second arm's measurements are in another order."""
    return cell(seed, lambda data: shuffle(data, np.arange(POSES), data.rng.permutation(POSES)))


@spoiled("cell", "counts? the other way", refusals="conventions", convention=True)
def sign_of_a_joint(seed: int) -> CellSet:
    """Joint 2 of the second arm counts the other way."""
    return cell(seed, lambda data: data.spoil(joints=data.table.joints * (1, -1, 1, 1, 1, 1)))


@spoiled("cell", "rows are rejected")
def outliers(seed: int) -> CellSet:
    """1 in 10 rows of the second arm is 20 mm off."""
    return cell(seed, spread=Spread(outlier_share=0.1))


@spoiled("cell", "hardly moved|spread|uncertain|more parameters?", refusals="joint-not-moved")
def still_joints(seed: int) -> CellSet:
    """Joints 4 to 6 of the second arm wander by .1 deg."""
    return cell(seed, commands=within(np.array([3.0, 1.5, 2.0, 2e-3, 2e-3, 2e-3])))


@spoiled("cell", "more poses|held out|spread|uncertain")
def few_poses(seed: int) -> CellSet:
    """The second arm is measured at 8 poses."""
    return cell(seed, poses=8)


@spoiled("cell", "residuals are larger|instrument")
def instrument_noisy(seed: int) -> CellSet:
    """The second arm is measured to 1 mm and .2 deg."""
    return cell(seed, spread=Spread(sigma_m=1e-3, sigma_rad=np.radians(0.2)))


@spoiled("cell", "moved|drift|changed")
def instrument_bumped(seed: int) -> CellSet:
    """The tracker moves by 3 mm while the second arm is measured."""
    late = (np.arange(POSES) >= POSES // 2)[:, None]
    return cell(seed, lambda data: data.spoil(position=data.table.position + late * np.array([3e-3, 0, 0])))


@spoiled("cell", "scale|factor|every length")
def instrument_scaled(seed: int) -> CellSet:
    """The tracker's lengths are 1 % too long for the second arm."""
    return cell(seed, lambda data: data.spoil(position=data.table.position * 1.01))
