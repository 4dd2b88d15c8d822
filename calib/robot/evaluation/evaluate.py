"""The errors of the nominal and the identified arm on rows that were fitted, held out, or measured another day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from calib.arrays import Array, Mask
from calib.errors import InputError
from calib.robot.effect import conditions_of
from calib.robot.evaluation.accuracy import Accuracy, accuracy
from calib.robot.identification.model import model_rows, residuals_at
from calib.robot.identification.noise import inlier_rows, noise_of, plausible_rows, row_sizes
from calib.robot.identification.robust_fit import Fit, fit

if TYPE_CHECKING:
    from calib.robot.identification.request import Request
    from calib.robot.table.holdout import Split
    from calib.robot.table.pose_table import PoseTable

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

    @property
    def worse(self) -> bool:
        """Whether the identified arm is worse than the nominal one."""
        return self.after.position_mm.mean > self.before.position_mm.mean


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
class NominalAndIdentified:
    """The nominal arm with its frames fitted, and the identified arm."""

    before: Fit
    """The nominal arm."""
    after: Fit
    """The identified arm."""
    reference_degc: float | None
    """See `calib.robot.arm_model.Arm`."""


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
    refitted, held = (None, None) if other is None else _on_another_table(pair, other, rows.request)
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
    return _comparison(table, before, after, rows.usable, pair.after.used, "fitted")


def _on_heldout_rows(pair: NominalAndIdentified, rows: EvaluationRows, table: PoseTable) -> Comparison:
    """Rows of the same table, with the frames as fitted."""
    before = row_errors(pair.before, rows.training, pair.before.values, pair.reference_degc)
    typical = {name: float(np.median(size[rows.usable])) for name, size in before.items()}
    held = row_errors(pair.before, table, pair.before.values, pair.reference_degc)
    return _on_new_rows(pair, pair, table, plausible_rows(held, typical))


def _on_another_table(pair: NominalAndIdentified, table: PoseTable, request: Request) -> tuple[Comparison, Comparison]:
    """With the frames fitted to it, and with the frames held."""
    nominal = pair.before.model
    start = nominal.measurement.start(nominal.arm.base_from_flange(table.joints), table, request.seed)
    usable = plausible_rows(start.size)
    refitted = _refit_frames(pair, table, start.values, usable, request.robust)
    return _on_new_rows(pair, refitted, table, usable), _on_new_rows(pair, pair, table, usable)


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


def _refit_frames(
    pair: NominalAndIdentified, table: PoseTable, start: Mapping[str, Array], usable: Mask, robust: bool
) -> NominalAndIdentified:
    """The same two arms, with the frames fitted to another table."""

    def refit(fitted: Fit) -> Fit:
        arm = {name: value for name, value in fitted.values.items() if name not in start}
        held = frozenset((*fitted.model.arm.labels, *fitted.model.effect_labels()))
        model = replace(fitted.model, held=held, tolerance=None)
        rows = model_rows(model, table, conditions_of(table, pair.reference_degc))
        return fit(model, rows, {**arm, **start}, usable, robust=robust)

    return replace(pair, before=refit(pair.before), after=refit(pair.after))


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
