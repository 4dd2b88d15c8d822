"""A feed-forward net, and a bank of nets: frozen values that map inputs to outputs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calib.arrays import Array
from calib.errors import InputError
from calib.network.backpropagation import forward
from calib.network.shape import Shape, feed_forward
from calib.network.start import nguyen_widrow


@dataclass(frozen=True, eq=False, repr=False)
class Scaling:
    """An affine map of columns (k,): scaled = (value - centre) / spread."""

    centre: Array
    """(k,) in the columns' own units."""
    spread: Array
    """(k,) in the columns' own units."""

    def __repr__(self) -> str:
        return f"Scaling({len(self.centre)} columns)"

    def apply(self, values: Array) -> Array:
        """Scaled values (n, k)."""
        return (values - self.centre) / self.spread

    def undo(self, scaled: Array) -> Array:
        """Values (n, k) in their own units."""
        return scaled * self.spread + self.centre


def scaling_onto(values: Array, image: tuple[float, float] | None = None) -> Scaling:
    """The scaling that maps the range of each column of values (n, k) onto an interval, [-1, 1] if none is given.

    A column that never changes maps to the middle.
    """
    low, high = image or (-1.0, 1.0)
    least, most = values.min(axis=0), values.max(axis=0)
    width = np.where(most > least, most - least, high - low)
    spread = width / (high - low)
    return Scaling((least + most) / 2 - spread * (low + high) / 2, spread)


@dataclass(frozen=True, eq=False, repr=False)
class Net:
    """A feed-forward net: a function of arrays."""

    shape: Shape
    """Layers and activations."""
    weights: Array
    """(shape.count,)"""
    input_scaling: Scaling
    """From the user's units to the net's, in which inputs are about [-1, 1]."""
    output_scaling: Scaling
    """The same for the outputs; it is undone."""

    def __repr__(self) -> str:
        return f"Net({self.shape!r}, {self.shape.count} weights)"

    def __call__(self, inputs: Array) -> Array:
        """Outputs (n, outputs) of inputs (n, inputs). Raises InputError `net-inputs` on another number of columns."""
        checked = check_columns(inputs, self.shape.sizes[0], "inputs")
        return self.output_scaling.undo(forward(self.shape, self.weights, self.input_scaling.apply(checked)).outputs)

    def with_weights(self, weights: Array) -> Net:
        """The same net with other weights."""
        return replace(self, weights=weights)


@dataclass(frozen=True, eq=False, repr=False)
class Bank:
    """Nets side by side, each a function of its own columns of the inputs; their outputs are joined."""

    nets: tuple[Net, ...]
    """In order of their outputs."""
    columns: tuple[tuple[int, ...], ...]
    """Per net, its columns of the inputs."""

    def __repr__(self) -> str:
        return f"Bank({len(self.nets)} nets of {len({c for own in self.columns for c in own})} inputs)"

    def __call__(self, inputs: Array) -> Array:
        """Outputs (n, outputs of all nets) of inputs (n, inputs)."""
        return np.concatenate([net(inputs[:, seen]) for net, seen in zip(self.nets, self.columns, strict=True)], axis=1)


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble:
    """Banks whose outputs are averaged: errors that differ between members cancel.

    Inputs beyond the range of the training data are clipped to it, for nets do not extrapolate.
    """

    members: tuple[Bank, ...]
    """With outputs of one number."""
    low: Array
    """(inputs,) lower end of the range they were trained on."""
    high: Array
    """(inputs,) its upper end."""

    def __repr__(self) -> str:
        return f"Ensemble({len(self.members)} members of {len(self.low)} inputs)"

    def __call__(self, inputs: Array) -> Array:
        """Outputs (n, outputs) of inputs (n, inputs). Raises InputError `net-inputs`."""
        within = np.clip(check_columns(inputs, len(self.low), "inputs"), self.low, self.high)
        return np.asarray(np.mean([member(within) for member in self.members], axis=0))


def bank_of(net: Net) -> Bank:
    """A bank of one net, of all inputs."""
    return Bank((net,), (tuple(range(net.shape.sizes[0])),))


def new_net(
    inputs: Array,
    targets: Array,
    hidden: tuple[int, ...],
    seed: int,
    activation: str = "tanh",
    output: str = "linear",
    input_scaling: Scaling | None = None,
) -> Net:
    """An untrained net for inputs (n, k) and targets (n, d): scaled to them, weights spread by Nguyen and Widrow.

    hidden: units per hidden layer. activation: of the hidden layers. output: of the last one, onto whose image the
    targets are scaled. input_scaling: the range of each input if None. Raises InputError `net-inputs` if they are not
    finite tables of as many rows.
    """
    inputs, targets = check_columns(inputs, None, "inputs"), check_columns(targets, None, "targets")
    if len(inputs) != len(targets) or not len(inputs):
        what = f"{len(inputs)} rows of inputs for {len(targets)} of targets"
        raise InputError(what, code="net-inputs", advice="give one row of targets per row of inputs, at least one")
    shape = feed_forward((inputs.shape[1], *hidden, targets.shape[1]), activation, output)
    weights = nguyen_widrow(shape, np.random.default_rng(seed))
    return Net(
        shape, weights, input_scaling or scaling_onto(inputs), scaling_onto(targets, shape.activations[-1].image)
    )


def check_columns(table: Array, count: int | None, name: str) -> Array:
    """A finite table (n, count) of floats. Raises InputError `net-inputs` if it is not."""
    checked = np.asarray(table, float)
    if checked.ndim != 2 or (count is not None and checked.shape[1] != count):
        needed = "columns" if count is None else f"{count} columns"
        what = f"{name} of shape {checked.shape}, expected rows of {needed}"
        raise InputError(what, code="net-inputs", advice="give a two-dimensional array, one row per sample")
    if not np.isfinite(checked).all():
        row = int(np.flatnonzero(~np.isfinite(checked).all(axis=1))[0])
        advice = "remove the rows that hold NaN or infinity"
        raise InputError(f"{name} are not finite", code="net-inputs", where=f"row {row + 1}", advice=advice)
    return checked
