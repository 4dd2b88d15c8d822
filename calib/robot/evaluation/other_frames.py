"""The frames of rows that were not fitted: as they are, with those of new targets, or fitted anew to another table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.robot.effect import conditions_of
from calib.robot.identification.model import model_rows
from calib.robot.identification.noise import plausible_rows
from calib.robot.identification.robust_fit import Fit, fit
from calib.robot.table.targets import present_targets

if TYPE_CHECKING:
    from calib.robot.identification.request import Request
    from calib.robot.open_frames import OpenFrames
    from calib.robot.table.pose_table import PoseTable


@dataclass(frozen=True, eq=False)
class NominalAndIdentified:
    """The nominal arm with its frames fitted, and the identified arm."""

    before: Fit
    """The nominal arm."""
    after: Fit
    """The identified arm."""
    reference_degc: float | None
    """See `calib.robot.arm_model.Arm`."""


def with_new_targets(
    pair: NominalAndIdentified, table: PoseTable, known: tuple[str, ...], request: Request
) -> NominalAndIdentified:
    """The same two arms with frames for all targets of a table: those `known` as they are, others fitted to it.

    Raises DegenerateError as the closed forms where there are others.
    """
    new = table.target_names[max(len(known), 1) :]
    if not new:
        return pair
    measurement = pair.before.model.measurement
    own = present_targets(table)
    start = measurement.start(pair.before.model.arm.base_from_flange(own.joints), own, request.seed)
    usable, block = plausible_rows(start.size), measurement.per_target
    found = _members(start.values[block], own)[[own.target_names.index(name) for name in new]]

    def extend(fitted: Fit) -> Fit:
        every = np.concatenate([fitted.values[block].reshape(max(len(known), 1), -1), found])
        values = {**fitted.values, block: every.reshape(1, -1, *fitted.values[block].shape[2:])}
        if fitted.values[block].ndim == 2:
            values[block] = every.reshape(1, -1)
        labels = [label for each in measurement.blocks(table, values) for label in each.labels]
        held = frozenset(label for label in labels if label.owner != block or label.member not in new)
        return _fit_frames(fitted, table, values, usable, held, None, pair.reference_degc, request)

    return replace(pair, before=extend(pair.before), after=extend(pair.after))


def refit_frames(
    pair: NominalAndIdentified, table: PoseTable, known: tuple[str, ...], request: Request
) -> tuple[NominalAndIdentified, Mask]:
    """The same two arms with the frames fitted to another table, and which of its rows (n,) are usable.

    Where its poses leave frames open, targets that are `known` stay near where they are. Raises DegenerateError as the
    closed forms.
    """
    measurement = pair.before.model.measurement
    start = measurement.start(pair.before.model.arm.base_from_flange(table.joints), table, request.seed)
    usable = plausible_rows(start.size)

    def refit(fitted: Fit) -> Fit:
        arm = {name: value for name, value in fitted.values.items() if name not in start.values}
        left = start.open and _about_known(start.open, fitted.values, table, known, measurement.per_target)
        starts = [start.values]
        if left and table.target_names == known:  # a closed form of few orientations may be far off: the first table's
            starts.append({name: fitted.values[name] for name in start.values})
        fits = [
            _fit_frames(fitted, table, {**arm, **values}, usable, frozenset(), left, pair.reference_degc, request)
            for values in starts
        ]
        return min(fits, key=lambda each: next(iter(each.noise.common.values())))

    return replace(pair, before=refit(pair.before), after=refit(pair.after)), usable


def _fit_frames(
    fitted: Fit,
    table: PoseTable,
    values: Mapping[str, Array],
    usable: Mask,
    held: frozenset[str],
    left: OpenFrames | None,
    reference_degc: float | None,
    request: Request,
) -> Fit:
    """A fit of frames alone: those of which no label is held."""
    everything = frozenset((*fitted.model.arm.labels, *fitted.model.effect_labels()))
    model = replace(fitted.model, held=everything | held, tolerance=None, weak=frozenset(), open=left)
    rows = model_rows(model, table, conditions_of(table, reference_degc))
    return fit(model, rows, values, usable, robust=request.robust)


def _about_known(
    left: OpenFrames, values: Mapping[str, Array], table: PoseTable, known: tuple[str, ...], block: str
) -> OpenFrames:
    """Open frames, the targets that are known kept near where they are."""
    centre = left.centre[block]
    members = _members(centre.values, table).copy()
    before = values[block].reshape(max(len(known), 1), -1)
    for at, name in enumerate(table.target_names or ("",)):
        if name in (known or ("",)):
            members[at] = before[(known or ("",)).index(name)]
    return replace(left, centre={**left.centre, block: replace(centre, values=members.reshape(centre.values.shape))})


def _members(values: Array, table: PoseTable) -> Array:
    """The values (k, ...) of the targets of a table, one row for each."""
    return values.reshape(max(len(table.target_names), 1), -1)
