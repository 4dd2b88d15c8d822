"""Classification by least squares on one-hot targets.

The outputs of such a net estimate the probabilities of the classes given the input (M. D. Richard, R. P. Lippmann,
Neural Computation 3, 1991); the class is the largest output.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.errors import InputError

Labels = NDArray[np.int_]


def one_hot(labels: Sequence[int] | Labels, classes: int) -> Array:
    """Targets (n, classes): 1 in the column of a row's class, else 0. Raises InputError `unknown-class`."""
    found = np.asarray(labels)
    outside = (found < 0) | (found >= classes)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise InputError(
            f"class {found[row]} of {classes} (0 to {classes - 1})",
            code="unknown-class",
            where=f"row {row + 1}",
            advice="correct the label, or give the number of classes as the largest label + 1",
        )
    return np.asarray(np.eye(classes)[found])


def classes(outputs: Array) -> Labels:
    """The class (n,) of each row of outputs (n, classes)."""
    return np.asarray(np.argmax(outputs, axis=1))


def accuracy(outputs: Array, labels: Labels) -> float:
    """The share of rows of outputs (n, classes) whose class is the label (n,)."""
    return float(np.mean(classes(outputs) == labels))
