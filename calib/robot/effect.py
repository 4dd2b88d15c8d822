"""What every effect is: a small motion of the flange beyond the arm's geometry, linear in its parameters.

    base_from_flange = forward kinematics(q) exp(sum_k parameter_k basis_k)

An effect file supplies the basis at an arm, joint values and conditions; nothing here depends on its origin.
Effects are small (below 1e-2 rad), so the first order is enough: what it leaves is below 1e-4 of the effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from calib import plugins
from calib.arrays import Array
from calib.robot.arm.kinematics import flange_jacobian

if TYPE_CHECKING:
    from calib.engine.label import Label
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable


@dataclass(frozen=True, eq=False)
class Conditions:
    """The conditions of n measurements."""

    warmer_k: Array | None = None
    """(n,) kelvin above the reference temperature."""
    payload_kg: Array | None = None
    """(n,)."""

    def rows(self, index: Any) -> Conditions:
        """The conditions of some of the rows; the reference temperature stays."""
        return Conditions(*(None if column is None else column[index] for column in (self.warmer_k, self.payload_kg)))


@dataclass(frozen=True)
class Effect:
    """An effect of p parameters."""

    name: str
    """Short name, as in options and files."""
    title: str
    """What it is, in words."""
    labels: Callable[[SerialArm], tuple[Label, ...]]
    """labels(arm): its parameters with their units; none where the arm has nothing that the effect could act on."""
    tangent: Callable[[SerialArm, Array, Conditions], Array]
    """tangent(arm, q, conditions): the basis (n, 6, p) for commanded joint values (n, joints), as right tangents
    vx vy vz wx wy wz of the flange pose."""
    typical: Callable[[SerialArm], Array]
    """typical(arm): (p,) ordinary sizes, in the units of the labels: standard deviations of a prior about zero."""
    needs: Callable[[PoseTable], str | None]
    """needs(table): why a table cannot show the effect, in words; None if it may."""
    one_sided: bool = False
    """Whether its parameters are positive in nature, as of whatever yields to a weight."""
    conditions: Mapping[str, Callable[[int], Array]] = field(default_factory=dict)
    """Columns of the table that it depends on, and how each varies (n,) over n simulated poses."""


def shipped_effects() -> tuple[str, ...]:
    """Names of the effects that come with the package."""
    return plugins.discover("calib.robot.effects")


def load_effect(name: str) -> Effect:
    """The effect of that name. Raises UsageError `unknown-effect`."""
    effect: Effect = plugins.pick("calib.robot.effects", "EFFECT", name)
    return effect


def conditions_of(table: PoseTable, reference_degc: float | None = None) -> Conditions:
    """The conditions of a table's rows. reference_degc: the mean of the table if None; keep it for other tables."""
    warmer = None
    if table.temperature_degc is not None:
        reference = float(np.mean(table.temperature_degc)) if reference_degc is None else reference_degc
        warmer = table.temperature_degc - reference
    return Conditions(warmer, table.payload_kg)


def motion_tangents(arm: SerialArm, command: Array) -> Array:
    """Right tangents (n, 6, joints) of the flange by each joint's own motion, rad or m."""
    return flange_jacobian(arm, command)[1][:, :, arm.motion_columns]


def at_joints(arm: SerialArm, command: Array, shift: Array) -> Array:
    """The basis (n, 6, p) of an effect that moves joints by shift (n, joints, p) per parameter, rad or m."""
    return np.asarray(motion_tangents(arm, command) @ shift)


def never_changes(column: Array | None, name: str, least: float, unit: str) -> str | None:
    """Why a condition is of no use: no such column, or one that varies by less than `least`; None if it may."""
    if column is None:
        return f"the table has no column {name}"
    spread = float(np.ptp(column))
    return None if spread >= least else f"{name} varies by {spread:.2g} {unit} only; {least:g} {unit} are needed"
