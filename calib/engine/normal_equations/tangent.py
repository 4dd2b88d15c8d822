"""Vectors over the free coordinates of a problem, and how they become steps of its blocks and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calib.engine.normal_equations.assembly import NormalEquations
    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import Values


@dataclass(frozen=True, eq=False, repr=False)
class Tangent:
    """A vector over all free coordinates; the operators are those of an array, coordinate by coordinate."""

    shared: Array
    """(K,) of the columns that are not eliminated."""
    private: dict[str, Array]
    """(t, members) per eliminated block."""

    __array_ufunc__ = None  # a numpy number times a tangent is a tangent

    def __repr__(self) -> str:
        return f"Tangent({sum(part.size for part in self.parts)} coordinates, length {self.length:.6g})"

    def __add__(self, other: Tangent) -> Tangent:
        return Tangent(self.shared + other.shared, {n: own + other.private[n] for n, own in self.private.items()})

    def __sub__(self, other: Tangent) -> Tangent:
        return Tangent(self.shared - other.shared, {n: own - other.private[n] for n, own in self.private.items()})

    def __neg__(self) -> Tangent:
        return Tangent(-self.shared, {name: -own for name, own in self.private.items()})

    def __mul__(self, other: Tangent | float) -> Tangent:
        if isinstance(other, Tangent):
            return Tangent(self.shared * other.shared, {n: own * other.private[n] for n, own in self.private.items()})
        return Tangent(other * self.shared, {name: other * own for name, own in self.private.items()})

    __rmul__ = __mul__

    def dot(self, other: Tangent) -> float:
        """The inner product."""
        total = np.einsum("k,k->", self.shared, other.shared)
        for name, own in self.private.items():
            total += np.einsum("tm,tm->", own, other.private[name])
        return float(total)

    @property
    def length(self) -> float:
        """The Euclidean norm."""
        return float(np.sqrt(self.dot(self)))

    @property
    def parts(self) -> tuple[Array, ...]:
        """The arrays it is made of: the shared columns, then block by block."""
        return self.shared, *self.private.values()

    @property
    def finite(self) -> bool:
        """Whether every coordinate is finite."""
        return bool(np.isfinite(self.shared).all()) and all(bool(np.isfinite(a).all()) for a in self.private.values())


def map_tangent(function: Callable[..., Array], *tangents: Tangent) -> Tangent:
    """A function applied coordinate by coordinate."""
    private = {name: function(*(t.private[name] for t in tangents)) for name in tangents[0].private}
    return Tangent(function(*(t.shared for t in tangents)), private)


def diagonal(normal: NormalEquations) -> Tangent:
    """The diagonal of J'J: squared column norms."""
    return Tangent(
        np.diagonal(normal.shared).copy(),
        {name: np.einsum("nii->in", system[:, :, : system.shape[1]]).copy() for name, system in normal.private.items()},
    )


def gradient(normal: NormalEquations) -> Tangent:
    """J'r."""
    return Tangent(normal.gradient, {name: system[:, :, -1].T for name, system in normal.private.items()})


def scatter(layout: Layout, step: Tangent) -> dict[str, Array]:
    """Per block with free coordinates, its share of a step, (members, tangent), 0 where fixed."""
    whole = np.zeros(layout.columns)
    whole[layout.free] = step.shared
    steps = {
        block.name: whole[layout.offset[block.name] :][: block.count * block.tangent].reshape(block.count, -1)
        for block in layout.shared_blocks
        if len(block.free)
    }
    for name, own in step.private.items():
        block = layout.problem.by_name[name]
        full = np.zeros((block.count, block.tangent))
        full[:, block.free] = own.T
        steps[name] = full
    return steps


def gather(layout: Layout, steps: Mapping[str, Array]) -> Tangent:
    """The free coordinates of per-block arrays (members, tangent); blocks without an entry count as 0."""
    whole = np.zeros(layout.columns)
    for block in layout.shared_blocks:
        if block.name in steps:
            begin = layout.offset[block.name]
            whole[begin : begin + block.count * block.tangent] = steps[block.name].ravel()
    private = {}
    for name in layout.private:
        block = layout.problem.by_name[name]
        own = steps.get(name, np.zeros((block.count, block.tangent)))
        private[name] = own[:, block.free].T
    return Tangent(whole[layout.free], private)


def move(layout: Layout, values: Values, step: Tangent) -> dict[str, Array]:
    """Retract every block by its share of a step over the free coordinates."""
    return layout.problem.retract(values, scatter(layout, step))
