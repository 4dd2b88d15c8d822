"""Outputs of a feed-forward net and their derivatives by every weight.

M. T. Hagan, M. B. Menhaj, "Training feedforward networks with the Marquardt algorithm", IEEE Trans. Neural Networks
5(6), 1994: sensitivities are propagated back once per output, for all samples together. Samples run along the last
axis, so that every elementary operation is on long vectors and the Jacobian comes out as the engine packs it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.network.shape import Shape


@dataclass(frozen=True, eq=False)
class Pass:
    """A forward pass through a net, with what backpropagation needs of it."""

    shape: Shape
    """Of the net."""
    matrices: list[Array]
    """Per layer."""
    signals: list[Array]
    """(units, n) of the inputs and of every layer."""
    slopes: list[Array]
    """(units, n) of every layer's activations."""

    @property
    def outputs(self) -> Array:
        """Outputs (n, outputs)."""
        return self.signals[-1].T

    def jacobian(self) -> Array:
        """Their derivatives (n, outputs, count) by the weight vector; memory order (count, outputs, n)."""
        shape, signals = self.shape, self.signals
        width, n = signals[-1].shape
        out = np.empty((shape.count, width, n))
        # the last layer: an output depends on its own row of weights alone
        end = shape.count - shape.last
        block = out[end:].reshape(width, shape.sizes[-2] + 1, width, n)
        if width > 1:
            block[...] = 0.0
        for unit, slope in enumerate(self.slopes[-1]):
            np.multiply(signals[-2], slope, out=block[unit, :-1, unit])
            block[unit, -1, unit] = slope
        # sensitivity (units, outputs, n): of every output by the net inputs of the layer
        sensitivity = np.zeros((width, width, n))
        sensitivity[np.arange(width), np.arange(width)] = self.slopes[-1]
        for layer in range(len(self.matrices) - 2, -1, -1):
            units, before = shape.sizes[layer + 1], shape.sizes[layer]
            after = self.matrices[layer + 1][:, :-1]
            sensitivity = (after.T @ sensitivity.reshape(len(after), -1)).reshape(units, width, n)
            sensitivity *= self.slopes[layer][:, None, :]
            block = out[end - units * (before + 1) : end].reshape(units, before + 1, width, n)
            np.multiply(sensitivity[:, None], signals[layer][:, None, :], out=block[:, :-1])
            block[:, -1] = sensitivity
            end -= units * (before + 1)
        return out.transpose(2, 1, 0)


def forward(shape: Shape, weights: Array, inputs: Array) -> Pass:
    """Pass scaled inputs (n, inputs) through a net with a weight vector (count,)."""
    matrices = shape.matrices(weights)
    signals, slopes = [inputs.T], []
    for matrix, activation in zip(matrices, shape.activations, strict=True):
        value, slope = activation.evaluate(matrix[:, :-1] @ signals[-1] + matrix[:, -1:])
        signals.append(value)
        slopes.append(slope)
    return Pass(shape, matrices, signals, slopes)
