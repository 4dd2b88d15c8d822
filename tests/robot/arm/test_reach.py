"""How far an arm reaches."""

from __future__ import annotations

import numpy as np
import pytest

from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.reach import reach_m
from calib.robot.arm.read import load_geometry
from calib.robot.arm.workspace import random_commands


@pytest.mark.parametrize(
    ("name", "metres"),
    [("cobra600", 0.6), ("doosan_m0609", 0.9), ("doosan_m1013", 1.3), ("franka_fr3", 0.855)],
    ids=lambda value: str(value),
)
def test_it_is_what_makers_state_who_measure_it_so(name: str, metres: float) -> None:
    """From their data sheets; Franka's 855 mm is rounded from 857."""
    assert reach_m(load_geometry(name)) == pytest.approx(metres, abs=0.003)


@pytest.mark.parametrize("name", ["ur5e", "r2000ic_165f", "stanford"])
def test_no_pose_leads_farther(name: str) -> None:
    arm = load_geometry(name)
    position = base_from_flange(arm, random_commands(arm, 20_000, np.random.default_rng(1)))[:, :3, 3]
    farthest = float(np.hypot(position[:, 0], position[:, 1]).max())  # both first axes are the base's z
    assert 0.95 * reach_m(arm) < farthest <= reach_m(arm)
