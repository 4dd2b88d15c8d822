"""How a problem is laid out for the linear algebra: which blocks are eliminated, which columns stay, which rows go
together.

A block of many members none of which meets another in any row (the poses of the views, the points of a scene) is
private to its rows: its normal equations are block-diagonal and it can be eliminated member by member (Schur
complement; D. C. Brown 1958, B. Triggs et al. 2000, sec. 6). The engine finds such blocks itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Index
from calib.engine.normal_equations.columns import Columns, columns_of

if TYPE_CHECKING:
    from calib.engine.label import Label
    from calib.engine.problem import ParameterBlock, Problem, ResidualBlock, Rows

# Numbers in one chunk's Jacobian: 2.4 MB, small enough for the outer caches, large enough to pay for the calls.
CHUNK_ENTRIES = 300_000
# Numbers in the members' shares of the shared columns that are kept: 8 MB, little beside the chunks of many rows.
MOST_SHARED_ENTRIES = 1_000_000


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows that are evaluated together."""

    rows: Rows
    """Of the residual block."""
    bounds: Index
    """(groups + 1,) where each group's rows begin and end in the chunk."""
    members: slice | Index | None
    """(groups,) the private member of each group, a slice if they follow one another; None if no block is private."""
    uniform: int
    """Rows per group if all groups have as many, else 0."""


@dataclass(frozen=True, eq=False)
class ResidualLayout:
    """Where the rows and columns of one residual block go."""

    block: ResidualBlock
    """The residual block."""
    private: str | None
    """Its private block, if any."""
    columns: Columns
    """Where its columns go."""
    chunks: tuple[Chunk, ...]
    """Its rows, in pieces that are evaluated together."""

    @property
    def members(self) -> Index:
        """The private member (rows,) of every row, of a block that has one."""
        found = self.block.blocks[self.private] if self.private else None
        assert found is not None
        return found


@dataclass(frozen=True, eq=False, repr=False)
class Layout:
    """The layout of a whole problem."""

    problem: Problem
    """What is laid out."""
    private: tuple[str, ...]
    """Names of the eliminated blocks."""
    offset: dict[str, int]
    """First column of each shared block among all shared columns, member after member, fixed ones included."""
    columns: int
    """How many shared columns there are, fixed ones included."""
    free: Index
    """The shared columns that are estimated."""
    residuals: tuple[ResidualLayout, ...]
    """One per residual block, in order."""

    def __repr__(self) -> str:
        return f"Layout({len(self.free)} free shared columns, private: {', '.join(self.private) or 'none'})"

    @cached_property
    def shares(self) -> dict[str, bool]:
        """Per eliminated block, whether the normal equations keep what each member adds to the shared columns: where
        that is small, and every row of the block is a measurement that meets the same shared columns."""
        found = {}
        for name in self.private:
            users = [residual for residual in self.residuals if residual.private == name]
            small = self.problem.by_name[name].count * (len(self.free) + 1) ** 2 <= MOST_SHARED_ENTRIES
            found[name] = small and not any(residual.columns.indexed or residual.block.prior for residual in users)
        return found

    @cached_property
    def shared_blocks(self) -> tuple[ParameterBlock, ...]:
        """The blocks that are not eliminated."""
        return tuple(block for block in self.problem.parameters if block.name not in self.private)

    def width(self, name: str) -> int:
        """Free tangent coordinates of a block."""
        return len(self.problem.by_name[name].free)

    def shared_labels(self) -> tuple[Label, ...]:
        """Full labels of the free shared columns, in order."""
        labels = [b.full_label(m, c) for b in self.shared_blocks for m in range(b.count) for c in range(b.tangent)]
        return tuple(labels[i] for i in self.free)


def layout_of(problem: Problem) -> Layout:
    """Work out the layout of a problem."""
    _keep_freed_memory()
    private = _private_blocks(problem)
    offset: dict[str, int] = {}
    free: list[Index] = []
    columns = 0
    for block in problem.parameters:
        if block.name in private:
            continue
        offset[block.name] = columns
        starts = columns + block.tangent * np.arange(block.count)
        free.append((starts[:, None] + block.free).ravel())
        columns += block.tangent * block.count
    estimated = np.concatenate([*free, np.zeros(0, np.intp)]).astype(np.intp)
    residuals = []
    for rows in problem.residuals:
        own = next((name for name in rows.blocks if name in private), None)
        where = columns_of(problem, rows, own, offset, estimated, columns)
        residuals.append(ResidualLayout(rows, own, where, _chunks(problem, rows, own)))
    return Layout(problem, private, offset, columns, estimated, tuple(residuals))


@cache
def _keep_freed_memory() -> None:
    """Teach the allocator to keep the memory of freed chunks instead of returning it to the system.

    glibc raises its thresholds to the size of the largest mapped block it has freed, at most 32 MB; this one is never
    touched. Otherwise every chunk's arrays are mapped and faulted in anew: twice the time.
    """
    np.empty(2**25 - 2**13, np.uint8)


def _private_blocks(problem: Problem) -> tuple[str, ...]:
    """The many-member blocks to eliminate: largest first, none that shares a row with one already chosen."""
    many = [block for block in problem.parameters if block.count > 1 and len(block.free)]
    chosen: list[str] = []
    for block in sorted(many, key=lambda b: -b.count * b.tangent):
        users = [set(r.blocks) for r in problem.residuals if block.name in r.blocks]
        if users and not any(used & set(chosen) for used in users):
            chosen.append(block.name)
    return tuple(chosen)


def _chunks(problem: Problem, block: ResidualBlock, private: str | None) -> tuple[Chunk, ...]:
    width = 1 + sum(problem.by_name[name].tangent for name in block.blocks)
    most = max(1, CHUNK_ENTRIES // (width * block.dimension))
    members = block.blocks[private] if private else None
    if members is None:
        step = _even_size(block.rows, most)
        return tuple(_ungrouped_chunk(slice(a, min(a + step, block.rows))) for a in range(0, block.rows, step))
    return tuple(_group_chunks(members, most))


def _even_size(count: int, most: int) -> int:
    """The size of the fewest chunks of at most `most`, all alike: a small rest costs as many calls as a whole one."""
    return max(1, -(-count // max(1, -(-count // most))))


def _ungrouped_chunk(rows: slice) -> Chunk:
    count = rows.stop - rows.start
    return Chunk(rows, np.array([0, count]), None, count)


def _group_chunks(members: Index, most: int) -> Iterator[Chunk]:
    """Chunks of whole groups, a group being all rows of one private member.

    Groups of equal size are brought together, for they are multiplied in one batch.
    """
    counts = np.bincount(members)
    ids = np.flatnonzero(counts)
    per = int(counts[ids[0]]) if len(ids) else 0
    if np.array_equal(members, np.repeat(ids, per)):  # the common case: in order, groups of one size
        step = _even_size(len(ids), max(1, most // per))
        for begin in range(0, len(ids), step):
            chosen = ids[begin : begin + step]
            bounds = per * np.arange(len(chosen) + 1)
            yield Chunk(slice(per * begin, per * (begin + len(chosen))), bounds, _as_slice(chosen), per)
        return
    ordered = bool((np.diff(members) >= 0).all())
    order = np.arange(len(members)) if ordered else np.argsort(members, kind="stable")
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    if not (counts[ids] == counts[ids[0]]).all():
        ids = ids[np.argsort(counts[ids], kind="stable")]
    begin = 0
    while begin < len(ids):
        sizes = counts[ids[begin:]]
        end = begin + max(1, int(np.searchsorted(np.cumsum(sizes), most, side="right")))
        same = begin + int(np.searchsorted(sizes, sizes[0], side="right"))
        if same - begin >= 8:  # a batch worth its own evaluation; smaller runs share one
            end = min(end, same)
        chosen = ids[begin:end]
        bounds = np.concatenate([[0], np.cumsum(counts[chosen])])
        rows = np.concatenate([order[first[i] : first[i] + counts[i]] for i in chosen])
        uniform = int(counts[chosen[0]]) if (counts[chosen] == counts[chosen[0]]).all() else 0
        yield Chunk(_as_slice(rows), bounds, _as_slice(chosen), uniform)
        begin = end


def _as_slice(indices: Index) -> slice | Index:
    """Consecutive indices as a slice, which numpy takes without gathering."""
    if indices[-1] - indices[0] == len(indices) - 1 and bool((np.diff(indices) == 1).all()):
        return slice(int(indices[0]), int(indices[-1]) + 1)
    return indices
