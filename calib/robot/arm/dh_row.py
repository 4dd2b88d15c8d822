"""One row of a Denavit-Hartenberg table: its five parameters, their units, and the conventions."""

from __future__ import annotations

from typing import Literal

Convention = Literal["standard_dh", "modified_dh"]

COLUMNS = ("theta", "d", "a", "alpha", "beta")  # of the table, and of every row's five parameters
UNITS = ("rad", "m", "m", "rad", "rad")
THETA, D, A, ALPHA, BETA = range(5)
