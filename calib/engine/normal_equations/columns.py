"""Where the Jacobians of a residual block go among the columns of the normal equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Index

if TYPE_CHECKING:
    from calib.engine.problem import Problem, ResidualBlock, Rows


@dataclass(frozen=True, eq=False)
class Part:
    """Columns that one parameter block contributes to the rows of a residual block."""

    position: int
    """Of its Jacobian among those returned."""
    free: Index | None
    """Its free tangent coordinates, or None for all."""
    width: int
    """How many."""
    columns: Index
    """Where they go among the free shared columns: (coordinates,) or, with a member per row, (members, coordinates)."""
    members: Index | None = None
    """The member of every row, if it has many."""

    def columns_at(self, rows: Rows) -> Index:
        """Where the columns of some rows go, (m, coordinates), if the member differs from row to row."""
        assert self.members is not None
        return self.columns[self.members[rows]]

    @cached_property
    def runs(self) -> tuple[slice, ...]:
        """The free coordinates as runs of consecutive ones, which need no gathering."""
        if self.free is None:
            return (slice(0, self.width),)
        breaks = np.flatnonzero(np.diff(self.free) != 1) + 1
        return tuple(slice(int(run[0]), int(run[-1]) + 1) for run in np.split(self.free, breaks) if len(run))


@dataclass(frozen=True, eq=False)
class Columns:
    """How the Jacobians of a residual block are divided."""

    private: Part | None
    """The private part."""
    constant: tuple[Part, ...]
    """The shared parts that are the same in every row."""
    indexed: tuple[Part, ...]
    """The shared parts whose member differs from row to row."""
    shared: int
    """How many shared columns there are."""

    @cached_property
    def grouped(self) -> tuple[Part, ...]:
        """The parts that are multiplied group by group: the private one first, then the constant ones."""
        return ((self.private,) if self.private else ()) + self.constant

    @cached_property
    def total(self) -> Index:
        """Shared columns of the constant parts, concatenated."""
        return np.concatenate([part.columns for part in self.constant] or [np.zeros(0, np.intp)]).astype(np.intp)

    @cached_property
    def across(self) -> Index | None:
        """Columns of a private member's system that the grouped parts and the residual fill; None for all of them."""
        t = self.private.width if self.private else 0
        filled = np.concatenate([np.arange(t), t + self.total, [t + self.shared]])
        return None if np.array_equal(filled, np.arange(t + self.shared + 1)) else filled


def columns_of(
    problem: Problem, block: ResidualBlock, private: str | None, offset: Mapping[str, int], free: Index, columns: int
) -> Columns:
    """The division of one residual block. private: the eliminated block it uses. offset: first of the `columns` shared
    columns of each shared block. free: those that are estimated."""
    position_of = np.full(columns, -1, np.intp)
    position_of[free] = np.arange(len(free))
    own: Part | None = None
    constant: list[Part] = []
    indexed: list[Part] = []
    for position, (name, members) in enumerate(block.blocks.items()):
        unknown = problem.by_name[name]
        width = len(unknown.free)
        chosen = None if width == unknown.tangent else unknown.free
        if name == private:
            own = Part(position, chosen, width, np.zeros(0, np.intp), members)
        elif width:
            starts = offset[name] + unknown.tangent * np.arange(unknown.count)
            where = position_of[starts[:, None] + unknown.free]
            if members is None or unknown.count == 1:
                constant.append(Part(position, chosen, width, where[0]))
            else:
                indexed.append(Part(position, chosen, width, where, members))
    return Columns(own, tuple(constant), tuple(indexed), len(free))
