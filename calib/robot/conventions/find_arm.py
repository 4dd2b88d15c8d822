"""Which arm is it? Every shipped arm with the table's joints is tried by the closed-form start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.errors import InputError, UsageError
from calib.robot.arm.kinematics import base_from_flange, link_constants
from calib.robot.arm.read import load_geometry, shipped_arms
from calib.robot.conventions.departure import departure
from calib.robot.conventions.diagnose import ConventionFinding, diagnose
from calib.robot.conventions.residual import Residual, belongs, residual, residual_of_sample, sample_rows
from calib.robot.measurement import load_measurement

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable

DISTINCT = 1.5  # times larger residual of the next best arm; less, and the choice is named as doubtful
IDENTICAL = 1e-9  # largest difference of link constants, m or of rotations


@dataclass(frozen=True)
class ArmCandidate:
    """An arm that was tried."""

    arm: SerialArm
    """The arm."""
    residual: Residual
    """Its residual on the table."""

    def __str__(self) -> str:
        return f"{self.arm.name} {self.residual}"


@dataclass(frozen=True)
class ArmSearch:
    """The shipped arms compared with a table."""

    candidates: tuple[ArmCandidate, ...]
    """Best first."""
    identical: tuple[str, ...]
    """Names of other arms with the very same geometry as the best."""
    finding: ConventionFinding | None = None
    """The interpretation under which the table fits, where it does not as given; the arm is then as interpreted, and
    `finding.apply(table)` gives the table as interpreted."""

    @property
    def arm(self) -> SerialArm:
        """The arm that fits best."""
        return self.candidates[0].arm

    @property
    def next_best(self) -> ArmCandidate | None:
        """The next arm of another geometry, if there is one."""
        return next((each for each in self.candidates[1:] if each.arm.name not in self.identical), None)

    @property
    def distinct(self) -> bool:
        """Whether the next best arm is clearly worse."""
        after = self.next_best
        return after is None or after.residual.size > DISTINCT * self.candidates[0].residual.size

    def __str__(self) -> str:
        text = str(self.candidates[0])
        if self.identical:
            text += f", the same geometry as {' and '.join(self.identical)}"
        if self.next_best:
            text += f"; next best {self.next_best}"
        if not self.distinct:
            text += "; their residuals do not distinguish them: name the arm with --arm"
        return text


def find_arm(table: PoseTable, measurement: str | None = None, *, fix: bool = False, seed: int = 0) -> ArmSearch:
    """The shipped arm that fits the table, by the residual that closed-form frames leave.

    measurement: the table's own if None. fix: where no arm fits the table as read, accept another
    reading of it, which is then the result's `finding`; else the error names it.
    Of arms with the same geometry the one whose joint limits hold most rows comes first.
    Raises UsageError `arm-needed` for a table of joint values alone; InputError `no-arm-fits` with the residual of each
    is; DegenerateError `too-few-poses`, or `poses-degenerate` where the poses determine no arm.
    """
    name = measurement or table.measurement
    if name == "joints":
        raise UsageError("joint values alone do not identify the arm", code="arm-needed", advice="name it: --arm ur5e")
    tried = _candidates(table, name, seed)
    tried.sort(key=lambda each: (round(each.residual.size, 9), int(each.arm.outside_limits(table.joints).sum())))
    if tried and arm_fits(tried[0].arm, table, name, seed=seed):
        return _result(tried, None)
    readable = [
        (each.arm, found[0]) for each in tried if (found := diagnose(each.arm, table, name, seed=seed, depth=1))
    ]
    advice = "name the arm, or give a file of its own: --arm my_arm.yaml, --arm my_arm.urdf"
    if readable:
        # among arms of one family the true one is the best by far
        readable.sort(key=lambda pair: pair[1].other.size)
        arm, finding = readable[0]
        if fix:
            name = finding.interpretation.name
            same = [(arm, finding)] + [pair for pair in readable[1:] if pair[1].interpretation.name == name]
            return _result([ArmCandidate(found.apply_to_arm(arm), found.other) for arm, found in same], finding)
        advice = f"{arm.name} fits where {finding}; apply that with --fix-conventions"
    elif not any(np.isfinite(each.residual.position_m) for each in tried):
        _raise_why(tried, table, name, seed)
    raise InputError(
        f"no shipped arm of {table.joints.shape[1]} joints fits",
        code="no-arm-fits",
        where=table.name,
        why=_how_far(tried, table),
        advice=advice,
    )


def arm_fits(arm: SerialArm, table: PoseTable, measurement: str, *, seed: int = 0) -> bool:
    """Whether a table is that of an arm: what is left is far from chance, and no length or twist has to be another."""
    sample = sample_rows(table)
    left = residual_of_sample(arm, sample, measurement, seed)
    if left.sound:
        return True
    if not belongs(arm, sample, measurement, left, seed):
        return False
    away = departure(arm, table, measurement, seed=seed)
    return away is None or away.plausible


def nearest_arm(table: PoseTable, measurement: str, *, seed: int = 0) -> ArmCandidate | None:
    """The shipped arm that leaves least of a table, whether it fits or not; None without one of its joints."""
    return min(_candidates(table, measurement, seed), key=lambda each: each.residual.size, default=None)


def _candidates(table: PoseTable, measurement: str, seed: int) -> list[ArmCandidate]:
    """Every shipped arm of the table's joints."""
    arms = [arm for arm in map(load_geometry, shipped_arms()) if arm.prismatic == table.prismatic]
    return [ArmCandidate(arm, residual(arm, table, measurement, seed=seed)) for arm in arms]


def _result(tried: list[ArmCandidate], finding: ConventionFinding | None) -> ArmSearch:
    best = tried[0].arm
    identical = tuple(each.arm.name for each in tried[1:] if _same_geometry(best, each.arm))
    return ArmSearch(tuple(tried), identical, finding)


def _same_geometry(one: SerialArm, other: SerialArm) -> bool:
    off = np.abs(link_constants(one) - link_constants(other)).max()
    return bool(off < IDENTICAL and np.array_equal(one.motion_from_command, other.motion_from_command))


def _raise_why(tried: list[ArmCandidate], table: PoseTable, name: str, seed: int) -> None:
    """Raise what keeps every arm from being placed: poses all alike, for one."""
    for each in tried:
        load_measurement(name).start(base_from_flange(each.arm, table.joints), table, seed)


def _how_far(tried: list[ArmCandidate], table: PoseTable) -> str:
    """Every arm with its residual, the nearest first."""
    if not tried:
        kinds = "".join("P" if slides else "R" for slides in table.prismatic)
        return f"no shipped arm has joints {kinds} (R turns, P slides)"
    nearest = sorted(tried, key=lambda each: (each.residual.position_m, each.arm.name))
    return "median residuals: " + "; ".join(map(str, nearest))
