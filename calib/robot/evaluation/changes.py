"""What changed while a table was measured: an instrument that was bumped, a target that slipped, heat."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.robot.effect import conditions_of
from calib.robot.evaluation.change_scan import Change, Rows, find_change
from calib.robot.identification.model import model_rows, pose_problem
from calib.robot.identification.residuals import ARM_BLOCK
from calib.robot.table.select import select_rows

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.identification.robust_fit import Fit
    from calib.robot.table.pose_table import PoseTable

MOST_ROWS = 3000  # spread over the session: a moment is known to as many
MAJORITY = 0.6  # of the rows that fit either part: a fit to as many, the others rejected, is that of the one part
HALF = 0.5  # of a move: what either part is off by, if the fit lies between
MOST_COLUMNS = 24  # of the targets of a table, that may have moved together
LENGTHS = "lengths"
JOINTS = ("joint", "slide")
EVERY = "every target"
NAMES = "names"
SAME_PLACE = 0.2  # of the distance between two targets: what remains where one is taken for the other
AGAIN = "calibrate the rows before and after as two tables"
NAME_APART = (
    "give the rows from line {} on a target of another name (column `target`), or calibrate the two parts as two tables"
)
REMEDIES = {
    "frame": f"{AGAIN}, or measure again without moving the instrument or the robot's base",
    "target": NAME_APART,
    NAMES: "correct column `target` from line {} on, or up to there, whichever is wrong",
    **dict.fromkeys(JOINTS, f"master that joint again; {AGAIN}"),
    LENGTHS: f"{AGAIN}; keep the temperature, and do not adjust the instrument in between",
}
STEADY = (
    "measure in random order, at a steady temperature; repeat one pose now and then to see what drifts, and calibrate "
    "parts of the session as tables of their own"
)


@dataclass(frozen=True)
class SessionChange:
    """Something that changed while a table was measured."""

    what: str
    """What changed and by how much, in words."""
    kind: str
    """frame, target, names (of targets), joint, slide or lengths."""
    gradual: bool
    """Whether over all of the session."""
    line: int
    """Of the first row of the later part, in the file; of a gradual change the first of all."""
    last_before: int
    """Of the last row before; of a gradual change the last of all."""
    shift_mm: float
    """rms by which positions predicted are off because of it, the instrument's own frame aside."""
    nominal_mm: float
    """The same of the nominal arm, with base and target fitted."""
    moved_mm: float
    """rms by which what is measured moved."""

    @property
    def decisive(self) -> bool:
        """Whether the arm identified across it is worse than the nominal one."""
        return self.shift_mm > self.nominal_mm

    @property
    def decisive_in_world(self) -> bool:
        """The same of positions in the instrument's frame, where the base is one of two."""
        of_base = self.kind == "frame" and HALF * self.moved_mm > self.nominal_mm
        return self.decisive or of_base

    @property
    def advice(self) -> str:
        """What to do."""
        return STEADY if self.gradual else REMEDIES[self.kind].format(self.line)

    def __str__(self) -> str:
        if self.gradual:
            return f"over the session {self.what}"
        return (
            f"from line {self.line} on {self.what}: the rows up to line {self.last_before} and those from line "
            f"{self.line} on fit apart"
        )


def change_while_measured(
    fitted: Fit, nominal: SerialArm, table: PoseTable, reference_degc: float | None
) -> SessionChange | None:
    """What changed while a table was measured; None where nothing did beyond chance.

    fitted: to that table; of an arm that was held, the frames alone.
    """
    order, moment = _in_time(table)
    if len(order) < 2:
        return None
    measured = select_rows(table, order)
    columns = _Derivatives(fitted, measured, reference_degc)
    rows = Rows(columns.residuals, columns.by_estimated(), columns.parts, moment)
    candidates = columns.candidates()
    found = find_change(rows, {name: column for name, (_, column) in candidates.items()})
    if found is None:
        return None
    kind, column = candidates[found.name]
    moved = (column @ found.size)[:, columns.parts[0]]
    used = fitted.used[order]
    settled = float(np.mean(used[found.fits])) > MAJORITY
    judged = found.fits & used if settled else found.fits
    shift, off = columns.displacements(found, moved if kind != "frame" else np.zeros_like(moved), nominal, judged)
    lines = measured.lines
    pairs = columns.exchanged_targets(found) if found.name == EVERY and not found.gradual else ()
    return SessionChange(
        f"the names of targets {' and '.join(pairs)} are exchanged" if pairs else _words(found, kind, moved),
        NAMES if pairs else kind,
        found.gradual,
        int(lines[found.first]),
        int(lines[-1 if found.gradual else found.first - 1]),
        shift,
        off,
        _size_mm(found, moved),
    )


def _in_time(table: PoseTable) -> tuple[Index, Index]:
    """Rows in the order in which they were measured, at most so many, and the moment of each.

    Rows of one named pose are of one moment, wherever they stand.
    """
    key, rows = np.asarray(table.lines), np.arange(len(table.lines))
    if table.pose_names:
        first = np.full(len(table.pose_names), np.iinfo(np.intp).max)
        np.minimum.at(first, table.pose, key)
        key = first[table.pose]
    moments = np.unique(key)
    if len(rows) > MOST_ROWS:
        few = moments[:: -(-len(rows) // MOST_ROWS)]
        keep = np.isin(key, few)
        rows, key, moments = rows[keep], key[keep], few
    order = np.argsort(key, kind="stable")
    return rows[order], np.searchsorted(moments, key[order]).astype(np.intp)


class _Derivatives:
    """Residuals of a fit, in m and rad, and their derivatives by everything, estimated or not."""

    def __init__(self, fitted: Fit, table: PoseTable, reference_degc: float | None) -> None:
        measurement = fitted.model.measurement.reported
        own = frozenset((*fitted.model.arm.labels, *fitted.model.effect_labels()))
        every = replace(fitted.model, measurement=measurement, held=fitted.model.held - own)
        problem = pose_problem(every, model_rows(every, table, conditions_of(table, reference_degc)), fitted.values)
        self.residuals, jacobians = problem.residuals[0].evaluate(problem.start, slice(0, len(table.joints)))
        self.by_block = dict(zip((block.name for block in problem.parameters), jacobians, strict=True))
        self.labels = {block.name: block.labels for block in problem.parameters}
        self.parts = [component.part for component in measurement.components]
        self.targets = measurement.per_target
        self.fitted, self.held = fitted, fitted.model.held
        self.frames = [block.name for block in measurement.blocks(table, fitted.values)]

    def by_estimated(self) -> Array:
        """By all that was estimated, (n, d, p)."""
        return np.concatenate([self._free(name) for name in self.by_block], axis=2)

    def candidates(self) -> dict[str, tuple[str, Array]]:
        """What may change, by name: its kind, and its columns."""
        arm, by_arm = self.fitted.model.arm, self.by_block[ARM_BLOCK]
        found = {_place(name): ("frame", self.by_block[name]) for name in self.frames if name != self.targets}
        found |= self._of_targets() if self.targets else {}
        found |= {
            f"the zero of joint {joint + 1}": (
                "joint" if arm.labels[column].angular else "slide",
                by_arm[:, :, [column]],
            )
            for joint, column in enumerate(arm.motion_columns.tolist())
        }
        lengths = np.array([0.0 if label.angular else 1.0 for label in arm.labels])
        by_lengths = by_arm @ (lengths * self.fitted.values[ARM_BLOCK][0])
        return found | {LENGTHS: (LENGTHS, by_lengths[:, :, None])}

    def _of_targets(self) -> dict[str, tuple[str, Array]]:
        """Every target by itself, and all together."""
        columns, labels = self.by_block[self.targets], self.labels[self.targets]
        members = dict.fromkeys(label.member for label in labels)
        found = {}
        for member in members:
            own = [i for i, label in enumerate(labels) if label.member == member]
            found[f"target {member}" if member else _place(self.targets)] = ("target", columns[:, :, own])
        if len(members) > 1 and len(labels) <= MOST_COLUMNS:
            found[EVERY] = ("target", columns)
        return found

    def exchanged_targets(self, change: Change) -> tuple[str, ...]:
        """The targets each of which is, from a step on, where another one was before; none unless there are several."""
        values, step = self.fitted.values[self.targets], -change.size
        before = -change.estimated[self._columns_of(self.targets)]
        if values.ndim > 2:
            frames = values.reshape(-1, 4, 4)
            turn, places = frames[:, :3, :3], frames[:, :3, 3]
            early = places + np.einsum("kij,kj->ki", turn, before.reshape(-1, 6)[:, :3])
            late = early + np.einsum("kij,kj->ki", turn, step.reshape(-1, 6)[:, :3])
        else:
            early = (values[0] + before).reshape(-1, 3)
            late = early + step.reshape(-1, 3)
        apart = np.linalg.norm(late[:, None] - early[None], axis=2)
        own, other = np.diagonal(apart), np.argmin(apart, axis=1)
        swapped = np.min(apart, axis=1) < SAME_PLACE * own
        swapped &= other[other] == np.arange(len(other))
        members = list(dict.fromkeys(label.member for label in self.labels[self.targets]))
        return tuple(name for name, is_other in zip(members, swapped, strict=True) if is_other)

    def displacements(self, change: Change, moved: Array, nominal: SerialArm, rows: Mask) -> tuple[float, float]:
        """mm, rms over some rows (n,): by which positions predicted are off because of a change, and those of the
        nominal arm; what base and instrument take up is no part of either, nor the target of the latter.

        moved: (n, k) by which what was measured changed, where that is no frame of the instrument.
        """
        part = self.parts[0]
        off = {name: self._free(name)[:, part] @ change.estimated[self._columns_of(name)] for name in self.by_block}
        places = [name for name in self.frames if name != self.targets]
        shift = sum(off.values()) + change.share[:, None] * moved
        by_arm, at = self.by_block[ARM_BLOCK][:, part], self.fitted.values[ARM_BLOCK][0]
        apart = by_arm @ (nominal.parameters - at) + off[ARM_BLOCK]
        return self._beyond(shift, places, rows), self._beyond(apart, self.frames, rows)

    def _beyond(self, displacement: Array, frames: list[str], rows: Mask) -> float:
        """mm, rms of displacements (n, k) less what frames take up."""
        by_frames = np.concatenate([self.by_block[name][:, self.parts[0]] for name in frames], axis=2)[rows]
        flat, target = by_frames.reshape(-1, by_frames.shape[2]), displacement[rows].ravel()
        left = target - flat @ np.linalg.lstsq(flat, target, rcond=1e-9)[0]
        return 1000 * float(np.linalg.norm(left) / math.sqrt(max(int(rows.sum()), 1)))

    def _columns_of(self, name: str) -> slice:
        """The columns of a block among those of `by_estimated`."""
        counts = {each: self._free(each).shape[2] for each in self.by_block}
        names = list(counts)
        begin = sum(counts[each] for each in names[: names.index(name)])
        return slice(begin, begin + counts[name])

    def _free(self, name: str) -> Array:
        free = [i for i, label in enumerate(self.labels[name]) if label not in self.held]
        return self.by_block[name][:, :, free]


def _place(name: str) -> str:
    """A frame or point in words: `world_from_base` is the base in the world."""
    outer, _, inner = name.partition("_from_")
    if not inner:
        inner, _, outer = name.partition("_in_")
    return f"the {inner} in the {outer}"


def _words(change: Change, kind: str, moved: Array) -> str:
    """What changed, and by how much."""
    size = -float(change.size[0])  # residuals are what is predicted less what is measured
    if kind == LENGTHS:
        return f"all lengths {'grow' if change.gradual else 'change'} by {100 * size:+.3f} %"
    if kind in JOINTS:
        amount = f"{math.degrees(size):+.3f} deg" if kind == "joint" else f"{1000 * size:+.3f} mm"
        return f"{change.name} {'drifts' if change.gradual else 'has changed'}, by {amount}"
    return f"{change.name} {'drifts' if change.gradual else 'has moved'}, by {_size_mm(change, moved):.3g} mm"


def _size_mm(change: Change, moved: Array) -> float:
    """rms over the rows that a change concerns."""
    late = change.fits & np.any(moved, axis=1) & (change.share != 0.0)
    return 1000 * float(np.sqrt(np.mean(np.sum(moved[late] ** 2, axis=1))))
