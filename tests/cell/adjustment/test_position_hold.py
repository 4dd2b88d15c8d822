"""Robots of few axes: what they determine is given, the rest is named and can be stated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases.hand_eye import CAMERA, columns, simulated

from calib.camera.observations import Observations
from calib.cell.adjustment.position_hold import position_hold
from calib.cell.frame_loop import SETUPS, Setup, predict_views
from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.hand_eye.options import HandEyeRequest
from calib.errors import UsageError
from calib.geometry import se3, so3

COUNT = 14


def robot(setup: Setup, turns_deg: float) -> tuple[Observations, Any, Any, Any]:
    """Corners, table, camera and axis of a robot that moves in all directions and turns about one axis, or none."""
    s = simulated(views=COUNT, setup=setup, seed=2)
    rng = np.random.default_rng(1)
    axis = so3.exp(np.array([0.3, 0.2, 0.1]))[:, 2]
    middle = s.base_from_flange[0]
    turn = so3.exp(np.radians(rng.uniform(-turns_deg, turns_deg, COUNT))[:, None] * axis)
    flange = middle @ se3.compose(turn, rng.uniform(-0.08, 0.08, (COUNT, 3)))
    c = predict_views(setup, flange, s.mount_from_camera, s.fixture_from_board)
    views = tuple(
        replace(
            view, corners_px=CAMERA.project(se3.apply(pose, view.corners_in_board)) + rng.normal(size=(54, 2)) * 0.1
        )
        for view, pose in zip(s.observations.views, c, strict=True)
    )
    noisy = se3.compose(flange[:, :3, :3], flange[:, :3, 3] + rng.normal(size=(COUNT, 3)) * 1e-4)
    in_mount = axis if setup == "eye-in-hand" else middle[:3, :3] @ axis
    return replace(s.observations, views=views), replace(s.table, **columns(noisy)), s.mount_from_camera, in_mount


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("turns_deg", [0.0, 30.0])
def test_orientation_is_given_and_the_open_position_named_and_holdable(setup: Setup, turns_deg: float) -> None:
    observations, table, truth, axis = robot(setup, turns_deg)
    found = calibrate_hand_eye(observations, table, CAMERA, setup=setup)
    half = found.place.half_width_95_rad
    assert np.isfinite(half).all()
    assert so3.angle_between(found.mount_from_camera[:3, :3], truth[:3, :3]) < 2 * np.linalg.norm(half)
    assert found.verdict.grade == "do not use"
    assert "not observable" in found.verdict.reason
    assert not found.next_poses
    hold = found.adjustment.scene.hold
    assert hold is not None
    assert len(hold.open) == (1 if turns_deg else 3)
    if turns_deg:
        assert abs(hold.open[0] @ axis) == pytest.approx(1.0, abs=1e-3)
    assert any("--hold " + hold.missing[0] in text for text in found.verdict.advice)
    stated = {name: float(truth["xyz".index(name), 3]) for name in hold.missing}
    held = calibrate_hand_eye(observations, table, CAMERA, setup=setup, hold=stated)
    assert not held.open_position
    far = np.abs(held.mount_from_camera[:3, 3] - truth[:3, 3])
    assert (far < 2 * held.place.half_width_95_m + 1e-6).all()
    assert held.next_poses
    span = so3.log(table.rotation[0].T @ np.stack([pose.base_from_flange[:3, :3] for pose in held.next_poses]))
    in_flange = axis if setup == "eye-in-hand" else table.rotation[0].T @ axis
    across = span - np.outer(span @ in_flange, in_flange)
    assert np.linalg.norm(across, axis=1).max() < np.deg2rad(1.0)  # turns that the robot can make


def test_what_is_stated_takes_an_open_direction_away() -> None:
    tilted = np.array([[0.6, 0.0, 0.8]])
    assert position_hold(np.zeros((0, 3)), {}, np.eye(4)) is None
    left = position_hold(tilted, {}, np.eye(4))
    assert left is not None
    assert left.missing == ("z",)
    stated = position_hold(tilted, {"x": 0.1}, np.eye(4))
    assert stated is not None
    assert not len(stated.open)
    across = position_hold(tilted, {"y": 0.1}, np.eye(4))
    assert across is not None
    assert len(across.open) == 1
    some = position_hold(np.eye(3), {"y": 0.1}, np.eye(4))
    assert some is not None
    assert some.missing == ("x", "z")


def test_only_coordinates_are_held() -> None:
    with pytest.raises(UsageError) as caught:
        HandEyeRequest(hold={"rz": 0.1})
    assert caught.value.code == "unknown-label"
