"""What every activation is: an elementwise function of a unit's net input, with its slope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from calib import plugins
from calib.arrays import Array


@dataclass(frozen=True, repr=False)
class Activation:
    """An activation function."""

    name: str
    """That of its file."""
    evaluate: Callable[[Array], tuple[Array, Array]]
    """evaluate(n): value and derivative at net inputs n, each of n's shape."""
    active: float | None
    """Half the width, about 0, of the net inputs over which the function does its bending; the start spreads a layer's
    units over it. None: nowhere, the function is linear."""
    image: tuple[float, float] | None
    """The values it can take, onto which the targets of an output layer are scaled. None: all."""

    def __repr__(self) -> str:
        return f"Activation({self.name!r})"


def load_activation(name: str) -> Activation:
    """The activation of that name. Raises UsageError `unknown-activation`."""
    activation: Activation = plugins.pick("calib.network.activations", "ACTIVATION", name)
    return activation
