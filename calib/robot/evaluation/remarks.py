"""What is to be said of an identification besides its figures: what was found, assumed, or is weakly determined."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from calib.estimate import drift_remarks
from calib.robot.identification.model import AS_BUILT
from calib.robot.identification.residuals import ARM_BLOCK
from calib.text import one_line, with_sigma

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.arm_model import Arm
    from calib.robot.identification.robust_fit import Fit

DISCARDED = "the compensation stored with the nominal arm is discarded: it is valid only with that arm's parameters"
OPEN = (
    "{}: where the target is on the flange is not separable from where the base is; the target is kept near the "
    "flange, which changes nothing at the orientations measured"
)
CARRIED = (
    "the chain carries the weight of {} as well, which is not modelled: keep it where it is while measuring, and later"
)
ZEROS = "zero positions against the arm file: {}"
LENGTHS = "lengths against the arm file: {}"
WEAK = "weakly determined, held near nominal by the prior: {}; spread the poses, or measure points off the last axis"
MANY_SIGMAS = 3.0


def remarks_of(nominal: Arm, fitted: Fit, of_stage: tuple[str, ...]) -> tuple[str, ...]:
    """What was assumed, whether errors drift, and which parameters are weakly determined."""
    discarded = (DISCARDED,) if nominal.correction else ()
    left = fitted.model.open
    open_frames = () if left is None else (OPEN.format(left.what),)
    weak = [label.quantity for label in fitted.prior_dominated]
    changed = _changes_of_zeros(nominal.geometry, fitted) + _changes_of_lengths(nominal.geometry, fitted)
    drift = drift_remarks(fitted.uncertainty, "poses")
    others = nominal.geometry.carried
    carried = (CARRIED.format(" and ".join(map(one_line, others))),) if others else ()
    return (
        *carried,
        *changed,
        *open_frames,
        *discarded,
        *of_stage,
        *drift,
        *((WEAK.format(", ".join(weak)),) if weak else ()),
    )


def _changes_of_zeros(nominal: SerialArm, fitted: Fit) -> tuple[str, ...]:
    """The zero positions of joints that are not those of the arm file, by more than arms are built to."""
    found = [
        f"joint {joint + 1} {change}"
        for joint, column in enumerate(nominal.motion_columns.tolist())
        if nominal.labels[column].angular and (change := _change(nominal, fitted, column))
    ]
    return (ZEROS.format(", ".join(found)),) if found else ()


def _changes_of_lengths(nominal: SerialArm, fitted: Fit) -> tuple[str, ...]:
    """The same of lengths: a flange with a plate on it, a part of another size."""
    found = [
        f"{label.quantity} {change}"
        for column, label in enumerate(nominal.labels)
        if not label.angular and (change := _change(nominal, fitted, column))
    ]
    return (LENGTHS.format(", ".join(found)),) if found else ()


def _change(nominal: SerialArm, fitted: Fit, column: int) -> str:
    """The change of a parameter in mm or deg; empty where it is as arms are built, or not significant."""
    label = nominal.labels[column]
    if label in fitted.model.held:
        return ""
    change = float(fitted.values[ARM_BLOCK][0][column] - nominal.parameters[column])
    sigma = fitted.uncertainty.sigma(label)
    if abs(change) < MANY_SIGMAS * max(AS_BUILT[label.angular], sigma):
        return ""
    factor, unit = (math.degrees(1.0), "deg") if label.angular else (1000.0, "mm")
    return f"{'-' if change < 0 else '+'}{with_sigma(factor * abs(change), factor * sigma)} {unit}"
