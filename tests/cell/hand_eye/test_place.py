"""The camera's pose as estimates: their intervals are those of a Monte Carlo, and neither too narrow nor too wide."""

from __future__ import annotations

import numpy as np
import pytest
from cases.hand_eye import CAMERA, simulated
from cases.seeds import seeds

from calib.cell.frame_loop import SETUPS, Setup
from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.hand_eye.place import CameraPlace
from calib.geometry import se3, so3

AXES = ("x_m", "y_m", "z_m")
TURNS = ("rx_rad", "ry_rad", "rz_rad")


@pytest.mark.parametrize("setup", SETUPS)
def test_parameters_have_the_intervals_of_the_place(setup: Setup) -> None:
    s = simulated(setup=setup)
    h = calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=setup)
    owner = f"{h.place.mount}_from_camera"
    position = [h.parameters[f"{owner}.{name}"] for name in AXES]
    assert [each.value for each in position] == h.mount_from_camera[:3, 3].tolist()
    half = [(high - low) / 2 for low, high in (each.interval_95 for each in position)]
    assert np.allclose(half, h.place.half_width_95_m, rtol=1e-12)
    turn = [h.parameters[f"{owner}.{name}"].value for name in TURNS]
    assert np.allclose(so3.exp(np.array(turn)), h.mount_from_camera[:3, :3], atol=1e-14)


@pytest.mark.parametrize("seed", seeds(6))
def test_the_rotation_vectors_sigmas_are_those_of_a_monte_carlo(seed: int) -> None:
    """Turns about the mount's axes, drawn by their covariance, scatter the rotation vector by its own sigmas."""
    rng = np.random.default_rng(seed)
    pose = se3.exp(np.concatenate([rng.normal(size=3), rng.uniform(0.2, 2.8) * _direction(rng)]))
    root = 1e-3 * rng.normal(size=(6, 6))
    place = CameraPlace("eye-in-hand", pose, np.eye(4), root @ root.T, np.eye(6), freedom=100)
    drawn = rng.normal(size=(20000, 6)) @ root.T
    vectors = so3.log(so3.exp(drawn[:, 3:]) @ pose[:3, :3])
    estimates = place.camera_estimates
    sigmas = [estimates[f"flange_from_camera.{name}"].sigma for name in (*AXES, *TURNS)]
    assert np.allclose(sigmas, np.std(np.column_stack([drawn[:, :3], vectors]), axis=0), rtol=0.03)  # six sigma


def _direction(rng: np.random.Generator) -> np.ndarray:
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)
