"""What the damping is relative to."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import noisy_decay

from calib.engine import Options, solve


@pytest.mark.parametrize("scaling", ["more", "marquardt", "identity"])
def test_scalings_reach_the_same_minimum(scaling: str) -> None:
    solution = solve(noisy_decay(), Options(scaling=scaling))
    np.testing.assert_allclose(solution.values["b"], solve(noisy_decay()).values["b"], rtol=1e-8)
