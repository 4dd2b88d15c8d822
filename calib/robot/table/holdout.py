"""Which rows are held out to validate the result: whole poses, or whole sessions, never parts of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Index, Mask
from calib.errors import InputError, UsageError, did_you_mean
from calib.robot.table.select import pose_groups

if TYPE_CHECKING:
    from calib.robot.table.pose_table import PoseTable


HOLDOUT = 0.2  # a fifth: enough to validate by, little enough to miss


@dataclass(frozen=True, eq=False)
class Split:
    """Which rows are fitted and which validate the result: some of the same table, held out, or another table."""

    share: float = HOLDOUT
    """Of the poses, or of the groups; 0 holds nothing out."""
    by: str | None = None
    """A column whose values are kept together; as COLUMN=VALUE, the rows of that value are held out."""
    train_rows: int | None = None
    """Fit about so many rows, hold out all others."""
    validation: PoseTable | None = None
    """Another table to validate by."""
    refit_frames: bool = True
    """Whether the verdict on that rests on base and target fitted to it."""

    def rows(self, table: PoseTable, seed: int) -> Mask:
        """The rows (n,) held out; see `holdout_rows`."""
        return holdout_rows(table, self.share, self.by, self.train_rows, seed)


def holdout_rows(
    table: PoseTable, share: float = HOLDOUT, by: str | None = None, train_rows: int | None = None, seed: int = 0
) -> Mask:
    """The rows (n,) that are held out; the others are fitted.

    share: of the groups, drawn at random; 0 holds nothing out. Groups are poses, or, with `by`, rows of one value of
    that column; `by` as COLUMN=VALUE holds out the rows of that value. train_rows: fit about so many rows, hold out all
    others. Raises UsageError `holdout-share`, `holdout-column`, InputError `holdout-groups`.
    """
    if not 0 <= share < 1:
        raise UsageError(f"{share:g} is not a share", code="holdout-share", where="--holdout", advice="0.2 is a fifth")
    if by is not None and "=" in by:
        column, _, value = by.partition("=")
        chosen = np.array([text == value for text in _texts(table, column)])
        if not chosen.any() or chosen.all():
            what = "no row" if not chosen.any() else "every row"
            values = ", ".join(sorted(set(_texts(table, column)))[:4])
            advice = f"values of {column} include {values}; {column} alone holds whole groups out"
            raise UsageError(f"{what} has {by}", code="holdout-column", where="--holdout-by", advice=advice)
        return chosen
    group = pose_groups(table) if by is None else _index(_texts(table, by))
    count = int(group.max(initial=-1)) + 1
    order = np.random.default_rng(seed).permutation(count)
    if train_rows is not None:
        if train_rows < 1:
            advice = f"--train-rows {max(1, len(group) * 4 // 5)} fits four fifths of the rows"
            what = "at least one row is needed to fit"
            raise UsageError(what, code="holdout-share", where="--train-rows", advice=advice)
        rows = np.cumsum(np.bincount(group, minlength=count)[order])
        return np.asarray(~np.isin(group, order[rows <= max(train_rows, rows[0])]))
    if share == 0:
        return np.zeros(len(group), bool)
    if count < 2:
        what = f"only one value of {by}" if by else "only one pose"
        raise InputError(f"{what}: nothing to hold out", code="holdout-groups", advice="--holdout 0")
    held = min(max(round(share * count), 1), count - 1)
    return np.asarray(np.isin(group, order[:held]))


def folds(table: PoseTable, count: int, seed: int = 0) -> Index:
    """A fold (n,) for every row, 0 ... count - 1: whole poses, dealt at random."""
    group = pose_groups(table)
    order = np.random.default_rng(seed).permutation(int(group.max(initial=-1)) + 1)
    return np.asarray((order % count)[group], dtype=np.intp)


def _texts(table: PoseTable, column: str) -> tuple[str, ...]:
    known = {
        "pose": [table.pose_names[i] for i in table.pose] if table.pose_names else None,
        "target": [table.target_names[i] for i in table.target] if table.target_names else None,
        "temperature_degc": None if table.temperature_degc is None else table.temperature_degc.tolist(),
        "payload_kg": None if table.payload_kg is None else table.payload_kg.tolist(),
        **table.other,
    }
    texts = known.get(column)
    if texts is None:
        names = [name for name, values in known.items() if values is not None]
        advice = did_you_mean(column, names) if names else "the table has no column but those of the measurement"
        raise UsageError(f"no column {column!r}", code="holdout-column", where="--holdout-by", advice=advice)
    return tuple(str(text) for text in texts)


def _index(texts: tuple[str, ...]) -> Index:
    return np.unique(np.array(texts), return_inverse=True)[1].reshape(-1).astype(np.intp)
