"""What is to be said of an identification besides its figures: what was found, assumed, or is weakly determined."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from calib.robot.conventions.zero_positions import LEAST_ZERO_RAD
from calib.robot.identification.residuals import ARM_BLOCK
from calib.text import with_sigma

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.arm_model import Arm
    from calib.robot.identification.robust_fit import Fit

DISCARDED = "the compensation stored with the nominal arm is discarded: it is valid only with that arm's parameters"
OPEN = (
    "{}: where the target is on the flange is not separable from where the base is; the target is kept near the "
    "flange, which changes nothing at the orientations measured"
)
DRIFT = (
    "errors drift over the session: those of neighbouring poses correlate by {:.2f}; intervals hold for poses measured "
    "in the same session, and less for another"
)
ZEROS = "zero positions against the arm file: {}"
WEAK = "weakly determined, held near nominal by the prior: {}; spread the poses, or measure points off the last axis"
MANY_SIGMAS = 3.0


def remarks_of(nominal: Arm, fitted: Fit, of_stage: tuple[str, ...]) -> tuple[str, ...]:
    """What was assumed, whether errors drift, and which parameters are weakly determined."""
    discarded = (DISCARDED,) if nominal.correction else ()
    left = fitted.model.open
    open_frames = () if left is None else (OPEN.format(left.what),)
    weak = [label.quantity for label in fitted.prior_dominated]
    zeros = _zero_changes(nominal.geometry, fitted)
    scatter = fitted.uncertainty.scatter
    drift = (DRIFT.format(scatter.drift),) if scatter is not None and scatter.drifts else ()
    return (*zeros, *open_frames, *discarded, *of_stage, *drift, *((WEAK.format(", ".join(weak)),) if weak else ()))


def _zero_changes(nominal: SerialArm, fitted: Fit) -> tuple[str, ...]:
    """The zero positions of joints that are not those of the arm file, by more than arms are built to."""
    known, found = fitted.uncertainty, dict(zip(nominal.labels, fitted.values[ARM_BLOCK][0].tolist(), strict=True))
    remarks = []
    for joint, label in ((joint, nominal.labels[column]) for joint, column in enumerate(nominal.motion_columns)):
        change = found[label] - nominal.parameters[nominal.labels.index(label)]
        estimated = label.angular and label not in fitted.model.held
        if estimated and abs(change) > max(LEAST_ZERO_RAD, MANY_SIGMAS * known.sigma(label)):
            amount = with_sigma(math.degrees(abs(change)), math.degrees(known.sigma(label)))
            remarks.append(f"joint {joint + 1} {'-' if change < 0 else '+'}{amount} deg")
    return (ZEROS.format(", ".join(remarks)),) if remarks else ()
