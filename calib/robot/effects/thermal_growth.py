"""Thermal growth: every length of the arm grows in proportion to it and to the temperature above the reference."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.engine.label import Label
from calib.robot.arm.kinematics import flange_jacobian
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.effect import Conditions, Effect, never_changes
from calib.robot.table.pose_table import PoseTable

SIMULATED_DEGC = (20.0, 30.0)  # from the first to the last pose, as a hall warms up
TYPICAL_PER_K = 2e-5  # between steel, 1.2e-5, and aluminium, 2.3e-5
LEAST_SPREAD_K = 1.0  # moves the flange of a one-metre arm by 0.02 mm, what a laser tracker just resolves


def labels(arm: SerialArm) -> tuple[Label, ...]:
    """growth_per_k, for d and a of every row, if there is any length."""
    return (Label("growth", "per_k"),) if np.any(_lengths(arm)) else ()


def tangent(arm: SerialArm, command: Array, conditions: Conditions) -> Array:
    """The basis (n, 6, 1). Without temperatures every row is at the reference."""
    if not labels(arm):
        return np.zeros((len(command), 6, 0))
    by_scale = flange_jacobian(arm, command)[1] @ _lengths(arm)
    warmer = np.zeros(len(command)) if conditions.warmer_k is None else conditions.warmer_k
    return np.asarray(by_scale * warmer[:, None])[:, :, None]


def typical(arm: SerialArm) -> Array:
    """Ordinary size, (1,) per kelvin."""
    return np.full(len(labels(arm)), TYPICAL_PER_K)


def needs(table: PoseTable) -> str | None:
    """Temperatures that vary."""
    return never_changes(table.temperature_degc, "temperature_degc", LEAST_SPREAD_K, "K")


def _lengths(arm: SerialArm) -> Array:
    """The parameters (5 joints,) with every angle put to zero."""
    return np.ravel(arm.table * np.array([0.0, 1.0, 1.0, 0.0, 0.0]))


EFFECT = Effect(
    "thermal_growth",
    "growth with temperature",
    labels,
    tangent,
    typical,
    needs,
    conditions={"temperature_degc": lambda poses: np.linspace(*SIMULATED_DEGC, poses)},
)
