"""Which parameters are separable by the data, worked out before anything is solved.

The columns of the Jacobian at the start are taken one after another, the frames first and then the arm: a column that
is a combination of those before belongs to a parameter that is not separable from theirs. Such a parameter is held at
its nominal value and reported with what it is not separable from. What remains is complete, minimal and
changes continuously with the arm (K. Schroeer, S. Albright, M. Grethlein, "Complete, minimal and model-continuous
kinematic models for robot calibration", Robotics and Computer-Integrated Manufacturing 13, 1997).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular

from calib.arrays import Array
from calib.engine.normal_equations.dense import triangular_factor
from calib.engine.normal_equations.layout import layout_of
from calib.robot.start.inliers import LEAST_TURN_RAD

if TYPE_CHECKING:
    from calib.engine import Problem
    from calib.engine.label import Label

# What remains of a unit column after projecting the others out: parameters that arms and poses separate leave 1e-5
# and more, redundant ones 1e-12 and less.
NOTHING_LEFT = 1e-8
MISTAKEN = 2.0  # times the gaps' own size; an observable angle moves the tip by a hundred times more
TAKES_PART = 1e-5  # share of a trade, relative to its largest, from which a parameter is named


def owner_of(label: Label) -> str:
    """Whose coordinate a label is, a frame with its member; the label itself where it has no owner."""
    if not label.owner:
        return str(label)
    return f"{label.owner}[{label.member}]" if label.member else label.owner


@dataclass(frozen=True)
class Redundant:
    """A parameter that is not separable from others."""

    label: Label
    """The parameter."""
    trades_with: tuple[Label, ...]
    """What it is not separable from, most important first; one coordinate represents a frame."""

    @property
    def partners(self) -> tuple[str, ...]:
        """What it is not separable from: frames by their names, parameters by their labels."""
        return tuple(map(owner_of, self.trades_with))

    def __str__(self) -> str:
        if not self.trades_with:
            return f"{self.label} has no effect on what was measured"
        return f"{self.label} is not separable from {', '.join(self.partners)}"


@dataclass(frozen=True, eq=False)
class Identifiability:
    """What the data determine."""

    rank: int
    """How many free parameters they determine."""
    redundant: tuple[Redundant, ...]
    """The others."""
    silent: tuple[Label, ...]
    """Parameters of effects that no row reaches, such as profiles of joint angles that never occur."""
    singular: Array
    """(rank,) singular values of the Jacobian of those determined, a radian counted as a metre, largest first."""
    rows: int
    """Scalar residuals."""
    expected_rank: int | None = None
    """What the rank should be by theory; None where the free parameters were chosen by hand."""

    @property
    def lost(self) -> int:
        """How many more parameters than by theory are not determined."""
        return 0 if self.expected_rank is None else max(self.expected_rank - self.rank, 0)

    @property
    def observability(self) -> dict[str, float]:
        """The indices O1 to O5 of the rows, larger is better (J. Borm, C. Menq 1991; M. Driels, U. Pathre 1990;
        A. Nahvi, J. Hollerbach, V. Hayward 1994 and 1996; Y. Sun, J. Hollerbach 2008)."""
        s = self.singular
        if not len(s) or s[-1] <= 0:
            return dict.fromkeys(("O1", "O2", "O3", "O4", "O5"), 0.0)
        return {
            "O1": float(np.exp(np.mean(np.log(s))) / np.sqrt(self.rows)),
            "O2": float(s[-1] / s[0]),
            "O3": float(s[-1]),
            "O4": float(s[-1] ** 2 / s[0]),
            "O5": float(1 / np.sum(1 / s)),
        }


def examine(
    problem: Problem,
    keep_first: Sequence[str] = (),
    *,
    contact: bool = False,
    instrument: Sequence[str] = (),
    faint: Collection[str] = (),
) -> Identifiability:
    """Sort the free parameters of a problem into determined and redundant ones, at its start.

    keep_first: labels to prefer over others of their kind. Frames are always preferred to the arm, the arm to effects.
    contact: the residual is a gap between what should touch. A turn of everything turns the gaps as well, so an angle
    that is not observable still seems to move them, by their own size. instrument: blocks of parameters that are
    estimated as well, but are not counted: what they can explain is taken out of all other columns first.
    faint: labels of frames of which a turn of the flange must tell more than the arm's own errors turn it.
    """
    layout = layout_of(problem)
    labels = layout.shared_labels()
    block_of = {label: block.name for block in problem.parameters for label in block.labels}
    whole = triangular_factor(layout, problem.start)
    factor = whole[:-1, :-1]
    gap = MISTAKEN * float(np.sqrt(np.sum(whole[:, -1] ** 2))) if contact else 0.0
    order = _order(problem, labels, keep_first, instrument)
    norms = np.sqrt(np.sum(factor**2, axis=0))
    scaled = factor / np.where(norms > 0, norms, 1.0)
    basis = np.zeros((len(factor), 0), order="F")
    upper = np.zeros((len(factor), len(factor)))  # of the columns kept, in terms of the basis
    kept: list[int] = []
    redundant, silent = [], []
    arm = problem.parameters[0].name
    for column in order:
        if norms[column] == 0 and not labels[column].owner and block_of[labels[column]] != arm:
            silent.append(labels[column])
            continue
        along = basis.T @ scaled[:, column]
        rest = scaled[:, column] - basis @ along
        rest -= basis @ (basis.T @ rest)  # twice is enough (W. Kahan)
        size = float(np.sqrt(np.sum(rest * rest)))
        least = max(NOTHING_LEFT, gap / max(norms[column], 1e-300) if labels[column].angular else 0.0)
        if size > least:
            upper[: len(kept), len(kept)], upper[len(kept), len(kept)] = along, size
            basis = np.column_stack([basis, rest / size])
            kept.append(column)
        if size <= (LEAST_TURN_RAD if labels[column] in faint else least):
            before = len(along)
            share = solve_triangular(upper[:before, :before], along) if before else along
            names = _trades(np.abs(share), [labels[i] for i in kept[:before]], 1e-2 if contact else TAKES_PART)
            redundant.append(Redundant(labels[column], names))
    apart = {label for name in instrument for label in problem.by_name[name].labels}
    first = sum(labels[column] in apart for column in kept)
    named = {each.label for each in redundant}
    at = [i for i in range(first, len(kept)) if labels[kept[i]] not in named]
    counted = [kept[i] for i in at]
    # past the instrument's columns, which span the first of the basis, this is the Jacobian without what they explain
    left = upper[first : len(kept), at] * norms[counted]
    singular = np.asarray(np.linalg.svd(left, compute_uv=False)) if counted else np.zeros(0)
    rows = sum(block.rows * block.dimension for block in problem.residuals)
    return Identifiability(len(counted), tuple(redundant), tuple(silent), singular, rows)


def _order(
    problem: Problem, labels: tuple[Label, ...], keep_first: Sequence[str], instrument: Sequence[str]
) -> list[int]:
    """Columns in the order in which they are kept: the instrument, frames, labels requested, the arm, effects."""
    arm, *effects = (block.name for block in problem.parameters)
    of: dict[str, str] = {label: block.name for block in problem.parameters for label in block.labels}

    def place(column: int) -> tuple[int, int]:
        label = labels[column]
        if of[label] in instrument:
            return -1, column
        if label.owner:  # a coordinate of a frame
            return 0, column
        if label in keep_first:
            return 1, column
        return (2 if of[label] == arm else 3 + effects.index(of[label])), column

    return sorted(range(len(labels)), key=place)


def _trades(share: Array, labels: Sequence[Label], least: float) -> tuple[Label, ...]:
    """What makes up a column, most important first; one coordinate for each frame.

    share: (k,) of each of the labels, of unit columns. least: relative to the largest.
    """
    largest = float(share.max(initial=0.0))
    named = [labels[i] for i in np.argsort(-share, kind="stable") if share[i] > least * largest]
    first = {owner_of(label): label for label in reversed(named)}  # the most important coordinate of each
    return tuple(first[owner] for owner in dict.fromkeys(map(owner_of, named)))
