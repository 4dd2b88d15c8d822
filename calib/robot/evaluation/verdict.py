"""Is the arm accurate enough now, and if not, what to do next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.robot.identification.free_parameters import still_joints
from calib.robot.table.select import select_rows
from calib.verdict import Grade, Verdict

if TYPE_CHECKING:
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.robot.evaluation.changes import SessionChange
    from calib.robot.evaluation.evaluate import Comparison

# What settled arms leave at every joint: 0.004 (UR10), 0.006 (IRB 120) and 0.02 deg (a hand-held camera's noise with
# it) with all effects; the same IRB 120 0.024 with joints that were read before it stood still.
USUAL_JOINT_ERROR_DEG = 0.015
MOST_REJECTED = 0.05  # share of rows beyond which their rejection is mentioned
FEWEST_HELD_OUT = 10  # poses whose mean is known to a fifth or so
MOSTLY_CORRECTED = 0.2  # of the nominal arm's error: what is left, however large, is no doubt of what was corrected
OVERFIT = 1.5  # times larger errors on rows that were not fitted, beyond chance
LEAST_GAIN = 0.1  # relative, below which the arm was as good before
SEPARATE = "for other orientations, add poses that turn the flange about at least two axes, by 30 deg or more"
COMPUTED = (
    "what the table holds agrees with the joint values to {:.1g} mm: it was computed by the controller, not measured; "
    "the arm identified is the controller's own"
)
MEASURE = "measure where the flange is with an instrument that is no part of the robot: a tracker, a camera, a gauge"
SCALE = (
    "check the instrument's scale (its unit, a draw-wire's drum, the size of a board's squares); or, where the nominal "
    "lengths are to be trusted, estimate it: --scale free"
)
CHANGED_BETWEEN = "the arm or its set-up has changed between the two tables"
ESTIMATE_LESS = "measure more poses, or estimate fewer parameters: --model offsets"
WORST_MM = 5.0  # by which ordinary arms are off out of the box: known no better, positions are not known
PAIRED = "check that each row holds the joint values of its own measurement, and its own target's name"
GOOD_MM = 0.5  # the accuracy for which arms are calibrated: positions known as well leave no doubt


def verdict_of(calibration: ArmCalibration) -> Verdict:
    """The grade of an identification: by rows that were not fitted, and by what is not determined."""
    if calibration.computed:
        off = 1000 * float(np.max(next(iter(calibration.evaluation.fitted.sizes.values()))))
        return Verdict("do not use", COMPUTED.format(off), (MEASURE,))
    decisive = calibration.evaluation.decisive
    advice = _advice(calibration)
    if decisive is None:
        numbers = f"{calibration.evaluation.fitted.after} on the rows fitted, but no rows were held out to validate it"
        advice = ("leave --holdout at 0.2, or give --validate another.csv", *advice)
    else:
        where = "held-out poses" if calibration.evaluation.validation is None else "the other table"
        numbers = f"{decisive.before} -> {decisive.after} on {where}"
    refusal = None if decisive is None else _refusal(calibration, decisive, numbers)
    if change := _change(calibration):  # first: whatever else is wrong may follow from it
        grade: Grade = "do not use" if change.decisive or refusal else "usable"
        return Verdict(grade, f"{change}; {numbers}", (change.advice, *advice))
    if refusal:
        return replace(refusal, advice=(*refusal.advice, *advice))
    if decisive is None:
        return Verdict("usable", numbers, advice)
    if (left := calibration.fit.model.open) is not None:
        return Verdict("usable", f"{numbers}, of orientations such as these: {left.what}", (SEPARATE, *advice))
    if doubt := _doubt(calibration):
        return Verdict("usable", f"{numbers}, but {doubt}", advice)
    if (ratio := _share_left(decisive)) > 1 - LEAST_GAIN:
        gain = "little better" if ratio < 1 else "no better"
        return Verdict("usable", f"{gain} than the nominal arm: {numbers}", advice)
    if ratio > MOSTLY_CORRECTED and (excess := _excess_joint_error(calibration)):
        return Verdict("usable", f"{numbers}, but {excess}", advice)
    if advice:
        return Verdict("usable", f"{numbers}, but see below", advice)
    return Verdict("good", numbers)


def _refusal(calibration: ArmCalibration, decisive: Comparison, numbers: str) -> Verdict | None:
    """Why a result is not to be used, and what to do first; None where it may be."""
    if decisive.worse:
        other = calibration.evaluation.validation is not None
        remedy = CHANGED_BETWEEN if other else ESTIMATE_LESS
        return Verdict("do not use", f"worse than the nominal arm: {numbers}", (remedy,))
    scale = calibration.length_scale
    if scale is not None and scale.decisive:
        reason = f"every length is {scale} times the nominal one: the instrument's scale, for no arm is built so"
        return Verdict("do not use", f"{reason}; {numbers}", (SCALE,))
    if unknown := _unknown_positions(calibration, decisive):
        mispaired = decisive.after.position_mm.median > WORST_MM
        return Verdict("do not use", f"{unknown}: {numbers}", (PAIRED,) * mispaired, imprecise=not mispaired)
    return None


def _doubt(calibration: ArmCalibration) -> str:
    """What is not determined that usually is; empty if nothing is."""
    if unmoved := _doubt_of_still_joints(calibration):
        return unmoved
    lost = calibration.identifiability.lost
    more = "1 more parameter than usual is" if lost == 1 else f"{lost} more parameters than usual are"
    return f"{more} not observable" if lost else ""


def _unknown_positions(calibration: ArmCalibration, decisive: Comparison) -> str:
    """Why positions are as good as unknown; empty if they are not.

    Where rows are mispaired, the nominal arm seems to be off by more than any uncertainty: hence the second limit.
    """
    unsure = calibration.uncertainty.position_95_mm[0]
    if unsure > decisive.before.position_mm.p95:
        return f"positions are uncertain by {unsure:.2g} mm where the arm moves, more than the nominal arm is off"
    if not unsure <= WORST_MM:
        return (
            f"positions are uncertain by {unsure:.2g} mm where the arm moves, arms are off by less before calibration"
        )
    return ""


def _change(calibration: ArmCalibration) -> SessionChange | None:
    """What changed while one of the tables was measured, that of the fit first."""
    evaluation = calibration.evaluation
    other = evaluation.validation
    return evaluation.fitted.change or (None if other is None else other.change)


def _share_left(comparison: Comparison) -> float:
    """The error of the identified arm as a share of the nominal arm's."""
    return comparison.after.position_mm.mean / max(comparison.before.position_mm.mean, 1e-300)


def _doubt_of_still_joints(calibration: ArmCalibration) -> str:
    """Which joints stood still, and what follows; empty if none did."""
    arm, fitted = calibration.nominal.geometry, calibration.evaluation.fitted.table
    still = still_joints(arm, select_rows(fitted, calibration.fit.used))
    if not still:
        return ""
    names = " and ".join(str(joint + 1) for joint in still)
    anywhere = calibration.uncertainty.anywhere_95_mm[0]
    return (
        f"joint{'s' if len(still) > 1 else ''} {names} hardly moved: where {'they are' if len(still) > 1 else 'it is'} "
        f"elsewhere, positions are uncertain by {anywhere:.2g} mm"
    )


def _excess_joint_error(calibration: ArmCalibration) -> str:
    """Why the joint angles are in doubt; empty if they are not."""
    error = np.degrees(calibration.uncertainty.joint_error_rad)
    if error <= USUAL_JOINT_ERROR_DEG:
        return ""
    return (
        f"the residuals are larger than usual: they equal an error of {error:.3f} deg at every joint, "
        f"{USUAL_JOINT_ERROR_DEG:g} or less is usual"
    )


def _advice(calibration: ArmCalibration) -> tuple[str, ...]:
    """What to do next, most useful first."""
    found = []
    evaluation = calibration.evaluation
    fitted, decisive = evaluation.fitted, evaluation.decisive
    if _excess_joint_error(calibration) and not (decisive and _share_left(decisive) <= MOSTLY_CORRECTED):
        hint = "" if calibration.request.model in ("full", "auto") else "try --model auto; "
        found.append(f"{hint}read joints after the arm has settled, or use commanded values; check the instrument")
    rows = len(fitted.table.joints)
    if len(fitted.outliers) > MOST_REJECTED * rows:
        found.append(f"{len(fitted.outliers)} of {rows} rows are rejected: check whether they share a cause")
    if decisive is not None and decisive is evaluation.heldout:
        found += _advice_on_heldout(fitted, decisive)
    if decisive and calibration.uncertainty.position_95_mm[0] > max(decisive.after.position_mm.p95, GOOD_MM):
        found.append("the predicted position uncertainty exceeds the measured error: spread the poses")
    if evaluation.validation_frames_held is not None and evaluation.validation_frames_held.worse:
        found.append("with base and target held, the other table fits worse than with the nominal arm")
    return tuple(found)


def _advice_on_heldout(fitted: Comparison, heldout: Comparison) -> list[str]:
    found = []
    rows = heldout.after.rows
    # two standard errors of a mean of lengths, whose standard deviation is 0.4 of it
    if rows < FEWEST_HELD_OUT and _share_left(heldout) * (1 + 0.8 / np.sqrt(rows)) > MOSTLY_CORRECTED:
        found.append(f"only {rows} rows are held out: measure more poses")
    if heldout.times_larger(fitted) > OVERFIT:
        found.append(
            "errors on held-out poses are much larger than on fitted ones: "
            "measure more poses, or estimate fewer parameters"
        )
    return found
