"""The shape of a feed-forward net, and where each layer's weights are in the one vector that holds them all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calib.arrays import Array, Mask
from calib.engine import Label
from calib.errors import UsageError
from calib.network.activation import Activation, load_activation


@dataclass(frozen=True, repr=False)
class Shape:
    """The layers of a feed-forward net.

    The weight vector holds layer after layer, each as its matrix [W b] (units, units before + 1) in row order.
    """

    sizes: tuple[int, ...]
    """Units per layer, inputs first."""
    activations: tuple[Activation, ...]
    """Of every layer after the inputs."""

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            what = f"a net needs two layers or more of at least one unit, not {self.sizes}"
            raise UsageError(what, code="net-shape", advice="give the units per layer, inputs first: 2, 10, 1")
        if len(self.activations) != len(self.sizes) - 1:
            what = f"{len(self.activations)} activations for {len(self.sizes) - 1} layers of units"
            raise UsageError(what, code="net-shape", advice="give one per layer after the inputs")

    def __repr__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))} {' '.join(each.name for each in self.activations)}"

    @property
    def count(self) -> int:
        """How many weights, biases included."""
        return sum(a * (b + 1) for a, b in zip(self.sizes[1:], self.sizes[:-1], strict=True))

    @property
    def last(self) -> int:
        """How many of them belong to the output layer, at the end."""
        return self.sizes[-1] * (self.sizes[-2] + 1)

    def matrices(self, weights: Array) -> list[Array]:
        """Views [W b] (units, units before + 1) of each layer's part of a weight vector (count,)."""
        out = []
        begin = 0
        for units, before in zip(self.sizes[1:], self.sizes[:-1], strict=True):
            end = begin + units * (before + 1)
            out.append(weights[begin:end].reshape(units, before + 1))
            begin = end
        return out

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """One per weight: `w2[3,1]` from unit 1 to unit 3 of layer 2, `b2[3]` its bias. Pure numbers, no unit."""
        out = []
        for layer, (units, before) in enumerate(zip(self.sizes[1:], self.sizes[:-1], strict=True), start=1):
            for unit in range(1, units + 1):
                out += [Label(f"w{layer}[{unit},{source}]") for source in range(1, before + 1)]
                out.append(Label(f"b{layer}[{unit}]"))
        return tuple(out)

    @cached_property
    def bias(self) -> Mask:
        """(count,) which weights are biases."""
        units = [np.arange(1, a * (b + 1) + 1) % (b + 1) == 0 for a, b in zip(self.sizes[1:], self.sizes, strict=False)]
        return np.concatenate(units)


def feed_forward(sizes: tuple[int, ...], hidden: str = "tanh", output: str = "linear") -> Shape:
    """A shape with one activation for all hidden layers and one for the output, by name.

    Raises UsageError `net-shape` or `unknown-activation`.
    """
    return Shape(tuple(sizes), (load_activation(hidden),) * (len(sizes) - 2) + (load_activation(output),))
