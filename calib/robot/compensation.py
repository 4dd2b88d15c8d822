"""What every compensation is: corrections of an arm's joints, a function learned from what its model leaves over.

    base_from_flange = forward kinematics(q) exp(sum of effects + sum_j motion_j(q) correction_j(q))

A compensation file defines how such a function is learned, written and read; nothing here depends on its form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from calib import plugins
from calib.arrays import Array
from calib.engine.label import Label
from calib.errors import InputError, UsageError
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.effect import Conditions, Effect, motion_tangents

Groups = NDArray[np.generic]


class JointCorrection(Protocol):
    """A learned function: corrections (n, joints) of commanded joint values (n, joints), rad or m."""

    def __call__(self, inputs: Array, /) -> Array: ...


@dataclass(frozen=True, eq=False)
class TrainingOutcome:
    """What a training gave."""

    learned: JointCorrection | None
    """None if it was declined."""
    reason: str
    """Why it was kept or declined, a sentence."""
    before_mm: float
    """Mean error on rows that it was not trained on, without it; orientation counted by what it weighs."""
    after_mm: float
    """The same with it."""


@dataclass(frozen=True)
class Compensation:
    """A way to learn corrections of the joints."""

    name: str
    """Short name, as in options and files."""
    title: str
    """What it is, in words."""
    learn: Callable[[Array, Array, Array, Groups | None, int], TrainingOutcome]
    """learn(joints (n, joints), errors_m (n, d), by_joint (n, d, joints), groups (n,) or None, seed): corrections such
    that by_joint @ corrections cancel errors; rows of one group are not divided between training and validation."""
    document: Callable[[JointCorrection], dict[str, Any]]
    """document(learned): as plain data."""
    read: Callable[[Any, str], JointCorrection]
    """read(document, where): from plain data."""
    enough: Callable[[int], str | None]
    """enough(rows): why so many rows are too few; None if they may suffice."""


@dataclass(frozen=True, eq=False)
class Correction:
    """A learned function as part of an arm."""

    kind: str
    """The name of its compensation."""
    learned: JointCorrection
    """The function."""

    @property
    def effect(self) -> Effect:
        """The same as an effect with one parameter, the share of it that is applied; 1 is all."""

        def tangent(arm: SerialArm, command: Array, conditions: Conditions) -> Array:
            return np.asarray(motion_tangents(arm, command) @ self.learned(command)[:, :, None])

        name = f"compensation_{self.kind}"
        return Effect(
            name, name, lambda arm: (Label(name, "share"),), tangent, lambda arm: np.ones(1), lambda table: None
        )


def load_compensation(name: str) -> Compensation:
    """The compensation of that name. Raises UsageError `unknown-compensation`."""
    compensation: Compensation = plugins.pick("calib.compensations", "COMPENSATION", name)
    return compensation


def correction_document(correction: Correction) -> dict[str, Any]:
    """A correction as plain data."""
    return {"kind": correction.kind, "learned": load_compensation(correction.kind).document(correction.learned)}


def read_correction(kind: str, document: Any, joints: int, where: str) -> Correction:
    """The correction of plain data, tried once. Raises UsageError `unknown-compensation`, the errors of the kind, and
    `arm-value` if it is not one of so many joints."""
    learned = load_compensation(kind).read(document, where)
    try:
        shape = learned(np.zeros((1, joints))).shape
    except InputError:
        shape = (0,)
    if shape != (1, joints):
        advice = "restore the arm.yaml as calib wrote it, or remove its compensation"
        raise UsageError(f"not a compensation of {joints} joints", code="arm-value", where=where, advice=advice)
    return Correction(kind, learned)
