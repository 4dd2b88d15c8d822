"""Is the arm accurate enough now, and if not, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from calib.robot.evaluation.uncertainty import CHI3_95

if TYPE_CHECKING:
    from calib.robot.calibration import ArmCalibration

Grade = Literal["good", "usable", "do not use"]

# What settled arms leave at every joint: 0.004 (UR10), 0.006 (IRB 120) and 0.02 deg (a hand-held camera's noise with
# it) with all effects; the same IRB 120 0.024 with joints that were read before it stood still.
USUAL_JOINT_ERROR_DEG = 0.015
MOST_LEFT_OUT = 0.05  # share of rows beyond which leaving them out deserves a word
FEWEST_JUDGES = 10  # poses whose mean is known to a fifth or so
OVERFIT = 1.5  # times larger errors on rows that were not fitted
LEAST_GAIN = 0.1  # relative, below which the arm was as good before
UNSURE = 1.0  # of the error itself: an uncertainty as large says that more poses would help


@dataclass(frozen=True)
class Verdict:
    """A grade, the reason for it in one sentence, and what to do next, most useful first."""

    grade: Grade
    reason: str
    advice: tuple[str, ...]


def judge(calibration: ArmCalibration) -> Verdict:
    """Grade an identification by rows that were not fitted, and by what it does not know."""
    judged = calibration.judged
    advice = _advice(calibration)
    if judged is None:
        return Verdict(
            "usable",
            f"{calibration.fitted.after} on the rows fitted, but nothing was held out to judge by",
            ("leave --holdout at 0.2, or give --validate another.csv", *advice),
        )
    other = calibration.validation is not None
    new = "the other table" if other else "poses not fitted"
    numbers = f"{judged.before} -> {judged.after} on {new}"
    if judged.worse:
        change = "the arm or its set-up has changed between the two tables"
        remedy = "measure more poses, or estimate less: --model offsets"
        return Verdict("do not use", f"worse than the nominal arm: {numbers}", (change if other else remedy, *advice))
    if calibration.expected_rank is not None and calibration.identifiability.rank < calibration.expected_rank:
        lost = calibration.expected_rank - calibration.identifiability.rank
        return Verdict("usable", f"{numbers}, but {lost} more parameters than usual cannot be told apart", advice)
    if judged.after.position_mm.mean > (1 - LEAST_GAIN) * judged.before.position_mm.mean:
        return Verdict("usable", f"hardly better than the nominal arm: {numbers}", advice)
    if angles := angles_do_not_fit(calibration):
        return Verdict("usable", f"{numbers}, but {angles}", advice)
    if advice:
        return Verdict("usable", f"{numbers}, but see below", advice)
    return Verdict("good", numbers, ())


def angles_do_not_fit(calibration: ArmCalibration) -> str:
    """Why the joint angles are in doubt; empty if they are not."""
    error = np.degrees(calibration.joint_error_rad)
    if error <= USUAL_JOINT_ERROR_DEG:
        return ""
    return (
        f"the joint angles do not fit as well as they should: what is left equals an error of {error:.3f} deg at every "
        f"joint, {USUAL_JOINT_ERROR_DEG:g} at most is usual"
    )


def tool_position_mm(calibration: ArmCalibration) -> tuple[float, float]:
    """Radius in mm that holds the measured point's position with 95 %: at the median pose of the range of motion, and
    below which 95 % of them stay."""
    radius = 1000 * CHI3_95 * calibration.tool_sigma_m
    return float(np.median(radius)), float(np.quantile(radius, 0.95))


def _advice(calibration: ArmCalibration) -> tuple[str, ...]:
    found = []
    fitted, judged = calibration.fitted, calibration.judged
    richer = calibration.model in ("full", "auto")
    if angles_do_not_fit(calibration):
        hint = "" if richer else "try --model auto; "
        found.append(f"{hint}read joints after the arm has settled, or use commanded values; check the instrument")
    rows = len(fitted.sizes[next(iter(fitted.sizes))])
    if len(fitted.outliers) > MOST_LEFT_OUT * rows:
        found.append(f"{len(fitted.outliers)} of {rows} rows do not fit: look for what they have in common")
    if judged is not None and calibration.heldout is judged:
        if judged.after.rows < FEWEST_JUDGES:
            found.append(f"only {judged.after.rows} rows to judge by: measure more poses")
        # medians: outliers do not move them
        if judged.after.position_mm.median > OVERFIT * fitted.after.position_mm.median:
            found.append("poses not fitted fit much worse than the others: measure more, or estimate less")
    if judged is not None and tool_position_mm(calibration)[0] > UNSURE * judged.after.position_mm.p95:
        found.append("the arm's position over its range is less certain than its errors are large: spread the poses")
    if calibration.as_is is not None and calibration.as_is.worse:
        found.append("with base and target as they were, the other table fits worse than with the nominal arm")
    return tuple(found)
