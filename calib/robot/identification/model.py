"""What is fitted to a table of poses: an arm with effects, the rows made ready for it, their least-squares problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.engine import Loss, ParameterBlock, Problem, prior
from calib.robot.identification.noise import stated_sigma
from calib.robot.identification.residuals import (
    ARM_BLOCK,
    EffectBasis,
    arm_block,
    effect_bases,
    effect_block,
    flange_poses,
    residual_block,
)
from calib.robot.table.select import select_rows

if TYPE_CHECKING:
    from calib.engine.label import Label
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.effect import Conditions, Effect
    from calib.robot.measurement import Measurement
    from calib.robot.open_frames import OpenFrames
    from calib.robot.table.pose_table import PoseTable

# A larger error would be visible in a drawing. Where a direction is weakly determined (a point on the last axis is not
# moved by it) the parameters would drift along a curved valley, by metres and for a hundred iterations.
PLAUSIBLE = (0.02, 0.035)  # m, rad: standard deviations of a prior on the arm
# What rows determine worse than arms are built is kept near nominal by the latter: a direction that is left free within
# `PLAUSIBLE` would be off by centimetres elsewhere. A measured UR10, IRB 120 and FR3 are nearer their drawings, all but
# one zero position.
AS_BUILT = (0.002, 0.003)  # m, rad
EFFECT_PRIOR = 5.0
"""Standard deviations of effects about zero, in ordinary sizes: weak, but enough to hold what is not determined."""


@dataclass(frozen=True, eq=False)
class Model:
    """What is fitted: the parameters of an arm, of effects and of the instrument, less the labels held."""

    arm: SerialArm
    """Its table is where the fit starts."""
    measurement: Measurement
    """What the table holds."""
    reference_arm: SerialArm
    """At which effects are evaluated."""
    effects: tuple[Effect, ...] = ()
    """Beyond the geometry."""
    held: frozenset[str] = frozenset()
    """Labels that are not estimated."""
    tolerance: tuple[float, float] | None = None
    """Standard deviations of a prior about the arm's own values, in m and rad; None: `PLAUSIBLE`, which does not affect
    what the rows determine."""
    weak: frozenset[str] = frozenset()
    """Labels of the arm that the rows determine worse than `AS_BUILT`, their prior then."""
    open: OpenFrames | None = None
    """Frames that the poses leave open; None where they determine all."""

    def bases(self, table: PoseTable, conditions: Conditions) -> tuple[EffectBasis, ...]:
        """The effects at the rows of a table."""
        return effect_bases(self.effects, self.reference_arm, table.joints, conditions)

    def prior_sigma(self) -> dict[str, float]:
        """Standard deviations of the priors on what is free of arm, effects, instrument and frames."""
        tolerance = self.tolerance or PLAUSIBLE
        out: dict[str, float] = {
            label: (AS_BUILT if label in self.weak else tolerance)[label.angular] for label in self.arm.labels
        }
        for effect in self.effects:
            sizes = EFFECT_PRIOR * effect.typical(self.reference_arm)
            out.update(zip(effect.labels(self.reference_arm), sizes.tolist(), strict=True))
        if self.measurement.instrument is not None:
            out |= self.measurement.instrument.weak
        if self.open is not None:
            out |= self.open.sigma
        return {label: width for label, width in out.items() if label not in self.held}

    def instrument_blocks(self, values: Mapping[str, Array]) -> tuple[ParameterBlock, ...]:
        """The instrument's parameters as unknowns, if any are, at `values` or where they start."""
        if self.measurement.instrument is None:
            return ()
        block = self.measurement.instrument.block
        at = values.get(block.name, block.values)
        return (replace(block, values=at, fixed=block.fixed | (self.held & set(block.labels))),)

    def effect_labels(self) -> tuple[Label, ...]:
        """Labels of the effects' parameters."""
        return tuple(label for effect in self.effects for label in effect.labels(self.reference_arm))


@dataclass(frozen=True, eq=False)
class ModelRows:
    """A table prepared for a model."""

    table: PoseTable
    """The rows."""
    bases: tuple[EffectBasis, ...]
    """Of the effects at these rows."""
    given: Array
    """(n, d) the stated standard deviations."""

    def __getitem__(self, keep: Mask) -> ModelRows:
        if keep.all():
            return self
        bases = tuple(basis.among(keep) for basis in self.bases)
        return ModelRows(select_rows(self.table, keep), bases, self.given[keep])

    def __len__(self) -> int:
        return len(self.table.joints)


def model_rows(model: Model, table: PoseTable, conditions: Conditions) -> ModelRows:
    """Make a table ready for a model."""
    return ModelRows(table, model.bases(table, conditions), stated_sigma(model.measurement, table))


def pose_problem(
    model: Model,
    rows: ModelRows,
    values: Mapping[str, Array],
    sigma: Array | float = 1.0,
    loss: Loss | None = None,
    priors: bool = True,
) -> Problem:
    """The least-squares problem of a model, started at `values`; blocks without a value start at nominal or zero.

    priors: with those on the arm, the effects, the instrument and open frames; else the data alone.
    """
    arm = model.arm
    parameters = values[ARM_BLOCK][0] if ARM_BLOCK in values else arm.parameters
    blocks: list[ParameterBlock] = [arm_block(arm, parameters, model.held)]
    for basis in rows.bases:
        start = values[basis.name][0] if basis.name in values else np.zeros(len(basis.labels))
        blocks.append(effect_block(basis, start, model.held))
    frames = model.measurement.blocks(rows.table, values)
    blocks += [replace(block, fixed=block.fixed | (model.held & set(block.labels))) for block in frames]
    blocks += model.instrument_blocks(values)
    residuals = [residual_block(model.measurement, rows.table, arm, blocks, rows.bases, sigma, loss)]
    if not priors:
        return Problem(tuple(blocks), tuple(residuals))
    widths = model.prior_sigma()
    at = dict(zip(arm.labels, arm.parameters.tolist(), strict=True))
    for block in blocks:
        if model.open is not None and block.name in model.open.centre:
            residuals += model.open.prior(block)
            continue
        width: dict[str, float] = {label: widths[label] for label in block.labels if label in widths}
        residuals += [prior(block, {label: at.get(label, 0.0) for label in width}, width)] if width else []
    return Problem(tuple(blocks), tuple(residuals))


def residuals_at(model: Model, rows: ModelRows, values: Mapping[str, Array]) -> Array:
    """Predicted less measured (n, d) of every row."""
    poses = flange_poses(model.arm, rows.table.joints, rows.bases, values)
    linearise = model.measurement.residual(rows.table)
    out = np.empty((len(rows), model.measurement.dimension))
    for begin in range(0, len(rows), 1024):
        part = slice(begin, begin + 1024)
        out[part] = linearise(values, poses[part], part).residuals.T
    return out
