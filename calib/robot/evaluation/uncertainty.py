"""What the uncertainty of a calibration means where the arm works, and what its residuals would mean at the joints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.normal_equations.layout import layout_of
from calib.robot.arm.kinematics import flange_jacobian
from calib.robot.arm.workspace import random_commands
from calib.robot.effect import conditions_of
from calib.robot.identification.model import model_rows, pose_problem, residuals_at
from calib.robot.identification.residuals import ARM_BLOCK, flange_poses
from calib.robot.identification.robust_fit import Fit
from calib.robot.row_algebra import rows_last
from calib.robot.table.select import select_rows

if TYPE_CHECKING:
    from calib.robot.table.pose_table import PoseTable

SAMPLES = 400  # poses over the range of motion: their 95 % quantile is known to a percent of the poses
CHI3_95 = 2.7955  # radius of the sphere that holds 95 % of a three-dimensional Gaussian of unit standard deviation


@dataclass(frozen=True, eq=False)
class ArmUncertainty:
    """What an identification leaves unknown, where the arm works."""

    position_sigma_m: Array
    """(k,) of the measured point, per coordinate, at poses over the range of motion; where frames are open, at the
    poses measured, for no others follow."""
    anywhere_sigma_m: Array
    """(k,) the same at joint values over all of the arm's range."""
    joint_error_rad: float
    """See `joint_error`."""

    @property
    def position_95_mm(self) -> tuple[float, float]:
        """Radius that holds the position of the measured point with 95 %: the median over the range of motion, and its
        95th percentile."""
        return _radius_mm(self.position_sigma_m)

    @property
    def anywhere_95_mm(self) -> tuple[float, float]:
        """The same over all of the arm's range."""
        return _radius_mm(self.anywhere_sigma_m)


def _radius_mm(sigma_m: Array) -> tuple[float, float]:
    radius = 1000 * CHI3_95 * sigma_m
    return float(np.median(radius)), float(np.quantile(radius, 0.95))


def arm_uncertainty(fitted: Fit, final: Fit, training: PoseTable, reference_degc: float | None) -> ArmUncertainty:
    """The uncertainty of a fit to a table. final: the same with its compensation, if it has one."""
    used = select_rows(training, fitted.used)
    rng = np.random.default_rng(0)
    rows = rng.integers(len(used.joints), size=SAMPLES)
    low, high = used.joints.min(axis=0), used.joints.max(axis=0)
    moved = rng.uniform(low, high, (SAMPLES, len(low)))
    commands = moved if fitted.model.open is None else used.joints[rows]
    anywhere = random_commands(fitted.model.arm, SAMPLES, rng)
    sampled = select_rows(used, rows)
    return ArmUncertainty(
        position_sigma(fitted, sampled, commands, reference_degc),
        position_sigma(fitted, sampled, anywhere, reference_degc),
        joint_error(final, training, reference_degc),
    )


def position_sigma(fitted: Fit, table: PoseTable, joints: Array, reference_degc: float | None) -> Array:
    """Standard deviation (n,) in m, per coordinate, of where the measured point of every row is predicted.

    At joint values (n, joints) and the conditions of the rows of a table, from the covariance of everything that was
    estimated, frames included.
    """
    away = replace(table, joints=joints)
    # where the target is, not what an instrument on the flange would measure from there
    model = replace(fitted.model, measurement=fitted.model.measurement.reported.fixed)
    problem = pose_problem(model, model_rows(model, away, conditions_of(away, reference_degc)), fitted.values)
    _, jacobians = problem.residuals[0].evaluate(problem.start, slice(0, len(joints)))
    layout = layout_of(problem)
    part = model.measurement.components[0]
    columns = np.concatenate([jacobian[:, part.part] for jacobian in jacobians], axis=2)[:, :, layout.free]
    covariance = fitted.uncertainty.covariance(layout.shared_labels())
    covariance = np.where(np.isfinite(covariance), covariance, 0.0)
    variance = np.einsum("ndi,ij,ndj->n", columns, covariance, columns) / part.size
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def joint_error(fitted: Fit, table: PoseTable, reference_degc: float | None) -> float:
    """The error in rad that every turning joint would have to make, independently, to explain what is left over.

    The residuals of the first component over the rows fitted, divided by the rms of how they follow the joints.
    """
    kept = select_rows(table, fitted.used)
    model = replace(fitted.model, measurement=fitted.model.measurement.reported)
    rows = model_rows(model, kept, conditions_of(kept, reference_degc))
    part = model.measurement.components[0].part
    residuals = residuals_at(model, rows, fitted.values)[:, part]
    some = slice(0, 2000)
    poses = flange_poses(model.arm, kept.joints, rows.bases, fitted.values)[some]
    by_flange = model.measurement.residual(kept)(fitted.values, poses, some).by_flange[part]
    by_command = rows_last(flange_jacobian(model.arm, kept.joints[some], fitted.values[ARM_BLOCK][0])[2])
    turning = ~np.array(model.arm.prismatic)
    lever = np.einsum("dan,ajn->djn", by_flange, by_command)[:, turning]
    return float(
        np.sqrt(np.sum(np.mean(residuals**2, axis=0)) / max(float(np.mean(np.sum(lever**2, axis=(0, 1)))), 1e-300))
    )
