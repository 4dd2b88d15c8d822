"""What is asked: parameter blocks, residual blocks, and the problem they form.

The words are those of Ceres Solver. The engine knows arrays only: what a block stands for is in its name and labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from calib.arrays import Array, Index
from calib.engine.losses import Loss

Rows = slice | Index
Values = Mapping[str, Array]
Evaluate = Callable[[Values, Rows], tuple[Array, Sequence[Array]]]


class ProblemError(ValueError):
    """The problem contradicts itself: a programming error of whoever posed it, with the block's name."""


def euclidean(values: Array, step: Array) -> Array:
    """The retraction of a plain vector: values + step."""
    return values + step


@dataclass(frozen=True)
class ParameterBlock:
    """Unknowns of one kind.

    name: unique in the problem. values: (members, ...) start values, one row per member.
    labels: one per tangent coordinate, ending in its unit. fixed: labels held at their values, for every member.
    retract: moves values (members, ...) by tangent steps (members, len(labels)); a manifold is this function.
    members: names of the members, used in full labels `name[member].label`; empty for a single-member block,
    whose labels stand alone. bounds: per label, the lowest and highest value allowed, for every member of a plain
    vector block (infinite for none).
    """

    name: str
    values: Array
    labels: tuple[str, ...]
    fixed: frozenset[str] = frozenset()
    retract: Callable[[Array, Array], Array] = euclidean
    members: tuple[str, ...] = ()
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.ndim < 2:
            raise ProblemError(f"{self.name}: values must be (members, ...), found shape {self.values.shape}")
        if len(set(self.labels)) != len(self.labels) or not self.labels:
            raise ProblemError(f"{self.name}: labels must be distinct and at least one")
        if unknown := self.fixed - set(self.labels):
            raise ProblemError(f"{self.name}: no label {sorted(unknown)} to hold fixed")
        if self.members and len(self.members) != self.count:
            raise ProblemError(f"{self.name}: {len(self.members)} member names for {self.count} members")
        if self.bounds:
            _check_bounds(self)

    @property
    def count(self) -> int:
        """How many members."""
        return len(self.values)

    @property
    def tangent(self) -> int:
        """Tangent coordinates per member."""
        return len(self.labels)

    @cached_property
    def free(self) -> Index:
        """Indices of the tangent coordinates that are not held fixed."""
        return np.array([i for i, label in enumerate(self.labels) if label not in self.fixed], dtype=np.intp)

    def full_label(self, member: int, coordinate: int) -> str:
        """The unique label of one tangent coordinate of one member."""
        label = self.labels[coordinate]
        if self.count == 1 and not self.members:
            return label
        return f"{self.name}[{self.members[member] if self.members else member}].{label}"

    def hold(self, *labels: str) -> ParameterBlock:
        """The same block with these labels fixed as well."""
        return replace(self, fixed=self.fixed | set(labels))


@dataclass(frozen=True)
class ResidualBlock:
    """Observations of one kind, evaluated thousands of rows at a time.

    name: for messages. rows: how many, each of `dimension` residuals. blocks: the parameter blocks used, each with
    the member index of every row, (rows,), or None for a block of one member.
    evaluate(values, rows): pure; for the rows asked (a slice or an index array of m rows) returns residuals
    (m, dimension) and one Jacobian (m, dimension, tangent) per block of `blocks`, in order. Memory order is free.
    sigma: standard deviation of the residuals: one number, (rows,) or (rows, dimension).
    loss: robust loss of the squared norm of a row's whitened residual; None is least squares.
    row_names: names of the rows, for reports; may be empty.
    """

    name: str
    rows: int
    dimension: int
    blocks: Mapping[str, Index | None]
    evaluate: Evaluate
    sigma: float | Array = 1.0
    loss: Loss | None = None
    row_names: tuple[str, ...] = ()

    def inverse_sigma(self, rows: Rows) -> float | Array:
        """1 / sigma, as a number or as (m, 1) or (m, dimension) for the rows asked."""
        if isinstance(self.sigma, float | int):
            return 1.0 / self.sigma
        sigma = self.sigma[rows]
        return np.asarray(1.0 / (sigma[:, None] if sigma.ndim == 1 else sigma))


@dataclass(frozen=True)
class Problem:
    """Parameter blocks and the residual blocks that use them, checked against each other on construction."""

    parameters: tuple[ParameterBlock, ...]
    residuals: tuple[ResidualBlock, ...]
    by_name: Mapping[str, ParameterBlock] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {block.name: block for block in self.parameters}
        object.__setattr__(self, "by_name", by_name)
        if len(by_name) != len(self.parameters):
            raise ProblemError("two parameter blocks share a name")
        for block in self.residuals:
            for name, members in block.blocks.items():
                if name not in by_name:
                    raise ProblemError(f"{block.name}: no parameter block {name!r}")
                _check_members(block, by_name[name], members)
            _check_sigma(block)

    @property
    def start(self) -> dict[str, Array]:
        """The start values of every block."""
        return {block.name: block.values for block in self.parameters}

    def retract(self, values: Values, step: Mapping[str, Array]) -> dict[str, Array]:
        """Values moved by tangent steps; blocks without a step stay."""
        return {
            name: self.by_name[name].retract(value, step[name]) if name in step else value
            for name, value in values.items()
        }

    def with_values(self, values: Values) -> Problem:
        """The same problem, started elsewhere."""
        return replace(self, parameters=tuple(replace(b, values=values[b.name]) for b in self.parameters))


def prior(block: ParameterBlock, mean: Mapping[str, float], sigma: Mapping[str, float]) -> ResidualBlock:
    """A prior on labels of a Euclidean block, for every member: residual (value - mean) / sigma.

    mean, sigma: per label, in the label's unit. Rows are members, so each counts as len(sigma) observations.
    """
    if unknown := set(sigma) - set(block.labels):
        raise ProblemError(f"{block.name}: no label {sorted(unknown)} for a prior")
    columns = np.array([block.labels.index(label) for label in sigma], dtype=np.intp)
    centre = np.array([mean[label] for label in sigma])
    scale = np.array([sigma[label] for label in sigma])
    jacobian = np.zeros((1, len(columns), block.tangent))
    jacobian[0, np.arange(len(columns)), columns] = 1.0 / scale

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        residuals = (values[block.name][rows][:, columns] - centre) / scale
        return residuals, (np.broadcast_to(jacobian, (len(residuals), *jacobian.shape[1:])),)

    members = None if block.count == 1 else np.arange(block.count)
    return ResidualBlock(f"prior on {block.name}", block.count, len(columns), {block.name: members}, evaluate)


def _check_bounds(block: ParameterBlock) -> None:
    if unknown := set(block.bounds) - set(block.labels):
        raise ProblemError(f"{block.name}: no label {sorted(unknown)} to bound")
    if block.values.shape != (block.count, block.tangent):
        raise ProblemError(f"{block.name}: only a plain vector block can be bounded")
    for label, (low, high) in block.bounds.items():
        start = block.values[:, block.labels.index(label)]
        if not (low < high and (start >= low).all() and (start <= high).all()):
            raise ProblemError(f"{block.name}: {label} must start within its bounds {low:g} to {high:g}")


def _check_members(block: ResidualBlock, parameters: ParameterBlock, members: Any) -> None:
    where = f"{block.name} on {parameters.name}"
    if members is None:
        if parameters.count != 1:
            raise ProblemError(f"{where}: a block of {parameters.count} members needs a member index per row")
        return
    if members.shape != (block.rows,) or not np.issubdtype(members.dtype, np.integer):
        raise ProblemError(f"{where}: member indices must be whole numbers of shape ({block.rows},)")
    if block.rows and not (members.min() >= 0 and members.max() < parameters.count):
        raise ProblemError(f"{where}: a member index lies outside 0..{parameters.count - 1}")


def _check_sigma(block: ResidualBlock) -> None:
    sigma = np.asarray(block.sigma)
    if sigma.shape not in {(), (block.rows,), (block.rows, block.dimension)}:
        raise ProblemError(f"{block.name}: sigma of shape {sigma.shape} fits neither rows nor residuals")
    if not (np.isfinite(sigma).all() and (sigma > 0).all()):
        raise ProblemError(f"{block.name}: sigma must be positive and finite")
