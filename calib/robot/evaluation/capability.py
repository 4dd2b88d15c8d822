"""What an arm is good for: how far its flange is from where it is taken to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.need import CHI3_95, Capability
from calib.robot.measurements.pose import TARGET

if TYPE_CHECKING:
    from calib.robot.evaluation.arm_calibration import ArmCalibration


def capability_of(calibration: ArmCalibration) -> Capability:
    """Of the measured point, in mm, and of its orientation, in deg, where that is measured.

    The 95th percentile of the errors on rows that were not fitted, the instrument's noise in them; or what the
    covariance leaves unknown where the arm moves, if that is more. Without rows held out, both together.
    """
    evaluation = calibration.evaluation
    known, decisive = calibration.uncertainty.position_95_mm[1], evaluation.decisive
    rows = decisive or evaluation.fitted
    judged = rows.without_outliers or rows.after  # which are the instrument's, not the arm's
    left = judged.position_mm.p95
    size = max(left, known) if decisive else float(np.hypot(left, known))
    sizes, of = {"mm": size}, {"mm": f"the measured {calibration.measurement.components[0].name}"}
    turn = np.inf
    if judged.orientation_deg is not None:
        sizes["deg"] = judged.orientation_deg.p95
        of["deg"] = "its orientation"
        turn = np.radians(judged.orientation_deg.p95)
    return Capability(sizes, of, "flange", _at_flange(_middle(calibration), size / 1000, float(turn)))


def _middle(calibration: ArmCalibration) -> Array:
    """(3,) the mean of the targets on the flange; NaN where nothing is on it."""
    found = calibration.frames.get(TARGET)
    if found is None:
        return np.full(3, np.nan)
    points = found[..., :3, 3] if found.shape[-2:] == (4, 4) else found
    return np.asarray(points.reshape(-1, 3).mean(axis=0))


def _at_flange(point: Array, radius: float, turn: float) -> Array:
    """Covariance (6, 6) of the flange, of a point (3,) off by a radius and its frame turned by an angle with 95 %,
    alike along all axes and independent; NaN where either is not known."""
    if not (np.isfinite(turn) and np.isfinite(point).all()):
        return np.full((6, 6), np.nan)
    x, y, z = -point
    lever = np.array([(0.0, z, -y), (-z, 0.0, x), (y, -x, 0.0)])
    back = np.block([[np.eye(3), lever], [np.zeros((3, 3)), np.eye(3)]])
    sigma = np.repeat([radius, turn], 3) / CHI3_95
    return np.asarray(back @ np.diag(sigma**2) @ back.T)
