"""What closed-form frames leave of a table, and what they would leave of rows dealt out by chance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.errors import DegenerateError
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.measurement import load_measurement
from calib.robot.start.inliers import reach
from calib.robot.table.select import select_rows

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable

SAMPLE_ROWS = 80  # a median of 80 is known to 14 % of a standard deviation
MOST_TARGETS = 3  # a distance needs 20 rows of each
# Times smaller a residual must get to be another one: nominal arms of one family differ by less, a wrong convention by
# 30; rows that belong to an arm whose every joint is off by 3 degrees leave a thirteenth of what chance leaves, rows of
# arms built otherwise no less than two thirds, unless the arms are of one family.
DECISIVE = 3.0
SHUFFLES = 20  # the least residual of so many is undercut by chance once in 20
# Below this a table as given needs no check: arms out of the box have errors of 0.5 to 8 mm and 0.05 to 0.6 deg.
SOUND_M, SOUND_RAD = 2e-3, np.deg2rad(0.2)


@dataclass(frozen=True)
class Residual:
    """Medians over rows; infinite where no frames could be found."""

    position_m: float
    """Distance between predicted and measured."""
    rotation_rad: float | None
    """Angle between them; None where not measured."""
    motion_m: float
    """rms motion of the flange, to compare with."""

    @property
    def sound(self) -> bool:
        """Whether it is as small as that of an arm out of the box."""
        return self.position_m < SOUND_M and (self.rotation_rad or 0.0) < SOUND_RAD

    @property
    def size(self) -> float:
        """Position and rotation as one figure: shares of the motion, and radians."""
        return self.position_m / self.motion_m + (self.rotation_rad or 0.0)

    def __str__(self) -> str:
        if not np.isfinite(self.position_m):
            return "no fit"
        angle = "" if self.rotation_rad is None else f" and {np.degrees(self.rotation_rad):.3g} deg"
        return f"{1000 * self.position_m:.3g} mm{angle}"


def residual(arm: SerialArm, table: PoseTable, measurement: str | None = None, *, seed: int = 0) -> Residual:
    """The residual of the closed-form start, on at most `SAMPLE_ROWS` rows.

    measurement: the table's own if None. Raises DegenerateError `too-few-poses`; infinite for degenerate poses.
    """
    return residual_of_sample(arm, sample_rows(table), measurement or table.measurement, seed)


def belongs(arm: SerialArm, sample: PoseTable, measurement: str, left: Residual, seed: int = 0) -> bool:
    """Whether rows are those of an arm's poses, however poor the arm: by what is left of them against chance."""
    by_chance = size_by_chance(arm, sample, measurement, seed)
    return bool(np.isfinite(left.size)) and (by_chance is None or DECISIVE * left.size < by_chance)


def size_by_chance(arm: SerialArm, sample: PoseTable, measurement: str, seed: int = 0) -> float | None:
    """The least size that is left where joint values are those of other rows, in `SHUFFLES` draws; None where no draw
    determines the frames.

    Rows of joint values stay together, as where rows are mispaired; where nothing else was measured, each joint's
    values are dealt out by themselves.
    """
    rng, sizes = np.random.default_rng(0), []
    for _ in range(SHUFFLES):
        joints = (
            rng.permuted(sample.joints, axis=0) if sample.measurement == "joints" else rng.permutation(sample.joints)
        )
        left = residual_of_sample(arm, replace(sample, joints=joints), measurement, seed)
        sizes += [left.size] if np.isfinite(left.size) else []
    return min(sizes, default=None)


def sample_rows(table: PoseTable) -> PoseTable:
    """Few rows, of few targets: one suffices for poses; a single point on the last axis is not moved by it."""
    rows = np.bincount(table.target)
    most = np.argsort(-rows, kind="stable")[: 1 if table.measurement == "pose" else MOST_TARGETS]
    if rows[most].min() < SAMPLE_ROWS // len(most):
        most = most[:1]
    rng = np.random.default_rng(0)  # rows spread over the file, and not in step with any pattern in it
    parts = [np.sort(rng.permutation(np.flatnonzero(table.target == k))[: SAMPLE_ROWS // len(most)]) for k in most]
    few = select_rows(table, np.concatenate(parts))
    names = np.arange(len(most))
    return replace(few, target=np.repeat(names, [len(part) for part in parts]), target_names=tuple(map(str, names)))


def residual_of_sample(arm: SerialArm, sample: PoseTable, measurement: str, seed: int = 0) -> Residual:
    """The same on all rows of a sample."""
    flange = base_from_flange(arm, sample.joints)
    motion = reach(flange)
    try:
        start = load_measurement(measurement).start(flange, sample, seed)
    except DegenerateError as error:
        if error.code == "too-few-poses":
            raise
        return Residual(np.inf, None, motion)
    middle = {component: float(np.median(size)) for component, size in start.size.items()}
    angle = middle.pop("orientation", None)
    return Residual(next(iter(middle.values())), angle, motion)


def agreeing(arm: SerialArm, sample: PoseTable, measurement: str, seed: int = 0) -> float:
    """The share of rows that agree with the others in the closed form; 0 for degenerate poses."""
    try:
        start = load_measurement(measurement).start(base_from_flange(arm, sample.joints), sample, seed)
    except DegenerateError:
        return 0.0
    return float(np.mean(start.inlier))
