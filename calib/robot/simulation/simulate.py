"""Simulated arms: seeded poses within the limits, with stated errors and noise, and the truth they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.errors import UsageError
from calib.geometry import se3
from calib.result import Output
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm.workspace import random_commands
from calib.robot.arm_file import load_arm
from calib.robot.arm_model import Arm
from calib.robot.effect import Effect, conditions_of, load_effect
from calib.robot.measurement import load_measurement
from calib.robot.scene import ArmScene, FlangeAt, Spread
from calib.robot.simulation.documents import as_document, as_files
from calib.robot.table.pose_table import PoseTable

if TYPE_CHECKING:
    from pathlib import Path

    from calib.robot.measurement import Measurement

NEAREST_TARGET_M, FARTHEST_TARGET_M = 0.08, 0.2  # from the flange's origin: a reflector on a bracket


@dataclass(frozen=True, eq=False, repr=False)
class ArmSimulation(Output):
    """A simulated arm: what a user would hold, and the truth."""

    table: PoseTable
    """What a user would hold."""
    nominal: SerialArm
    """The arm as drawn."""
    arm: SerialArm
    """The arm as built."""
    measurement: str
    """What was measured."""
    effects: Mapping[str, Array]
    """True parameters (p,) of the effects, by name."""
    frames: Mapping[str, Array]
    """True values of the measurement's frames, by name: transforms, points, planes (unit normal and offset)."""
    outlier: Mask
    """(n,) which rows are wrong."""
    base_from_flange: Array
    """(n, 4, 4) where the flange truly was."""
    seed: int
    """Of the random numbers."""
    spread: Spread
    """Standard deviations of what was drawn, and the outliers."""

    def summary(self) -> str:
        """What was simulated, in one line."""
        beyond = f", with {', '.join(self.effects)}" if self.effects else ""
        return (
            f"{len(self.table.joints)} rows ({self.measurement}) of arm {self.nominal.name}{beyond}; seed {self.seed}"
        )

    @property
    def random_seed(self) -> int:
        """Of the generator."""
        return self.seed

    def document(self) -> dict[str, Any]:
        """The truth as plain data."""
        return as_document(self)

    def files(self) -> Mapping[str, str | bytes]:
        """poses.csv, calib.yaml, truth.yaml and, of an arm that is not shipped, arm.yaml."""
        return as_files(self)


def simulate(
    arm: Arm | SerialArm | str | Path,
    *,
    measurement: str = "pose",
    poses: int = 60,
    targets: int = 1,
    effects: Sequence[str] = (),
    spread: Spread | None = None,
    seed: int = 0,
) -> ArmSimulation:
    """Move an arm that differs from `arm` to random poses, and measure it.

    arm: without effects; itself, a shipped name or a file. targets: on the flange, every one measured at every pose;
    points or planes that the tip touches in turn. effects: names; their parameters are drawn at their typical sizes.
    Raises UsageError `unknown-measurement`, `unknown-effect`, `arm-effects`; `simulation-impossible` if the tip cannot
    reach.
    """
    kind, nominal = load_measurement(measurement), geometry_of(arm)
    drawn, rng = spread or Spread(), np.random.default_rng(seed)
    built = built_arm(nominal, drawn, rng)
    bending = [load_effect(name) for name in effects]
    sizes = {effect.name: _draw_parameters(effect, nominal, rng) for effect in bending}
    rows = _layout(kind, nominal, poses, targets)
    varied = {column: vary(poses) for effect in bending for column, vary in effect.conditions.items()}
    outlier = rng.permutation(len(rows.pose)) < round(drawn.outlier_share * len(rows.pose))
    command = random_commands(nominal, poses, rng)
    shift = rng.normal(0.0, 1.0, command.shape)
    shift *= np.where(nominal.prismatic, drawn.joint_noise_m, drawn.joint_noise_rad)
    stood = _Standing(nominal, built, bending, sizes, varied, shift)
    places = _places_on_flange(targets, rng)
    scene = ArmScene(nominal, built, stood, command, rows.pose, rows.target, places, outlier, drawn)
    measured = kind.simulate(scene, rng)
    at = command if measured.command is None else measured.command
    columns = {name: column[rows.pose] for name, column in varied.items()} | dict(measured.columns)
    table = rows.table(at[rows.pose], columns)
    flange = stood(at, np.arange(poses))[rows.pose]
    return ArmSimulation(table, nominal, built, kind.name, sizes, measured.frames, outlier, flange, seed, drawn)


def built_arm(arm: SerialArm, spread: Spread, rng: np.random.Generator) -> SerialArm:
    """The arm with errors of every parameter that geometry is made of."""
    sizes = [spread.error_rad if label.angular else spread.error_m for label in arm.labels]
    errors = rng.normal(0.0, 1.0, len(sizes)) * sizes
    chosen = np.isin(arm.labels, arm.geometry_labels)
    return arm.with_parameters(arm.parameters + np.where(chosen, errors, 0.0))


@dataclass(frozen=True, eq=False)
class _Standing(FlangeAt):
    """Where the flange of a built arm truly is, its effects evaluated on the nominal arm as identification has them."""

    nominal: SerialArm
    built: SerialArm
    effects: Sequence[Effect]
    sizes: Mapping[str, Array]
    varied: Mapping[str, Array]
    shift: Array

    def __call__(self, command: Array, poses: Index) -> Array:
        stood = base_from_flange(self.built, command + self.shift[poses])
        whole = _table(self.nominal, np.zeros(self.shift.shape), self.varied)
        conditions = conditions_of(whole).rows(poses)
        bend = np.zeros((len(poses), 6))
        for effect in self.effects:
            bend += effect.tangent(self.nominal, command, conditions) @ self.sizes[effect.name]
        return np.asarray(stood @ se3.exp(bend))


@dataclass(frozen=True, eq=False)
class _RowLayout:
    """Which pose and which target every row (n,) is of, and how they are named."""

    arm: SerialArm
    pose: Index
    target: Index
    pose_names: tuple[str, ...]
    target_names: tuple[str, ...]

    def table(self, command: Array, columns: Mapping[str, Array]) -> PoseTable:
        """The table of commands (n, joints) and measured columns."""
        rows = np.arange(len(self.pose))
        names = {"pose_names": self.pose_names, "target_names": self.target_names}
        where: dict[str, Any] = {"target": self.target, "pose": self.pose, "lines": rows + 2, **names, **columns}
        return PoseTable(joints=command, prismatic=self.arm.prismatic, **where)


def _layout(kind: Measurement, arm: SerialArm, poses: int, targets: int) -> _RowLayout:
    """Every target at every pose, or, in contact, one after the other."""
    rows = poses if kind.contact else poses * targets
    pose = np.arange(rows) if kind.contact else np.repeat(np.arange(poses), targets)
    several = targets > 1
    pose_names = tuple(str(k + 1) for k in range(poses)) if several and not kind.contact else ()
    target_names = tuple(str(k + 1) for k in range(targets)) if several else ()
    return _RowLayout(arm, pose, np.arange(rows) % targets, pose_names, target_names)


def _table(arm: SerialArm, command: Array, columns: Mapping[str, Array]) -> PoseTable:
    poses = np.arange(len(command))
    optional: dict[str, Any] = dict(columns)
    return PoseTable(command, arm.prismatic, 0 * poses, poses, poses + 2, **optional)


def _places_on_flange(targets: int, rng: np.random.Generator) -> Array:
    """Random places (targets, 3) of targets on the flange, m."""
    away = rng.normal(0.0, 1.0, (targets, 3))
    distance = rng.uniform(NEAREST_TARGET_M, FARTHEST_TARGET_M, (targets, 1))
    return np.asarray(away / np.linalg.norm(away, axis=1, keepdims=True) * distance)


def _draw_parameters(effect: Effect, arm: SerialArm, rng: np.random.Generator) -> Array:
    """Parameters (p,) of an effect at their typical sizes."""
    drawn = rng.normal(0.0, 1.0, len(effect.labels(arm))) * effect.typical(arm)
    return np.abs(drawn) if effect.one_sided else drawn


def geometry_of(arm: Arm | SerialArm | str | Path) -> SerialArm:
    """The nominal geometry to simulate. Raises as `load_arm`, UsageError `arm-effects`."""
    if isinstance(arm, SerialArm):
        return arm
    whole = arm if isinstance(arm, Arm) else load_arm(arm)
    if whole.bends:
        raise UsageError(
            "the arm has effects beyond its geometry",
            code="arm-effects",
            where=whole.name,
            advice="give the nominal arm, and --effects to draw some at random",
        )
    return whole.geometry
