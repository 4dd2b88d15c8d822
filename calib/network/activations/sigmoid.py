"""The logistic sigmoid 1 / (1 + exp(-n))."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.network.activation import Activation


def evaluate(n: Array) -> tuple[Array, Array]:
    """Value and slope, as a shifted tanh, which cannot overflow."""
    value = 0.5 + 0.5 * np.tanh(0.5 * n)
    return value, value * (1.0 - value)


# half-widths of the active range as in H. Demuth, M. Beale, Neural Network Toolbox, 1998 (logsig [-4, 4])
ACTIVATION = Activation("sigmoid", evaluate, active=4.0, image=(0.0, 1.0))
