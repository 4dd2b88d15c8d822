"""How an arm does on rows, before and after, and which rows do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from calib.arrays import Array, Mask
from calib.errors import InputError
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.effect import conditions_of
from calib.robot.evaluation.accuracy import Accuracy, accuracy
from calib.robot.identification.model import residuals_at, rows_of
from calib.robot.identification.noise import fits, noise_of, row_sizes
from calib.robot.identification.robust_fit import Fit, fit

if TYPE_CHECKING:
    from calib.robot.table.read import PoseTable

# A row that the nominal arm misses by so many times the median row is no measurement of its pose at all: arms out of
# the box are wrong by 2 to 4 times their median at most.
LOST_TIMES = 30.0


@dataclass(frozen=True)
class Outlier:
    """A row that does not fit. line: in its file. part: fitted or held out. lost: no measurement at all, by the nominal
    arm already; such rows count in no statistics. orientation_deg: None where it is not measured."""

    line: int
    pose: str
    target: str
    position_mm: float
    orientation_deg: float | None
    part: Literal["fitted", "held out"]
    lost: bool


@dataclass(frozen=True, eq=False)
class Judged:
    """How the arm does on some rows.

    before: the nominal arm with its frames fitted. after: the identified arm. Both over all rows but lost ones.
    without_outliers: after, over the rows that are not named. table: the rows. sizes: after, m or rad (n,) per
    component. outliers: the rows named.
    """

    table: PoseTable
    before: Accuracy
    after: Accuracy
    without_outliers: Accuracy | None
    sizes: Mapping[str, Array]
    outliers: tuple[Outlier, ...]

    @property
    def worse(self) -> bool:
        """Whether the identified arm does worse than the nominal one."""
        return self.after.position_mm.mean > self.before.position_mm.mean


@dataclass(frozen=True, eq=False)
class Judgement:
    """How the arm does. fitted: on the rows fitted; heldout: on rows of the same table kept aside; validation: on
    another table, its frames fitted; as_is: on it with the frames as they are.
    """

    fitted: Judged
    heldout: Judged | None
    validation: Judged | None
    as_is: Judged | None

    @property
    def new(self) -> Judged | None:
        """On rows that were not fitted, frames fitted where they need be: of another table, else those kept aside."""
        return self.validation or self.heldout


@dataclass(frozen=True, eq=False)
class Pair:
    """The nominal arm with its frames fitted, and the identified arm.

    reference_degc: see `CalibratedArm`. typical: the nominal arm's median error per component, m or rad, on the rows
    fitted.
    """

    before: Fit
    after: Fit
    reference_degc: float | None
    typical: Mapping[str, float]


def sizes_of(
    fitted: Fit, table: PoseTable, values: Mapping[str, Array], reference_degc: float | None
) -> dict[str, Array]:
    """Errors m or rad (n,) of the rows of a table per component, with the parameters and frames `values`."""
    model = replace(fitted.model, measurement=fitted.model.measurement.told)
    rows = rows_of(model, table, conditions_of(table, reference_degc))
    return row_sizes(model.measurement, residuals_at(model, rows, values))


def not_lost(sizes: Mapping[str, Array], typical: Mapping[str, float] | None = None) -> Mask:
    """Which rows (n,) are measurements of their poses. typical: median errors, of these rows if None."""
    limit = typical or {name: float(np.median(size)) for name, size in sizes.items()}
    within = [size <= max(LOST_TIMES * limit[name], 1e-6) for name, size in sizes.items()]
    return np.asarray(np.all(within, axis=0))


def judge_fitted(pair: Pair, table: PoseTable, usable: Mask) -> Judged:
    """On the rows (n,) that were fitted, or left out of the fit. usable: not lost."""
    before = sizes_of(pair.before, table, pair.before.values, pair.reference_degc)
    after = sizes_of(pair.after, table, pair.after.values, pair.reference_degc)
    return _judged(table, before, after, usable, pair.after.used, "fitted")


def judge_new(pair: Pair, table: PoseTable) -> Judged:
    """On rows of the same table that were not fitted, with the frames as they are."""
    before = sizes_of(pair.before, table, pair.before.values, pair.reference_degc)
    return _judge_new(pair, pair, table, not_lost(before, pair.typical))


def judge_another(pair: Pair, table: PoseTable, seed: int, robust: bool) -> tuple[Judged, Judged]:
    """On another table: with the frames fitted anew to it, and with the frames as they are."""
    start = pair.before.model.measurement.start(base_from_flange(pair.before.model.arm, table.joints), table, seed)
    usable = not_lost(start.size)
    anew = _frames_refitted(pair, table, start.values, usable, robust)
    return _judge_new(pair, anew, table, usable), _judge_new(pair, pair, table, usable)


def _judge_new(pair: Pair, frames: Pair, table: PoseTable, usable: Mask) -> Judged:
    before = sizes_of(pair.before, table, frames.before.values, pair.reference_degc)
    after = sizes_of(pair.after, table, frames.after.values, pair.reference_degc)
    model = pair.after.model
    measurement, rows = model.measurement, rows_of(model, table, conditions_of(table, pair.reference_degc))
    residuals = residuals_at(model, rows, frames.after.values)
    good = fits(measurement, residuals, noise_of(measurement, rows.given, pair.after.noise.common), table.pose)
    return _judged(table, before, after, usable, usable & good, "held out")


def _frames_refitted(pair: Pair, table: PoseTable, start: Mapping[str, Array], usable: Mask, robust: bool) -> Pair:
    """The same two arms, with the frames fitted to another table."""
    both = []
    for fitted in (pair.before, pair.after):
        arm = {name: value for name, value in fitted.values.items() if name not in start}
        held = frozenset((*fitted.model.arm.labels, *fitted.model.effect_labels()))
        model = replace(fitted.model, held=held, tolerance=None)
        rows = rows_of(model, table, conditions_of(table, pair.reference_degc))
        both.append(fit(model, rows, {**arm, **start}, usable, robust=robust))
    return replace(pair, before=both[0], after=both[1])


def _judged(
    table: PoseTable,
    before: Mapping[str, Array],
    after: Mapping[str, Array],
    usable: Mask,
    good: Mask,
    part: Literal["fitted", "held out"],
) -> Judged:
    first, last = accuracy(before, usable), accuracy(after, usable)
    if first is None or last is None:
        raise InputError(
            "no row of the rows kept aside is a measurement of its pose",
            code="rows-lost",
            where=table.name,
            why="the nominal arm misses every one of them by far",
        )
    outliers = tuple(_outlier(table, after, int(i), part, not usable[i]) for i in np.flatnonzero(~good))
    return Judged(table, first, last, accuracy(after, good), after, outliers)


def _outlier(
    table: PoseTable, sizes: Mapping[str, Array], row: int, part: Literal["fitted", "held out"], lost: bool
) -> Outlier:
    angle = sizes.get("orientation")
    return Outlier(
        line=int(table.lines[row]),
        pose=table.pose_names[table.pose[row]] if table.pose_names else "",
        target=table.target_names[table.target[row]] if table.target_names else "",
        position_mm=float(1000 * next(iter(sizes.values()))[row]),
        orientation_deg=None if angle is None else float(np.degrees(angle[row])),
        part=part,
        lost=lost,
    )
