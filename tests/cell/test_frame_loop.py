"""The loop of frames that closes where camera and board are right."""

from __future__ import annotations

import numpy as np
import pytest

from calib.cell.frame_loop import SETUPS, Setup, by_time, loop_error
from calib.geometry import se3


@pytest.mark.parametrize("setup", SETUPS)
def test_the_discrepancys_derivative_by_time(setup: Setup) -> None:
    rng = np.random.default_rng(0)
    b, c = se3.exp(rng.normal(size=(4, 6))), se3.exp(rng.normal(size=(4, 6)))
    x, y, twist = se3.exp(rng.normal(size=6)), se3.exp(rng.normal(size=6)), rng.normal(size=(4, 6))
    ours = by_time(b, twist, loop_error(setup, b, x, y, c).residuals)
    ends = [loop_error(setup, se3.retract(b, dt * twist), x, y, c).residuals for dt in (1e-6, -1e-6)]
    assert np.allclose(ours, (ends[0] - ends[1]) / 2e-6, atol=1e-8)
