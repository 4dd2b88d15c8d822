"""The radial unit exp(-n^2): a ridge of unit height across the direction of its weights."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.network.activation import Activation


def evaluate(n: Array) -> tuple[Array, Array]:
    """Value and slope."""
    value = np.exp(-n * n)
    return value, -2.0 * n * value


# half-width of the active range as in H. Demuth, M. Beale, Neural Network Toolbox, 1998 (radbas [-2, 2])
ACTIVATION = Activation("radial", evaluate, active=2.0, image=(0.0, 1.0))
