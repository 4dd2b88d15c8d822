"""A start by search: where the closed form has nothing to go by, and where it has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.camera import good, seen

from calib.camera import CameraCalibration, calibrate
from calib.camera.simulation.simulate import typical_camera


def cropped(lens: str) -> CameraCalibration:
    """A camera whose image is the corner of a larger one: the optical axis meets it far off the middle."""
    camera = typical_camera(lens)
    parameters = camera.parameters.copy()
    parameters[3:5] += (300.0, 150.0)
    case = seen(replace(camera, parameters=parameters), good(lens, views=8, seed=3).camera_from_board, 0.2)
    told: list[tuple[int, int]] = []
    found = calibrate(case.observations, lens, global_start=True, on_progress=lambda *at: told.append(at))
    assert told
    assert told[-1][0] == told[-1][1]
    np.testing.assert_allclose(found.camera.parameters[:5], parameters[:5], rtol=0, atol=4.0)
    return found


@pytest.mark.parametrize("lens", ["pinhole", pytest.param("kannala_brandt", marks=pytest.mark.slow)])
def test_a_centre_far_off_is_found(lens: str) -> None:
    assert cropped(lens).noise_px == pytest.approx(0.2, abs=0.03)
