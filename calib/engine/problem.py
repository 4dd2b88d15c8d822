"""The problem to solve: parameter blocks, residual blocks, and how they are joined.

The words are those of Ceres Solver. The engine works on arrays only: what a block means is in its name and labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from calib.arrays import Array, Index
from calib.engine.label import Label
from calib.engine.losses import Loss

Rows = slice | Index
Values = Mapping[str, Array]
Evaluate = Callable[[Values, Rows], tuple[Array, Sequence[Array]]]


class ProblemError(ValueError):
    """The problem contradicts itself: a programming error where it is posed, with the block's name."""


def euclidean(values: Array, step: Array) -> Array:
    """The retraction of a plain vector: values + step."""
    return values + step


@dataclass(frozen=True, eq=False, init=False, repr=False)
class ParameterBlock:
    """Unknowns of one kind. Raises ProblemError, on construction, where they contradict one another."""

    name: str
    """Unique in the problem."""
    values: Array
    """(members, ...) start values, one row per member."""
    labels: tuple[Label, ...]
    """One per tangent coordinate; a plain string given becomes the label of that name, without a unit."""
    fixed: frozenset[str]
    """Labels held at their values, for every member."""
    retract: Callable[[Array, Array], Array]
    """Moves values (members, ...) by tangent steps (members, len(labels)): a manifold is this function."""
    members: tuple[str, ...]
    """Names of the members, for their full labels; empty where numbers will do."""
    bounds: Mapping[str, tuple[float, float]]
    """Per label, the lowest and highest value allowed, for every member of a plain vector block; infinite for none."""

    def __init__(
        self,
        name: str,
        values: Array,
        labels: Sequence[str],
        fixed: frozenset[str] = frozenset(),
        retract: Callable[[Array, Array], Array] = euclidean,
        members: tuple[str, ...] = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        own = tuple(label if isinstance(label, Label) else Label(label) for label in labels)
        given = {"name": name, "values": values, "labels": own, "fixed": fixed, "retract": retract, "members": members}
        for attribute, value in {**given, "bounds": bounds or {}}.items():
            object.__setattr__(self, attribute, value)
        _check_block(self)

    def __repr__(self) -> str:
        return f"ParameterBlock({self.name!r}, {self.count} x {self.tangent}, {len(self.free)} free)"

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

    def full_label(self, member: int, coordinate: int) -> Label:
        """The unique label of one tangent coordinate of one member: `name[member].label`; of an only one, its label."""
        label = self.labels[coordinate]
        if self.count == 1 and not self.members:
            return label
        return label.of(self.name, self.members[member] if self.members else str(member))

    def hold(self, *labels: str) -> ParameterBlock:
        """The same block with these labels fixed as well."""
        return replace(self, fixed=self.fixed | set(labels))


@dataclass(frozen=True, eq=False, repr=False)
class ResidualBlock:
    """Observations of one kind, evaluated thousands of rows at a time."""

    name: str
    """For messages."""
    rows: int
    """How many, each of `dimension` residuals."""
    dimension: int
    """Residuals per row."""
    blocks: Mapping[str, Index | None]
    """The parameter blocks used, each with the member index of every row, (rows,), or None for a block of one."""
    evaluate: Evaluate
    """evaluate(values, rows), pure: for the rows requested (a slice or an index array of m rows) the residuals
    (m, dimension) and one Jacobian (m, dimension, tangent) per block of `blocks`, in order. Memory order is free."""
    sigma: float | Array = 1.0
    """Standard deviation of the residuals: one number, (rows,) or (rows, dimension)."""
    loss: Loss | None = None
    """Robust loss of the squared norm of a row's whitened residual; None is least squares."""
    row_names: tuple[str, ...] = ()
    """Names of the rows, for reports; may be empty."""
    clusters: Index | None = None
    """(rows,) number of what was measured together and may share an error, numbered alike in all blocks that state it.
    None: the rows of one private member belong together, and rows without one are on their own."""
    prior: bool = False
    """Whether it is a belief and no measurement: it informs, but has no scatter to measure."""

    def __repr__(self) -> str:
        return f"ResidualBlock({self.name!r}, {self.rows} x {self.dimension}, of {', '.join(self.blocks)})"

    def inverse_sigma(self, rows: Rows) -> float | Array:
        """1 / sigma, as a number or as (m, 1) or (m, dimension) for the rows requested."""
        if isinstance(self.sigma, float | int):
            return 1.0 / self.sigma
        sigma = self.sigma[rows]
        return np.asarray(1.0 / (sigma[:, None] if sigma.ndim == 1 else sigma))


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """Parameter blocks and the residual blocks that use them. Raises ProblemError where they do not fit together."""

    parameters: tuple[ParameterBlock, ...]
    """The unknowns, in the order of the columns."""
    residuals: tuple[ResidualBlock, ...]
    """The observations and priors, in the order of the rows."""
    by_name: Mapping[str, ParameterBlock] = field(init=False)
    """The parameter blocks by name."""

    def __repr__(self) -> str:
        free = sum(block.count * len(block.free) for block in self.parameters)
        scalars = sum(block.rows * block.dimension for block in self.residuals)
        return f"Problem({free} free parameters, {scalars} residuals)"

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
            if block.clusters is not None and block.clusters.shape != (block.rows,):
                raise ProblemError(f"{block.name}: clusters of shape {block.clusters.shape}, not one per row")

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
    name, count = f"prior on {block.name}", len(columns)
    return ResidualBlock(name, block.count, count, {block.name: members}, evaluate, prior=True)


def _check_block(block: ParameterBlock) -> None:
    if block.values.ndim < 2:
        raise ProblemError(f"{block.name}: values must be (members, ...), found shape {block.values.shape}")
    if len(set(block.labels)) != len(block.labels) or not block.labels:
        raise ProblemError(f"{block.name}: labels must be distinct and at least one")
    if unknown := block.fixed - set(block.labels):
        raise ProblemError(f"{block.name}: no label {sorted(unknown)} to hold fixed")
    if block.members and len(block.members) != block.count:
        raise ProblemError(f"{block.name}: {len(block.members)} member names for {block.count} members")
    if block.bounds:
        _check_bounds(block)


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
        raise ProblemError(f"{where}: a member index is outside 0..{parameters.count - 1}")


def _check_sigma(block: ResidualBlock) -> None:
    sigma = np.asarray(block.sigma)
    if sigma.shape not in {(), (block.rows,), (block.rows, block.dimension)}:
        raise ProblemError(f"{block.name}: sigma of shape {sigma.shape} fits neither rows nor residuals")
    if not (np.isfinite(sigma).all() and (sigma > 0).all()):
        raise ProblemError(f"{block.name}: sigma must be positive and finite")
