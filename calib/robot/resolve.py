"""Which arm, and in which conventions: settled before anything is identified.

The arm is found where none is named. Table and arm are interpreted in the units, orders and signs in which they fit:
applied on request, else named in an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.errors import InputError, UsageError
from calib.robot.arm.read import load_geometry, shipped_arms
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm_file import load_arm
from calib.robot.arm_model import Arm
from calib.robot.conventions.departure import departure
from calib.robot.conventions.diagnose import DEPTH, ConventionFinding, diagnose
from calib.robot.conventions.find_arm import find_arm, nearest_arm
from calib.robot.conventions.open_readings import read_for_arms
from calib.robot.conventions.residual import DECISIVE, Residual, belongs, residual, sample_rows
from calib.robot.conventions.zero_behind import with_zeros_off
from calib.robot.conventions.zero_positions import find_offsets, fit_zeros
from calib.robot.identification.free_parameters import check_travel, free_set

if TYPE_CHECKING:
    from pathlib import Path

    from calib.robot.identification.request import Request
    from calib.robot.table.pose_table import PoseTable

OnProgress = Callable[[int, int], object]
INTERPRETED = "conventions applied: {}"


@dataclass(frozen=True, eq=False)
class ResolvedArm:
    """An arm and a table in the conventions in which they are consistent."""

    arm: Arm
    """As interpreted."""
    table: PoseTable
    """As interpreted."""
    notes: tuple[str, ...] = ()
    """Remarks on what was assumed."""
    start: SerialArm | None = None
    """The arm with the zero positions that were found, from which the identification starts; None: as it is."""


@dataclass(frozen=True)
class ConventionPolicy:
    """How conventions are settled."""

    measurement: str
    """The measurement by whose closed form they are tried."""
    fix: bool = False
    """Whether other units, orders and signs are applied if they are what fits; else an error names them."""
    global_start: bool = False
    """Whether the joints' zero positions are searched for."""
    seed: int = 0
    """Of the random samples."""
    on_progress: OnProgress | None = None
    """on_progress(done, total) of the search for zero positions."""


def resolve_arm(
    table: PoseTable, arm: Arm | SerialArm | str | Path | None, request: Request, policy: ConventionPolicy
) -> ResolvedArm:
    """The arm named, or else the shipped one that fits, in the conventions in which it fits the table.

    Raises UsageError `arm-needed`, `unknown-label`; the errors of `load_arm`, `find_arm`, `check_travel` and
    `resolve_conventions`.
    """
    if policy.global_start and arm is None:
        advice = "calib robot --poses poses.csv --arm my_arm.yaml --global-start"
        raise UsageError("--global-start needs --arm", code="arm-needed", advice=advice)
    known = None if arm is None else as_arm(arm)
    arms = [known.geometry] if known is not None else [load_geometry(name) for name in shipped_arms()]
    table, notes = read_for_arms(table, arms, policy.measurement, seed=policy.seed)
    named = _search_arm(table, policy) if known is None else ResolvedArm(known, table)
    named = replace(named, notes=(*notes, *named.notes))
    requested = free_set(named.arm.reference_arm, request.model, request.fix, request.free)
    check_travel(named.arm.geometry, named.table, requested.fixed)  # a constant column fits no arm
    return _search_zeros(named, policy) if policy.global_start else resolve_conventions(named, policy)


def as_arm(arm: Arm | SerialArm | str | Path) -> Arm:
    """The arm itself, or of a geometry, a shipped name, a file."""
    if isinstance(arm, Arm):
        return arm
    return Arm(arm) if isinstance(arm, SerialArm) else load_arm(arm)


def resolve_conventions(named: ResolvedArm, policy: ConventionPolicy) -> ResolvedArm:
    """Arm and table in the units, orders and signs that fit, if requested, and where its zero positions are.

    Raises InputError `conventions` that names them if it was not, `arm-does-not-fit` where none fits.
    """
    arm = named.arm
    table, notes = read_for_arms(named.table, [arm.geometry], policy.measurement, seed=policy.seed)
    named = replace(named, table=table, notes=(*named.notes, *notes))
    if table.measurement == "joints" or table.joints.shape[1] != arm.joints:
        return named
    left = residual(arm.geometry, table, policy.measurement, seed=policy.seed)
    if left.sound:
        return named
    findings = diagnose(arm.geometry, table, policy.measurement, seed=policy.seed, depth=1)
    zeros = fit_zeros(arm.geometry, table, policy.measurement, seed=policy.seed)
    if zeros is not None and findings and findings[0].other.size < DECISIVE * zeros.after.size:
        zeros = None  # what is exact explains as much as what is fitted
    if zeros is not None and not _why_misfit(zeros.arm, table, zeros.after, policy):
        return replace(named, start=zeros.arm)  # the identification reports by how much
    why = "" if findings else _why_misfit(arm.geometry, table, left, policy)
    if why:
        _require_no_other_arm(named, left, why, policy)
        # no single mistake explains it: now what takes seconds
        findings = with_zeros_off(arm.geometry, table, policy.measurement, left, seed=policy.seed) or diagnose(
            arm.geometry, table, policy.measurement, seed=policy.seed, depth=DEPTH
        )
    if findings:
        return _in_reading(named, findings, policy)
    if why:
        advice = (
            "omit --arm to try every shipped arm; check joint values and their order; "
            "--global-start if the zero positions of the joints are unknown"
        )
        raise _does_not_fit(named, left, why, advice)
    return named


def _in_reading(named: ResolvedArm, findings: tuple[ConventionFinding, ...], policy: ConventionPolicy) -> ResolvedArm:
    """Arm and table as the first finding has them, if requested; else InputError `conventions`."""
    if not policy.fix:
        raise InputError(
            f"the table is inconsistent with the arm as given; consistent if {findings[0].interpretation.name}",
            code="conventions",
            where=named.table.name,
            why="; or if ".join(str(each) for each in findings[:3]),
            advice="fix the table or the options, or apply the first with --fix-conventions",
        )
    geometry = named.arm.geometry
    changed = findings[0].apply_to_arm(geometry)
    arm, table = named.arm if changed is geometry else Arm(changed), findings[0].apply(named.table)
    zeros = fit_zeros(arm.geometry, table, policy.measurement, seed=policy.seed)
    notes = (*named.notes, INTERPRETED.format(findings[0]))
    return ResolvedArm(arm, table, notes, None if zeros is None else zeros.arm)


def _why_misfit(arm: SerialArm, table: PoseTable, left: Residual, policy: ConventionPolicy) -> str:
    """Why a table cannot be the arm's; empty where it may be, and where the poses are degenerate, which the
    identification reports.

    It is not where what is left is as chance would have it, or where a length or twist would have to be another.
    """
    if not np.isfinite(left.position_m):
        return ""
    if not belongs(arm, sample_rows(table), policy.measurement, left, policy.seed):
        return "rows dealt out by chance leave hardly more"
    away = departure(arm, table, policy.measurement, seed=policy.seed)
    return "" if away is None or away.plausible else f"{away} for it"


def _require_no_other_arm(named: ResolvedArm, left: Residual, why: str, policy: ConventionPolicy) -> None:
    """Raise InputError `arm-does-not-fit` where a shipped arm fits decisively better."""
    other = nearest_arm(named.table, policy.measurement, seed=policy.seed)
    if other is not None and DECISIVE * other.residual.size < left.size:
        advice = f"--arm {other.arm.name}, which leaves {other.residual}"
        raise _does_not_fit(named, left, why, advice)


def _does_not_fit(named: ResolvedArm, left: Residual, why: str, advice: str) -> InputError:
    return InputError(
        f"the table does not fit the arm {named.arm.name}: median residual {left}",
        code="arm-does-not-fit",
        where=named.table.name,
        why=why,
        advice=advice,
    )


def _search_arm(table: PoseTable, policy: ConventionPolicy) -> ResolvedArm:
    """The shipped arm that fits, and the table as interpreted with it."""
    search = find_arm(table, policy.measurement, fix=policy.fix, seed=policy.seed)
    note = f"no arm was named; the best fit: {search}"
    if search.finding is None:
        return ResolvedArm(Arm(search.arm), table, (note,))
    return ResolvedArm(Arm(search.arm), search.finding.apply(table), (note, INTERPRETED.format(search.finding)))


def _search_zeros(named: ResolvedArm, policy: ConventionPolicy) -> ResolvedArm:
    """The arm with joint offsets found by search."""
    zeros = find_offsets(
        named.arm.geometry, named.table, policy.measurement, seed=policy.seed, on_progress=policy.on_progress
    )
    return replace(named, start=zeros.arm, notes=(*named.notes, str(zeros)))
