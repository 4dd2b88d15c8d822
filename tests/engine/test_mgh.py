"""Others' hard problems, from their standard starts; all of them and far starts by tools/mgh.py."""

from __future__ import annotations

import numpy as np
import pytest
from mgh import PROBLEMS, pose

from calib.engine import solve
from calib.engine.derivatives import jacobian_errors

# 2 and 26 have a local minimum on the way, Chebyquad 10 as well
LOCAL = {"Freudenstein-Roth", "trigonometric", "Chebyquad 10"}


@pytest.mark.parametrize("problem", [p for p in PROBLEMS if p.name not in LOCAL], ids=lambda p: p.name)
def test_reaches_the_published_minimum(problem: object) -> None:
    with np.errstate(all="ignore"):
        squares = 2 * solve(pose(problem, 1)).cost
    assert squares <= problem.minimum * (1 + 1e-4) + 1e-12
    assert squares >= problem.minimum * (1 - 1e-4)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_complex_step_agrees_with_central_differences(problem: object) -> None:
    """The definitions are analytic as written."""
    posed = pose(problem, 1)
    moved = {"x": posed.start["x"] + 0.01}
    assert jacobian_errors(posed, posed.residuals[0], moved)["x"] < 1e-5
