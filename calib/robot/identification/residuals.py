"""The chain from the parameters of an arm to a residual: the same for every measurement and every effect.

    base_from_flange = forward kinematics(q, arm) exp(sum of effects)

The arm is one parameter block, each effect another; a measurement adds the frames it needs and defines how its residual
follows from the flange. Arrays hold columns first and rows last, as the kinematics deliver them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.engine import Loss, ParameterBlock, ResidualBlock
from calib.geometry import se3
from calib.robot.arm.kinematics import base_from_flange, flange_jacobian
from calib.robot.row_algebra import rows_last

if TYPE_CHECKING:
    from calib.engine.label import Label
    from calib.engine.problem import Rows, Values
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.effect import Conditions, Effect
    from calib.robot.measurement import Measurement
    from calib.robot.table.pose_table import PoseTable

ARM_BLOCK = "arm"
MOST_STORED = 400_000_000  # bytes of an effect's basis that are kept, to save working it out again at every step


@dataclass(frozen=True, eq=False)
class EffectBasis:
    """An effect at the n rows of a table."""

    effect: Effect
    """The effect."""
    reference_arm: SerialArm
    """At which it is evaluated."""
    labels: tuple[Label, ...]
    """(p,)."""
    command: Array
    """(n, joints) rad or m."""
    conditions: Conditions
    """Of the rows."""
    stored: Array | None
    """The basis (p, 6, n), right tangents of the flange, or None where it is large and evaluated on demand."""

    @property
    def name(self) -> str:
        """The effect's name, and its block's."""
        return self.effect.name

    def at(self, rows: Rows) -> Array:
        """The basis (p, 6, m) of some rows."""
        if self.stored is not None:
            return self.stored[:, :, rows]
        tangent = self.effect.tangent(self.reference_arm, self.command[rows], self.conditions.rows(rows))
        return tangent.transpose(2, 1, 0)

    def among(self, keep: Mask) -> EffectBasis:
        """The same effect at fewer rows."""
        stored = None if self.stored is None else self.stored[:, :, keep]
        return replace(self, command=self.command[keep], conditions=self.conditions.rows(keep), stored=stored)

    def flange_tangent(self, parameters: Array, rows: Rows) -> Array:
        """The tangent (m, 6) that parameters (p,) bend the flange by."""
        basis = self.at(rows)
        return (parameters @ basis.reshape(len(basis), -1)).reshape(basis.shape[1:]).T


def effect_bases(
    effects: Sequence[Effect], reference_arm: SerialArm, command: Array, conditions: Conditions
) -> tuple[EffectBasis, ...]:
    """What effects do at commanded joints (n, joints). They are evaluated at the reference arm whatever parameters
    are fitted: the effect of one small correction on another is second order."""
    found = []
    for effect in effects:
        labels = effect.labels(reference_arm)
        stored = None
        if 48 * len(labels) * len(command) <= MOST_STORED:
            stored = rows_last(effect.tangent(reference_arm, command, conditions).swapaxes(1, 2))
        found.append(EffectBasis(effect, reference_arm, labels, command, conditions, stored))
    return tuple(basis for basis in found if basis.labels)


def arm_block(arm: SerialArm, parameters: Array, held: frozenset[str]) -> ParameterBlock:
    """The arm's parameters (5 joints,) as unknowns."""
    return ParameterBlock(ARM_BLOCK, parameters[None], arm.labels, held & set(arm.labels))


def effect_block(basis: EffectBasis, values: Array, held: frozenset[str]) -> ParameterBlock:
    """An effect's parameters (p,) as unknowns."""
    return ParameterBlock(basis.name, values[None], basis.labels, held & set(basis.labels))


def flange_poses(
    arm: SerialArm, command: Array, bases: Sequence[EffectBasis], parameters: Mapping[str, Array]
) -> Array:
    """base_from_flange (n, 4, 4) with effects. parameters: per block, arm and effects, (1, p)."""
    poses = base_from_flange(arm, command, parameters[ARM_BLOCK][0])
    if bases:
        whole = slice(0, len(command))
        total = sum(basis.flange_tangent(parameters[basis.name][0], whole) for basis in bases)
        poses = poses @ se3.exp(np.asarray(total))
    return poses


def residual_block(
    measurement: Measurement,
    table: PoseTable,
    arm: SerialArm,
    blocks: Sequence[ParameterBlock],
    bases: Sequence[EffectBasis] = (),
    sigma: float | Array = 1.0,
    loss: Loss | None = None,
) -> ResidualBlock:
    """The residual of a table: what the arm and the frames predict, less what was measured.

    blocks: all parameter blocks of the problem: arm, effects in the order of `bases`, frames. Columns that are held are
    left zero: they are not needed, and are two fifths of the work.
    """
    linearise = measurement.residual(table)
    frames = tuple(block.name for block in blocks[1 + len(bases) :])
    free, bending = blocks[0].free, blocks[1 : 1 + len(bases)]

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        if len(free):
            poses, by_parameter, _ = flange_jacobian(arm, table.joints[rows], values[ARM_BLOCK][0])
            columns = by_parameter.transpose(2, 1, 0)  # (5 joints, 6, rows), as laid out in memory
        else:
            poses = base_from_flange(arm, table.joints[rows], values[ARM_BLOCK][0])
        total = None
        if bases:
            total = np.asarray(sum(basis.flange_tangent(values[basis.name][0], rows) for basis in bases))
            poses = poses @ se3.exp(total)
        at = linearise(values, poses, rows)
        by_flange = at.by_flange
        effects = []
        if total is not None:
            # the arm's tangents come before exp(total), the effects' inside it
            bent = rows_last(se3.right_jacobian(total))
            inside = np.einsum("dan,abn->dbn", by_flange, bent)
            effects = [_chain(inside, basis.at(rows), block.free) for basis, block in zip(bases, bending, strict=True)]
            before = rows_last(se3.adjoint(se3.exp(-total)))
            by_flange = np.einsum("dan,abn->dbn", by_flange, before)
        by_arm = _chain(by_flange, columns, free) if len(free) else np.zeros((5 * arm.joints, *by_flange[:, 0].shape))
        jacobians = [by_arm, *effects, *at.by_block]
        return at.residuals.T, [jacobian.transpose(2, 1, 0) for jacobian in jacobians]

    names = (ARM_BLOCK, *(basis.name for basis in bases), *frames)
    rows = len(table.joints)
    dimension, poses = measurement.dimension, table.pose
    return ResidualBlock(
        measurement.name, rows, dimension, dict.fromkeys(names), evaluate, sigma=sigma, loss=loss, clusters=poses
    )


def _chain(by_flange: Array, columns: Array, free: Index) -> Array:
    """(d, 6, n) times columns (p, 6, n): (p, d, n), zero but for the free ones."""
    if len(free) == len(columns):
        return np.asarray(np.einsum("dan,pan->pdn", by_flange, columns))
    out = np.zeros((len(columns), len(by_flange), columns.shape[2]))
    out[free] = np.einsum("dan,pan->pdn", by_flange, columns[free])
    return out
