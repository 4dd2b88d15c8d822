"""A quick fit of an arm to a sample of rows: what the arm would have to be for the table to be its own."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from calib.errors import CalibError
from calib.robot.effect import conditions_of
from calib.robot.identification.model import PLAUSIBLE, Model, model_rows
from calib.robot.identification.noise import plausible_rows
from calib.robot.identification.residuals import ARM_BLOCK
from calib.robot.identification.robust_fit import fit
from calib.robot.measurement import load_measurement

if TYPE_CHECKING:
    from calib.engine.label import Label
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable


def fit_to_sample(
    arm: SerialArm,
    sample: PoseTable,
    measurement: str,
    free: Collection[Label],
    *,
    angle_rad: float = PLAUSIBLE[1],
    seed: int = 0,
) -> SerialArm | None:
    """The arm with its free labels fitted to all rows of a sample, from the closed form and robustly.

    angle_rad: standard deviation of a prior on the angles. None where the rows determine no frames.
    """
    kind = load_measurement(measurement)
    try:
        start = kind.start(arm.base_from_flange(sample.joints), sample, seed)
        held = frozenset(arm.labels) - frozenset(free)
        model = Model(arm, kind, arm, held=held, tolerance=(PLAUSIBLE[0], angle_rad), open=start.open)
        rows = model_rows(model, sample, conditions_of(sample, None))
        fitted = fit(model, rows, start.values, plausible_rows(start.size))
    except CalibError:
        return None
    return arm.with_parameters(fitted.values[ARM_BLOCK][0])
