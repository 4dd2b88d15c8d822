"""The result of a cell's calibration: several arms in one world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.cell.arms import documents
from calib.cell.arms.report import report
from calib.cell.arms.summary import summary
from calib.cell.hand_eye.place import along_parent
from calib.cell.pose_estimates import pose_estimates
from calib.estimate import NORMAL_QUANTILE_975, Estimate
from calib.exports import ExportPart
from calib.formats.mount_format import MountedFrame
from calib.geometry import se3
from calib.need import Capability
from calib.result import Result
from calib.verdict import worst

if TYPE_CHECKING:
    from calib.report.page import Report
    from calib.robot.evaluation.accuracy import Statistics
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.verdict import Verdict


@dataclass(frozen=True)
class HandOver:
    """The error with which one arm takes a point from another, mm over pairs of poses."""

    giver: str
    taker: str

    before: Statistics
    """With the nominal arms."""

    after: Statistics
    """With the identified arms."""


@dataclass(frozen=True, eq=False, repr=False)
class CellCalibration(Result):
    """Several arms in one world, and how well one hands a point to another."""

    world: str
    """What all were measured in, in words."""

    before: dict[str, ArmCalibration]
    """The nominal arms with their frames fitted, by name."""

    arms: dict[str, ArmCalibration]
    """The arms identified, by name."""

    hand_overs: tuple[HandOver, ...]
    """Between every two arms, on poses held out."""

    def world_from_base(self, name: str) -> Array:
        """The pose of an arm's base, (4, 4)."""
        return np.asarray(self.arms[name].frames["world_from_base"].reshape(4, 4))

    def base_sigma(self, name: str) -> tuple[float, float]:
        """Standard deviations of a base's position and orientation: rms over the axes, m and rad."""
        fit = self.arms[name].fit
        known = [fit.uncertainty.sigma(f"world_from_base.{label}") for label in se3.TANGENT]
        return float(np.sqrt(np.mean(np.square(known[:3])))), float(np.sqrt(np.mean(np.square(known[3:]))))

    @property
    def finding(self) -> Verdict:
        """That on the weakest arm, by name."""
        findings = {name: _in_world(arm) for name, arm in self.arms.items()}
        grade = worst(found.grade for found in findings.values())
        name, found = next(pair for pair in findings.items() if pair[1].grade == grade)
        return replace(found, reason=f"{name}: {found.reason}")

    @property
    def capability(self) -> Capability:
        """The larger error of handing a point over, or of an arm by itself; orientations, of the least accurate arm."""
        alone = {name: arm.capability for name, arm in self.arms.items()}
        sizes: dict[str, float] = {}
        of: dict[str, str] = {}
        for name, able in alone.items():
            for unit, size in able.sizes.items():
                if size > sizes.get(unit, 0.0):
                    sizes[unit], of[unit] = size, f"{name}: {able.of[unit]}"
        for over in self.hand_overs:
            if over.after.p95 > sizes["mm"]:
                sizes["mm"], of["mm"] = over.after.p95, f"a point that {over.giver} hands to {over.taker}"
        return Capability(sizes, of)

    @cached_property
    def parameters(self) -> Mapping[str, Estimate]:
        """The pose of every base, such as `world_from_base[left].x_m`; those of the arms are in `arms`."""
        found: dict[str, Estimate] = {}
        for name, arm in self.arms.items():
            pose, fit = self.world_from_base(name), arm.fit
            labels = tuple(f"world_from_base.{label}" for label in se3.TANGENT)
            covariance = along_parent(fit.uncertainty.covariance(labels), pose)
            found |= pose_estimates("world_from_base", pose, covariance, NORMAL_QUANTILE_975, name)
        return found

    def summary(self) -> str:
        """The terminal's lines: every arm with its errors and its base, every hand-over, the verdicts."""
        return summary(self)

    @property
    def random_seed(self) -> int | None:
        """Of every arm's split."""
        return next((arm.random_seed for arm in self.arms.values()), None)

    def document(self) -> dict[str, Any]:
        """The result as plain data; under `arms` what `calib robot --json` prints of each."""
        return documents.as_document(self)

    def files(self) -> Mapping[str, str | bytes]:
        """`cell.yaml` with the pose of every base, and an `arm.yaml` in a folder per arm."""
        return documents.files(self)

    def export_parts(self) -> tuple[ExportPart, ...]:
        """The bases, and every arm in its folder."""
        bases = tuple(MountedFrame(self.world, f"{name}_base", self.world_from_base(name)) for name in self.arms)
        arms = (ExportPart("arms", found.arm.geometry, f"{name}/") for name, found in self.arms.items())
        return (ExportPart("mounts", bases), *arms)

    def report(self) -> Report:
        """What `report.html` shows."""
        return report(self)

    def rows(self) -> list[dict[str, Any]]:
        """One dict per row of every arm's table: as `ArmCalibration.rows`, with the arm's name."""
        return documents.rows(self)


def _in_world(arm: ArmCalibration) -> Verdict:
    """The verdict on an arm that works in one world with others: where its base is counts, too."""
    change, found = arm.evaluation.fitted.change, arm.finding
    return replace(found, grade="do not use") if change is not None and change.decisive_in_world else found
