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
from calib.arrays import Array, Index, Mask
from calib.engine import ParameterBlock
from calib.errors import UsageError
from calib.geometry import se3, so3

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values
    from calib.robot.table.read import PoseTable


SMALL_TURN = 0.1  # sine, below which series of four terms are exact to 1e-13

# What the columns of a table may be taken for.
HOLDS = {
    "pose": ("pose", "view", "position"),
    "position": ("position",),
    "distance": ("distance",),
    "joints": ("point", "plane"),
}


@dataclass(frozen=True)
class Component:
    """Some of a row's residuals that share one noise: their name, unit (m or rad) and place, and the table's column of
    standard deviations (a field of `PoseTable`) if it has one. of_instrument: they say nothing of the arm."""

    name: str
    unit: str
    part: slice
    sigma_column: str = ""
    of_instrument: bool = False

    @property
    def size(self) -> int:
        """How many residuals."""
        return int(self.part.stop - self.part.start)


@dataclass(frozen=True, eq=False)
class Linearised:
    """Residuals of n rows and their derivatives.

    residuals: (d, n) predicted less measured. by_flange: (d, 6, n) by the right tangent of base_from_flange.
    by_block: (t, d, n) per frame block, in the order of `Measurement.blocks`, then of the instrument's if it has one.
    Both are empty if not asked for.
    """

    residuals: Array
    by_flange: Array = field(default_factory=lambda: np.zeros((0, 6, 0)))
    by_block: tuple[Array, ...] = ()


@dataclass(frozen=True, eq=False)
class Start:
    """Frames in closed form. values: per block. size: (n,) residual per component, m or rad; inlier: (n,)."""

    values: dict[str, Array]
    size: Mapping[str, Array]
    inlier: Mask


@dataclass(frozen=True, eq=False)
class Instrument:
    """What is estimated of the instrument itself along with the arm, such as the lens of a camera.

    block: its parameters, where they start; labels dotted as those of frames. weak: standard deviations of priors about
    zero, of parameters that ordinary data cannot tell apart.
    """

    block: ParameterBlock
    weak: Mapping[str, float] = field(default_factory=dict)


class Linearise(Protocol):
    """The residual of a table, at base_from_flange (m, 4, 4) of some of its rows; with its derivatives, or without."""

    def __call__(self, values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised: ...


@dataclass(frozen=True)
class Measurement:
    """A kind of measurement.

    name: as in options and `PoseTable.measurement`. components: the residuals of a row.
    start(base_from_flange (n, 4, 4), table, seed): frames in closed form. blocks(table, values): frames as unknowns.
    residual(table): the residual of that table. rank(revolute, prismatic, targets): how many parameters of arm and
    frames the data determine. contact: nothing is measured but joint values at which something touches; the residual is
    the gap. Where no joint slides, no length is measured either, and one of the arm's must be given.
    told_as: the measurement in whose metres and radians errors are told, where the residual has other units.
    instrument: what is estimated of the instrument as well; None: it is taken as it is.
    """

    name: str
    components: tuple[Component, ...]
    start: Callable[[Array, PoseTable, int], Start]
    blocks: Callable[[PoseTable, Values], tuple[ParameterBlock, ...]]
    residual: Callable[[PoseTable], Linearise]
    rank: Callable[[int, int, int], int]
    contact: bool = False
    told_as: str = ""
    instrument: Instrument | None = None

    @property
    def told(self) -> Measurement:
        """The measurement that tells errors in metres and radians: itself, as a rule."""
        return read_measurement(self.told_as) if self.told_as else self

    @property
    def dimension(self) -> int:
        """Residuals per row."""
        return sum(component.size for component in self.components)

    @property
    def of_arm(self) -> tuple[Component, ...]:
        """The components that follow from where the flange is."""
        return tuple(component for component in self.components if not component.of_instrument)


def read_measurement(name: str) -> Measurement:
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
            advice="say what the tip did: --measurement point (held in a fixed point) or plane (touched a plane)",
        )
    measurement = read_measurement(name or table.measurement)
    if measurement.name not in HOLDS[table.measurement]:
        raise UsageError(
            f"the table does not hold what {measurement.name} needs",
            code="measurement-mismatch",
            where=table.name,
            advice=f"its columns hold {' or '.join(HOLDS[table.measurement])}",
        )
    return measurement


def target_count(table: PoseTable) -> int:
    """How many targets the table tells apart."""
    return max(len(table.target_names), 1)


def target_names(table: PoseTable) -> tuple[str, ...]:
    """What stands in labels after a frame's name: nothing for a single target, [name] for several."""
    return ("",) if len(table.target_names) < 2 else tuple(f"[{name}]" for name in table.target_names)


def frame_block(name: str, transforms: Array, members: tuple[str, ...] = ("",)) -> ParameterBlock:
    """Transforms (k, 4, 4) as unknowns of one block; `members` tell them apart in the labels.

    They stand side by side in a single member, for the engine then reads the rank from the whole triangular factor.
    """

    def retract(values: Array, step: Array) -> Array:
        return se3.retract(values, step.reshape(*values.shape[:-2], 6))

    labels = tuple(f"{name}{member}.{label}" for member in members for label in se3.TANGENT)
    return ParameterBlock(name, transforms[None], labels, retract=retract)


def point_block(name: str, points: Array, members: tuple[str, ...] = ("",)) -> ParameterBlock:
    """Points (k, 3) in metres as unknowns of one block; values (1, 3 k)."""
    labels = tuple(f"{name}{member}.{axis}_m" for member in members for axis in "xyz")
    return ParameterBlock(name, points.reshape(1, -1), labels)


def per_target(columns: Array, target: Index, count: int) -> Array:
    """Columns (t, d, n) by a row's own target as columns (count t, d, n) by all of them: zero but for its own."""
    if count == 1:
        return columns
    out = np.zeros((count, *columns.shape))
    out[target, :, :, np.arange(len(target))] = columns.transpose(2, 0, 1)
    return out.reshape(-1, *columns.shape[1:])


def rows_last(array: Array) -> Array:
    """(n, ...) as contiguous (..., n)."""
    return np.ascontiguousarray(np.moveaxis(array, 0, -1))


def product(left: Array, right: Array) -> Array:
    """Matrix products (a, c, n) of (a, b) or (a, b, n) and (b, c, n), row by row."""
    if left.ndim == 2:
        return np.asarray((left @ right.reshape(len(right), -1)).reshape(len(left), *right.shape[1:]))
    return np.asarray(np.einsum("abn,bcn->acn", left, right))


def moved(matrix: Array, vector: Array) -> Array:
    """Matrix (a, b) or (a, b, n) times vector (b, n): (a, n)."""
    return np.asarray(matrix @ vector if matrix.ndim == 2 else np.einsum("abn,bn->an", matrix, vector))


def turn_error(error: Array) -> tuple[Array, Array]:
    """Rotation vectors w (3, n) of turns (3, 3, n), and J (3, 3, n) with log(exp(dw) exp(w)) = w + J dw.

    By the sine and series where all turns are small, as residuals are; they agree with `so3` to rounding.
    """
    axis = 0.5 * np.stack([error[2, 1] - error[1, 2], error[0, 2] - error[2, 0], error[1, 0] - error[0, 1]])
    sine = np.sqrt(np.einsum("an,an->n", axis, axis))
    if sine.max(initial=0.0) > SMALL_TURN or np.einsum("aan->n", error).min(initial=3.0) < 1:
        turns = so3.log(error.transpose(2, 0, 1))
        return turns.T, rows_last(so3.left_jacobian_inverse(turns))
    angle = np.arcsin(sine)
    w = axis * np.where(sine > 1e-8, angle / np.maximum(sine, 1e-8), 1.0)
    squared = angle * angle
    d = (1 + squared / 60 * (1 + squared / 42 * (1 + squared / 40))) / 12  # Sola et al. 2018, eq. 146, as a series
    bend = (d * w)[:, None] * w
    half = 0.5 * w
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        bend[i, i] += 1 - d * squared
        bend[i, j] += half[k]
        bend[j, i] -= half[k]
    return w, bend


def minus_cross(matrix: Array, point: Array) -> Array:
    """-M hat(x), (a, 3, n), of M (a, 3, n) and x (3, n): row r becomes x cross r."""
    out = np.empty(np.broadcast_shapes(matrix.shape, (1, 1, point.shape[1])))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        np.multiply(matrix[:, k], point[j], out=out[:, i])
        out[:, i] -= matrix[:, j] * point[k]
    return out
