"""An arm: its geometry, the effects that bend it, and a correction learned from what these leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from calib.arrays import Array
from calib.geometry import se3
from calib.robot.arm import kinematics
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.compensation import Correction
from calib.robot.effect import Conditions, load_effect
from calib.uncertainty import ParameterUncertainty


@dataclass(frozen=True, eq=False, repr=False)
class Arm:
    """An arm, as shipped or as identified."""

    geometry: SerialArm
    """Its kinematics."""
    effects: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Parameters by effect and label."""
    reference_geometry: SerialArm | None = None
    """The geometry at which effects are evaluated and whose labels they bear, that of the arm before calibration; None:
    `geometry`."""
    reference_degc: float | None = None
    """The temperature at which the geometry holds, if known."""
    correction: Correction | None = None
    """Of the joints, learned from what all of these leave."""
    uncertainty: ParameterUncertainty | None = None
    """Of the parameters of geometry and effects, as the calibration estimated them, without the correction; None where
    it is not known."""

    @property
    def name(self) -> str:
        """The geometry's name."""
        return self.geometry.name

    @property
    def joints(self) -> int:
        """How many joints the arm has."""
        return self.geometry.joints

    @property
    def reference_arm(self) -> SerialArm:
        """The geometry at which effects are evaluated."""
        return self.reference_geometry or self.geometry

    @property
    def bends(self) -> bool:
        """Whether anything but the geometry moves the flange."""
        return bool(self.effects) or self.correction is not None

    def base_from_flange(
        self, command: Array, *, temperature_degc: Array | None = None, payload_kg: Array | None = None
    ) -> Array:
        """Flange poses (..., 4, 4) of commanded joint values (..., joints), rad or m.

        temperature_degc, payload_kg: (...), where known; else the reference temperature and no payload.
        Raises InputError `joint-count`.
        """
        poses = kinematics.base_from_flange(self.geometry, command)
        if not self.bends:
            return poses
        rows = np.asarray(command, float).reshape(-1, self.joints)
        conditions = self._conditions(temperature_degc, payload_kg, len(rows))
        total = np.zeros((len(rows), 6))
        for name, parameters in self.effects.items():
            basis = load_effect(name).tangent(self.reference_arm, rows, conditions)
            total += basis @ np.array(list(parameters.values()))
        if self.correction is not None:
            total += self.correction.effect.tangent(self.reference_arm, rows, conditions)[:, :, 0]
        return np.asarray(poses @ se3.exp(total).reshape(poses.shape))

    def _conditions(self, temperature_degc: Array | None, payload_kg: Array | None, rows: int) -> Conditions:
        def each(column: Array | None) -> Array | None:
            return None if column is None else np.broadcast_to(np.asarray(column, float).reshape(-1), (rows,))

        warm, load = each(temperature_degc), each(payload_kg)
        return Conditions(None if warm is None or self.reference_degc is None else warm - self.reference_degc, load)

    def __repr__(self) -> str:
        beyond = [*self.effects, *(["compensation"] if self.correction else [])]
        return f"Arm({self.geometry!r}{f', effects: {chr(44).join(beyond)}' if beyond else ''})"
