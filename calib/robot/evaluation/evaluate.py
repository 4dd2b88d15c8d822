"""The errors of the nominal and the identified arm on rows that were fitted, held out, or measured another day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from calib.arrays import Array, Mask
from calib.errors import DegenerateError, InputError
from calib.robot.effect import conditions_of
from calib.robot.evaluation.accuracy import Accuracy, accuracy
from calib.robot.evaluation.changes import SessionChange, change_while_measured
from calib.robot.evaluation.other_frames import NominalAndIdentified, refit_frames, with_new_targets
from calib.robot.identification.model import model_rows, residuals_at
from calib.robot.identification.noise import inlier_rows, noise_of, plausible_rows, row_sizes
from calib.robot.identification.robust_fit import Fit
from calib.robot.table.targets import present_targets, with_targets_of

if TYPE_CHECKING:
    from calib.robot.identification.request import Request
    from calib.robot.table.holdout import Split
    from calib.robot.table.pose_table import PoseTable

MAD_TO_SIGMA, MEDIAN_ERROR = 1.4826, 1.2533  # of Gaussian differences
BY_CHANCE = 2.0  # standard errors
Part = Literal["fitted", "held out"]


@dataclass(frozen=True)
class Outlier:
    """A rejected row."""

    line: int
    """In its file."""
    pose: str
    """Its name, empty without such a column."""
    target: str
    """Its name, empty without such a column."""
    position_mm: float
    """Error at the identified arm."""
    orientation_deg: float | None
    """None where it is not measured."""
    part: Part
    """Whether it was fitted or held out."""
    lost: bool
    """Whether it is a gross error, by the nominal arm already; such rows count in no statistics."""

    @property
    def reason(self) -> str:
        """Why it was rejected, in words."""
        return f"{self.position_mm:.3g} mm off" + (", gross error" if self.lost else "")


@dataclass(frozen=True, eq=False)
class Comparison:
    """The errors of the nominal and of the identified arm on some rows."""

    table: PoseTable
    """The rows."""
    before: Accuracy
    """The nominal arm with its frames fitted, over all rows but lost ones."""
    after: Accuracy
    """The identified arm, over the same rows."""
    without_outliers: Accuracy | None
    """The identified arm, over the rows that are not rejected."""
    before_sizes: Mapping[str, Array]
    """Errors before, m or rad (n,) per component."""
    sizes: Mapping[str, Array]
    """Errors after, m or rad (n,) per component."""
    plausible: Mask
    """(n,) which rows are not lost."""
    outliers: tuple[Outlier, ...]
    """The rejected rows."""
    change: SessionChange | None = None
    """What changed while these rows were measured, where frames were fitted to them."""

    @property
    def worse(self) -> bool:
        """Whether the identified arm is worse than the nominal one, at most rows and by more than chance.

        By the median of the differences, which outliers do not move, against the standard error of a median.
        """
        before, after = (next(iter(sizes.values()))[self.plausible] for sizes in (self.before_sizes, self.sizes))
        middle, error = _median(after - before)
        return middle > BY_CHANCE * error

    def times_larger(self, other: Comparison) -> float:
        """By how much the identified arm's median error is larger than on other rows, at the least: less what it may
        be by chance."""
        (own, own_error), (its, its_error) = (
            _median(next(iter(each.sizes.values()))[each.plausible]) for each in (self, other)
        )
        if not own > 0.0 or not its > 0.0:
            return 1.0
        return own / its * float(np.exp(-BY_CHANCE * np.hypot(own_error / own, its_error / its)))


def _median(values: Array) -> tuple[float, float]:
    """The median of values (n,), and its standard error."""
    middle = float(np.median(values))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(values - middle)))
    return middle, float(MEDIAN_ERROR * spread / np.sqrt(len(values)))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The errors on every set of rows."""

    fitted: Comparison
    """The rows fitted."""
    heldout: Comparison | None
    """Rows of the same table that were held out."""
    validation: Comparison | None
    """Another table, base and target fitted to it."""
    validation_frames_held: Comparison | None
    """The same table, base and target held where the first has them."""
    refit_frames: bool = True
    """Whether the verdict on another table rests on `validation` or on `validation_frames_held`."""

    @property
    def unfitted(self) -> Comparison | None:
        """Rows that were not fitted: of another table with its frames fitted, else those held out."""
        return self.validation or self.heldout

    @property
    def decisive(self) -> Comparison | None:
        """What the verdict rests on: another table if there is one, else the rows held out."""
        other = self.validation if self.refit_frames else self.validation_frames_held
        return other or self.heldout

    @property
    def outliers(self) -> tuple[Outlier, ...]:
        """Rejected rows of the table, in the order of lines."""
        held = self.heldout.outliers if self.heldout else ()
        return tuple(sorted(self.fitted.outliers + held, key=lambda outlier: outlier.line))


@dataclass(frozen=True, eq=False)
class EvaluationRows:
    """The rows on which arms are compared."""

    training: PoseTable
    """The rows fitted."""
    usable: Mask
    """(n,) rows of `training` that are not lost."""
    heldout: PoseTable | None
    """Rows of the same table that were held out."""
    split: Split
    """With the other table, if there is one."""
    request: Request
    """The options."""


def evaluate(pair: NominalAndIdentified, rows: EvaluationRows) -> Evaluation:
    """Compare the two arms on all rows. Raises InputError `rows-lost`."""
    fitted = _on_fitted_rows(pair, rows)
    heldout = None if rows.heldout is None else _on_heldout_rows(pair, rows, rows.heldout)
    other = rows.split.validation
    refitted, held = (None, None) if other is None else _on_another_table(pair, other, rows)
    return Evaluation(fitted, heldout, refitted, held, rows.split.refit_frames)


def row_errors(
    fitted: Fit, table: PoseTable, values: Mapping[str, Array], reference_degc: float | None
) -> dict[str, Array]:
    """Errors m or rad (n,) of the rows of a table per component, with the parameters and frames `values`."""
    model = replace(fitted.model, measurement=fitted.model.measurement.reported)
    rows = model_rows(model, table, conditions_of(table, reference_degc))
    return row_sizes(model.measurement, residuals_at(model, rows, values))


def _on_fitted_rows(pair: NominalAndIdentified, rows: EvaluationRows) -> Comparison:
    """Rows that were fitted, or rejected from the fit."""
    table = rows.training
    before = row_errors(pair.before, table, pair.before.values, pair.reference_degc)
    after = row_errors(pair.after, table, pair.after.values, pair.reference_degc)
    found = _comparison(table, before, after, rows.usable, pair.after.used, "fitted")
    return replace(found, change=_change(pair, pair, table))


def _on_heldout_rows(pair: NominalAndIdentified, rows: EvaluationRows, table: PoseTable) -> Comparison:
    """Rows of the same table, with the frames as fitted."""
    before = row_errors(pair.before, rows.training, pair.before.values, pair.reference_degc)
    typical = {name: float(np.median(size[rows.usable])) for name, size in before.items()}
    known = rows.training.target_names
    matched = with_targets_of(table, known)
    frames = with_new_targets(pair, matched, known, rows.request)
    held = row_errors(frames.before, matched, frames.before.values, pair.reference_degc)
    return _on_new_rows(pair, frames, matched, plausible_rows(held, typical))


def _on_another_table(
    pair: NominalAndIdentified, other: PoseTable, rows: EvaluationRows
) -> tuple[Comparison | None, Comparison]:
    """With the frames fitted to it, and with the frames held. The first is None where its poses do not determine them
    and the verdict does not rest on it."""
    known = rows.training.target_names
    table = with_targets_of(other, known)
    held = with_new_targets(pair, table, known, rows.request)
    sizes = row_errors(held.before, table, held.before.values, pair.reference_degc)
    with_frames_held = _on_new_rows(pair, held, table, plausible_rows(sizes))
    own = present_targets(table)
    try:
        refitted, usable = refit_frames(pair, own, known, rows.request)
    except DegenerateError:
        if rows.split.refit_frames:
            raise
        return None, with_frames_held
    other_frames = _on_new_rows(pair, refitted, own, usable)
    return replace(other_frames, change=_change(pair, refitted, own)), with_frames_held


def _change(pair: NominalAndIdentified, frames: NominalAndIdentified, table: PoseTable) -> SessionChange | None:
    """What changed while a table was measured to which the frames were fitted."""
    return change_while_measured(frames.after, pair.before.model.arm, table, pair.reference_degc)


def _on_new_rows(
    pair: NominalAndIdentified, frames: NominalAndIdentified, table: PoseTable, usable: Mask
) -> Comparison:
    before = row_errors(pair.before, table, frames.before.values, pair.reference_degc)
    after = row_errors(pair.after, table, frames.after.values, pair.reference_degc)
    model = pair.after.model
    measurement, rows = model.measurement, model_rows(model, table, conditions_of(table, pair.reference_degc))
    residuals = residuals_at(model, rows, frames.after.values)
    noise = noise_of(measurement, rows.given, pair.after.noise.common)
    good = inlier_rows(measurement, residuals, noise, table.pose)
    return _comparison(table, before, after, usable, usable & good, "held out")


def _comparison(
    table: PoseTable,
    before: Mapping[str, Array],
    after: Mapping[str, Array],
    usable: Mask,
    good: Mask,
    part: Part,
) -> Comparison:
    first, last = accuracy(before, usable), accuracy(after, usable)
    if first is None or last is None:
        raise InputError(
            "every held-out row is a gross error",
            code="rows-lost",
            where=table.name,
            why="the error of the nominal arm is implausibly large at each of them",
            advice="check these rows, or hold out others: --seed 1",
        )
    outliers = tuple(_outlier(table, after, int(i), part, not usable[i]) for i in np.flatnonzero(~good))
    return Comparison(table, first, last, accuracy(after, good), before, after, usable, outliers)


def _outlier(table: PoseTable, sizes: Mapping[str, Array], row: int, part: Part, lost: bool) -> Outlier:
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
