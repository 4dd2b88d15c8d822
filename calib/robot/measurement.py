"""What every kind of measurement is: a residual that follows from where the flange is, and the frames it needs.

The chain from the parameters of the arm to the flange is the same for all (`identification.residuals`); a file in
`calib/robot/measurements` supplies the rest as one `Measurement` under the name MEASUREMENT. Arrays hold rows along
their last axis: every line of a residual is then one pass over long vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from calib import plugins
from calib.arrays import Array, Mask
from calib.engine import ParameterBlock
from calib.engine.label import Label
from calib.errors import UsageError
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values
    from calib.robot.open_frames import OpenFrames
    from calib.robot.scene import ArmScene, SimulatedRows
    from calib.robot.table.pose_table import PoseTable


TANGENT = (
    Label("vx", "m"),
    Label("vy", "m"),
    Label("vz", "m"),
    Label("wx", "rad"),
    Label("wy", "rad"),
    Label("wz", "rad"),
)
"""The tangent coordinates of a frame, in the order of `calib.geometry.se3`."""
POINT = tuple(Label(axis, "m") for axis in "xyz")


@dataclass(frozen=True)
class Component:
    """Some of a row's residuals that share one noise."""

    name: str
    """position, orientation, distance, ..."""
    unit: str
    """m, rad or px."""
    part: slice
    """Their place among the residuals of a row."""
    sigma_column: str = ""
    """The table's column of their standard deviations, a field of `PoseTable`, if it has one."""
    of_instrument: bool = False
    """Whether they depend on the instrument alone and not on the arm."""

    @property
    def size(self) -> int:
        """How many residuals."""
        return int(self.part.stop - self.part.start)


@dataclass(frozen=True, eq=False)
class Linearised:
    """Residuals of n rows and their derivatives; these are empty if not requested."""

    residuals: Array
    """(d, n) predicted minus measured."""
    by_flange: Array = field(default_factory=lambda: np.zeros((0, 6, 0)))
    """(d, 6, n) by the right tangent of base_from_flange."""
    by_block: tuple[Array, ...] = ()
    """(t, d, n) per frame block, in the order of `Measurement.blocks`, then of the instrument's if it has one."""


@dataclass(frozen=True, eq=False)
class FrameStart:
    """Frames in closed form."""

    values: dict[str, Array]
    """Per block."""
    size: Mapping[str, Array]
    """(n,) residual per component, m or rad."""
    inlier: Mask
    """(n,)."""
    open: OpenFrames | None = None
    """The frames that the poses leave open; None where they determine all."""


@dataclass(frozen=True, eq=False)
class Instrument:
    """Parameters of the instrument that are estimated along with the arm, such as the lens of a camera."""

    block: ParameterBlock
    """Its parameters, at their start; their labels have an owner, as those of frames."""
    weak: Mapping[str, float] = field(default_factory=dict)
    """Standard deviations of priors about zero, of parameters that ordinary data cannot separate."""


class Linearise(Protocol):
    """The residual of a table, at base_from_flange (m, 4, 4) of some of its rows; with its derivatives, or without."""

    def __call__(self, values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised: ...


@dataclass(frozen=True)
class Measurement:
    """A kind of measurement."""

    name: str
    """As in options."""
    title: str
    """What it is, in one line."""
    table_kinds: tuple[str, ...]
    """The kinds of table (`PoseTable.measurement`) whose columns may be taken for it."""
    components: tuple[Component, ...]
    """The residuals of a row."""
    start: Callable[[Array, PoseTable, int], FrameStart]
    """start(base_from_flange (n, 4, 4), table, seed): frames in closed form."""
    blocks: Callable[[PoseTable, Values], tuple[ParameterBlock, ...]]
    """blocks(table, values): frames as unknowns."""
    residual: Callable[[PoseTable], Linearise]
    """residual(table): the residual of that table."""
    rank: Callable[[int, int, int], int]
    """rank(revolute, prismatic, targets): how many parameters of arm and frames the data determine."""
    simulate: Callable[[ArmScene, np.random.Generator], SimulatedRows]
    """simulate(scene, generator): what a simulated arm gives."""
    per_target: str = ""
    """The block of its frames that has a member for every target."""
    contact: bool = False
    """Nothing is measured but joint values at which something touches; the residual is the gap. Where no joint slides,
    no length is measured either, and one of the arm's must be given."""
    along_target: bool = False
    """Whether position residuals are along the axes of the target, not of the world."""
    on_flange_name: str = ""
    """The measurement of the same table for an instrument that is mounted on the flange."""
    from_zero_name: str = ""
    """The measurement of the same table for an instrument that counts from an unknown zero."""
    fixed_name: str = ""
    """The measurement of the same table for a fixed instrument, where this one is mounted on the flange."""
    reported_name: str = ""
    """The measurement in whose metres and radians errors are reported, where the residual has other units."""
    instrument: Instrument | None = None
    """What is estimated of the instrument as well; None: it is taken as it is."""

    @property
    def reported(self) -> Measurement:
        """The measurement that reports errors in metres and radians: itself, as a rule."""
        return load_measurement(self.reported_name) if self.reported_name else self

    @property
    def fixed(self) -> Measurement:
        """The measurement of where the target is in the world: itself, unless the instrument is on the flange."""
        return load_measurement(self.fixed_name) if self.fixed_name else self

    @property
    def on_flange(self) -> Measurement | None:
        """The measurement of the same table for an instrument on the flange, if there is one."""
        return load_measurement(self.on_flange_name) if self.on_flange_name else None

    @property
    def from_zero(self) -> Measurement | None:
        """The measurement of the same table that counts from an unknown zero, if there is one."""
        return load_measurement(self.from_zero_name) if self.from_zero_name else None

    @property
    def dimension(self) -> int:
        """Residuals per row."""
        return sum(component.size for component in self.components)

    @property
    def of_arm(self) -> tuple[Component, ...]:
        """The components that follow from where the flange is."""
        return tuple(component for component in self.components if not component.of_instrument)


def shipped_measurements() -> tuple[str, ...]:
    """Names of the measurements that come with the package."""
    return plugins.discover("calib.robot.measurements")


def load_measurement(name: str) -> Measurement:
    """The measurement of that name. Raises UsageError `unknown-measurement`."""
    measurement: Measurement = plugins.pick("calib.robot.measurements", "MEASUREMENT", name)
    return measurement


def measurement_of(table: PoseTable, name: str | None = None) -> Measurement:
    """What a table holds: the measurement of that name, or of the table's own kind.

    Raises UsageError `unknown-measurement`; `measurement-needed` for joint values alone; `measurement-mismatch`.
    """
    if name is None and table.measurement == "joints":
        raise UsageError(
            "the table holds joint values alone",
            code="measurement-needed",
            where=table.name,
            advice="give --measurement point (tip held at a fixed point) or plane (tip touching a plane)",
        )
    measurement = load_measurement(name or table.measurement)
    if table.measurement not in measurement.table_kinds:
        able = [each for each in shipped_measurements() if table.measurement in load_measurement(each).table_kinds]
        raise UsageError(
            f"the table lacks the columns of {measurement.name}",
            code="measurement-mismatch",
            where=table.name,
            advice=f"its columns hold {' or '.join(able)}",
        )
    return measurement


def target_count(table: PoseTable) -> int:
    """How many targets the table distinguishes."""
    return max(len(table.target_names), 1)


def target_names(table: PoseTable) -> tuple[str, ...]:
    """The targets as members of a frame's labels: nameless where there is one."""
    return ("",) if len(table.target_names) < 2 else table.target_names


def frame_block(name: str, transforms: Array, members: tuple[str, ...] = ("",)) -> ParameterBlock:
    """Transforms (k, 4, 4) as unknowns of one block; `members` distinguish them in the labels.

    They are side by side in a single member, for the engine then reads the rank from the whole triangular factor.
    """

    def retract(values: Array, step: Array) -> Array:
        return se3.retract(values, step.reshape(*values.shape[:-2], 6))

    labels = tuple(label.of(name, member) for member in members for label in TANGENT)
    return ParameterBlock(name, transforms[None], labels, retract=retract)


def point_block(name: str, points: Array, members: tuple[str, ...] = ("",)) -> ParameterBlock:
    """Points (k, 3) in metres as unknowns of one block; values (1, 3 k)."""
    labels = tuple(label.of(name, member) for member in members for label in POINT)
    return ParameterBlock(name, points.reshape(1, -1), labels)
