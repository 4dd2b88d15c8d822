"""The second-order correction of a step."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import rosenbrock

from calib.engine import Options, solve


@pytest.mark.parametrize("geodesic", ["auto", "always", "never"])
def test_acceleration_changes_the_path_not_the_minimum(geodesic: str) -> None:
    solution = solve(rosenbrock(), Options(geodesic=geodesic))
    np.testing.assert_allclose(solution.values["b"][0], 1.0, rtol=1e-10)


def test_acceleration_pays_in_a_curved_valley() -> None:
    accelerated = solve(rosenbrock((-12.0, 10.0)), Options(geodesic="always", scaling="more"))
    plain = solve(rosenbrock((-12.0, 10.0)), Options(geodesic="never", scaling="more"))
    assert len(accelerated.history) < 0.7 * len(plain.history)
