"""Steps per parameter block, (members, tangent), and the same step as the vector of free coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.normal_equations.schur import Tangent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calib.engine.normal_equations.layout import Layout
    from calib.engine.problem import Values


def scatter(layout: Layout, step: Tangent) -> dict[str, Array]:
    """Per block with free coordinates, its share of a step, (members, tangent), 0 where fixed."""
    whole = np.zeros(layout.columns)
    whole[layout.free] = step.shared
    steps = {
        block.name: whole[layout.offset[block.name] :][: block.count * block.tangent].reshape(block.count, -1)
        for block in layout.shared()
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
    for block in layout.shared():
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


def scaled(step: Tangent, factor: float) -> Tangent:
    """A multiple of a step."""
    return Tangent(factor * step.shared, {name: factor * own for name, own in step.private.items()})


def plus(a: Tangent, b: Tangent) -> Tangent:
    """The sum of two steps."""
    return Tangent(a.shared + b.shared, {name: own + b.private[name] for name, own in a.private.items()})


def map_tangent(function: Callable[..., Array], *tangents: Tangent) -> Tangent:
    """A function applied coordinate by coordinate."""
    private = {name: function(*(t.private[name] for t in tangents)) for name in tangents[0].private}
    return Tangent(function(*(t.shared for t in tangents)), private)
