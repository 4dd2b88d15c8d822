"""Training as a problem of the engine: a bank of nets fitted to targets.

Residuals are in the net's units: (mixing @ outputs - targets) / spread of the targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.engine import Options, ParameterBlock, Problem, ResidualBlock, prior, solve
from calib.engine.problem import Rows, Values
from calib.network.backpropagation import Pass, forward
from calib.network.net import Bank, Net

# Of the output layer's ridge in the start, per residual: too little to affect a fit, enough to keep weights small
# where hidden units look alike. Measured on peaks: 1e-3 to 1e-6 per residual give the same median after 100 steps.
START_RIDGE = 2.5e-4


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs and targets of a bank, in the nets' units."""

    inputs: tuple[Array, ...]
    """Per net (n, k)."""
    targets: Array
    """(n, d)."""
    mixing: Array | None
    """(n, d, outputs), or None where the outputs are the targets."""

    def rows(self, index: NDArray[np.intp]) -> Samples:
        """Some of the samples."""
        mixing = None if self.mixing is None else self.mixing[index]
        return Samples(tuple(x[index] for x in self.inputs), self.targets[index], mixing)


def samples(bank: Bank, inputs: Array, targets: Array, mixing: Array | None = None) -> Samples:
    """Inputs (n, k) and targets (n, d) in the units of a bank's nets.

    mixing: (n, d, outputs), what the outputs do to the targets: targets ~ mixing @ outputs.
    """
    scaled = tuple(net.input_scaling.apply(inputs[:, seen]) for net, seen in zip(bank.nets, bank.columns, strict=True))
    centre = np.concatenate([net.output_scaling.centre for net in bank.nets])
    spread = np.concatenate([net.output_scaling.spread for net in bank.nets])
    if mixing is None and len(bank.nets) == 1:
        return Samples(scaled, (targets - centre) / spread, None)
    if mixing is None:
        mixing = np.broadcast_to(np.eye(targets.shape[1]), (len(targets), *2 * targets.shape[1:]))
    size = max(float(np.sqrt(np.mean(targets**2))), 1e-300)
    return Samples(scaled, (targets - mixing @ centre) / size, mixing * (spread / size))


def training_problem(bank: Bank, data: Samples, weight_decay: float = 0.0) -> Problem:
    """The problem of fitting a bank to samples, started at its weights.

    weight_decay: adds weight_decay times the squared weights, biases aside, to the squared residuals: a prior of
    standard deviation 1 / sqrt(weight_decay) about zero for residuals of standard deviation 1.
    """
    blocks = tuple(
        ParameterBlock(f"net {i}", net.weights[None], net.shape.labels) for i, net in enumerate(bank.nets, start=1)
    )

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        passes = tuple(
            forward(net.shape, values[block.name][0], inputs[rows])
            for block, net, inputs in zip(blocks, bank.nets, data.inputs, strict=True)
        )
        mixing = None if data.mixing is None else data.mixing[rows]
        answers = passes[0].outputs if len(passes) == 1 else np.concatenate([each.outputs for each in passes], axis=1)
        if mixing is not None:
            answers = np.einsum("mdo,mo->md", mixing, answers)
        return answers - data.targets[rows], _Jacobians(passes, mixing)

    fit = ResidualBlock("fit", len(data.targets), data.targets.shape[1], {b.name: None for b in blocks}, evaluate)
    decays = (
        tuple(_decay(block, net, weight_decay) for block, net in zip(blocks, bank.nets, strict=True))
        if weight_decay > 0
        else ()
    )
    return Problem(blocks, (fit, *decays))


def solve_outputs_first(bank: Bank, data: Samples) -> Bank:
    """The bank with its linear output layers solved for, hidden layers as they are: where training starts.

    A bank with an output that is not linear is left as it is.
    """
    if any(net.shape.activations[-1].name != "linear" for net in bank.nets):
        return bank
    ridge = START_RIDGE * data.targets.size
    problem = training_problem(bank, data, ridge)
    held = tuple(
        block.hold(*block.labels[: -net.shape.last]) for block, net in zip(problem.parameters, bank.nets, strict=True)
    )
    problem = Problem(held, problem.residuals)
    # linear least squares: one step of vanishing damping is the answer
    options = Options(max_iterations=1, initial_damping=1e-12, geodesic="never", polish=None)
    return with_values(bank, solve(problem, options).values)


def with_values(bank: Bank, values: Values) -> Bank:
    """The bank with the weights of a solution of its problem."""
    nets = tuple(net.with_weights(values[f"net {i}"][0].copy()) for i, net in enumerate(bank.nets, start=1))
    return Bank(nets, bank.columns)


@dataclass(frozen=True, eq=False)
class _Jacobians(Sequence[Array]):
    """Jacobians (m, d, count), one per net, propagated back on first use: trying a step, or probing
    how residuals curve, needs residuals alone. mixing: (m, d, outputs) that the outputs go through, or None.
    """

    passes: tuple[Pass, ...]
    mixing: Array | None

    @cached_property
    def arrays(self) -> list[Array]:
        """All of them."""
        slopes = [each.jacobian() for each in self.passes]
        if self.mixing is None:
            return slopes
        jacobians = []
        begin = 0
        across = np.ascontiguousarray(self.mixing.transpose(2, 1, 0))  # samples last, as the slopes are in memory
        for slope in slopes:
            inner = slope.transpose(2, 1, 0)  # (count, outputs, m)
            out = inner[:, 0, None] * across[begin]
            for k in range(1, inner.shape[1]):
                out += inner[:, k, None] * across[begin + k]
            jacobians.append(out.transpose(2, 1, 0))
            begin += inner.shape[1]
        return jacobians

    def __len__(self) -> int:
        return len(self.passes)

    @overload
    def __getitem__(self, index: int) -> Array: ...

    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...

    def __getitem__(self, index: int | slice) -> Array | list[Array]:
        return self.arrays[index]


def _decay(block: ParameterBlock, net: Net, weight_decay: float) -> ResidualBlock:
    decayed = [label for label, bias in zip(block.labels, net.shape.bias, strict=True) if not bias]
    return prior(block, dict.fromkeys(decayed, 0.0), dict.fromkeys(decayed, weight_decay**-0.5))
