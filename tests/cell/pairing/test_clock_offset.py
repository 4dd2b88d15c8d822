"""The offset of the clocks of images and poses: estimated, held, or refused with its reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.coverage import are_tight, pose_ratios, share_within
from cases.hand_eye import BOARD, CAMERA, EXACT, errors, poses
from cases.moving import calibrated, moving, offset
from cases.seeds import runs, wider

from calib.cell.frame_loop import SETUPS, Setup
from calib.cell.pairing.pose_stream import PoseStream
from calib.errors import InputError
from calib.geometry import se3, so3

RUNS = 24


@pytest.mark.parametrize("setup", SETUPS)
def test_perfect_data_give_the_offset(setup: Setup) -> None:
    s = moving(setup=setup, noise=EXACT, time_offset_s=-0.3217, stream_hz=500.0)
    h = calibrated(s)
    assert offset(h) == pytest.approx(s.time_offset_s, abs=1e-5)  # of interpolation between rows
    far, turn = errors(h.mount_from_camera, s.mount_from_camera)
    assert far < 2e-5
    assert turn < 2e-5


@pytest.mark.parametrize("count", runs(RUNS, few=4))  # of each set-up as many
def test_intervals_hold_and_the_hand_eye_is_as_good_as_without_an_offset(count: int) -> None:
    ratios, clock, moved, known = [], [], [], []
    for seed in range(count):
        truth = float(np.random.default_rng(1000 + seed).uniform(-0.5, 0.5))
        s = moving(seed, setup=SETUPS[seed % 2], time_offset_s=truth)
        h = calibrated(s)
        assert h.time_offset is not None
        low, high = h.time_offset.estimate.interval_95
        clock.append(abs(truth - offset(h)) / ((high - low) / 2))
        x, place = h.mount_from_camera, s.mount_from_camera
        ratios.append(pose_ratios(x, place, h.place))
        moved.append(errors(x, place))
        still = moving(seed, setup=SETUPS[seed % 2])
        known.append(errors(calibrated(still, max_time_offset_s=0.0).mount_from_camera, place))
    assert share_within(clock) > 0.95 - 0.14 * wider(RUNS, count)  # 24 runs: 0.95 - 3 sigma
    assert share_within(ratios) > 0.95 - 0.08 * wider(RUNS, count)  # 144 coordinates, like 48: 0.95 - 2.5 sigma
    for each, independent in ((clock, count), (ratios, 2 * count)):
        assert are_tight(each, independent)
        assert not are_tight(np.divide(each, 10), independent)
    assert (np.median(moved, axis=0) < (1 + 0.15 * wider(RUNS, count)) * np.median(known, axis=0)).all()


def test_a_wrong_offset_would_cost_much_more_than_it_takes_to_find_it() -> None:
    s = moving(time_offset_s=0.05)
    found, none = calibrated(s), calibrated(s, max_time_offset_s=0.0)
    assert "as asked" in none.time_offset.held if none.time_offset else False
    far, turn = errors(found.mount_from_camera, s.mount_from_camera)
    too_far, too_turned = errors(none.mount_from_camera, s.mount_from_camera)
    assert too_far > 5 * far
    assert too_turned > 5 * turn


def test_a_robot_that_stands_in_every_image_tells_no_offset_and_it_is_held_at_zero() -> None:
    s = moving(standing=True, views=20, time_offset_s=0.2)
    h = calibrated(s)
    assert h.time_offset is not None
    assert h.time_offset.estimate.value == 0.0
    assert h.time_offset.estimate.held
    assert "is stationary in every image" in h.time_offset.held
    assert "held at zero" in h.summary()
    x, place = h.mount_from_camera, s.mount_from_camera
    far, turn = errors(x, place)
    assert far < 6e-4
    assert turn < 2e-3
    assert h.verdict.grade != "do not use"


def test_where_zero_does_not_fit_the_middle_of_what_does_is_held() -> None:
    s = moving(standing=True, views=20, time_offset_s=0.8)
    h = calibrated(s, max_time_offset_s=2.0)
    assert h.time_offset is not None
    assert h.time_offset.estimate.value == pytest.approx(0.8, abs=0.15)
    assert "but zero does not" in h.time_offset.held
    far, turn = errors(h.mount_from_camera, s.mount_from_camera)
    assert far < 6e-4
    assert turn < 2e-3


def test_what_is_held_must_end_within_the_range_that_was_searched() -> None:
    with pytest.raises(InputError) as raised:
        calibrated(moving(standing=True, views=20, time_offset_s=0.8), max_time_offset_s=1.0)
    assert raised.value.code == "time-offset-range"


def test_a_motion_that_repeats_itself_leaves_the_offset_undecided() -> None:
    s = moving(noise=EXACT)
    assert s.image_s is not None
    whole, time_s = poses(s.table), np.array(s.table.other["time_s"], dtype=float)
    again = PoseStream(time_s, whole).at(5.0 + 2.0 * np.abs(time_s % 2.0 - 1.0))
    table = replace(s.table, position=again[:, :3, 3], quaternion_xyzw=so3.quaternion_xyzw(again[:, :3, :3]))
    seen = PoseStream(time_s, again).at(s.image_s)
    c = (
        se3.inverse(s.mount_from_camera) @ se3.inverse(seen) @ s.fixture_from_board
        if s.setup == "eye-in-hand"
        else se3.inverse(s.mount_from_camera) @ seen @ s.fixture_from_board
    )
    views = tuple(
        replace(v, corners_px=CAMERA.project(se3.apply(p, BOARD))) for v, p in zip(s.observations.views, c, strict=True)
    )
    with pytest.raises(InputError) as raised:
        calibrated(replace(s, table=table, observations=replace(s.observations, views=views)), max_time_offset_s=3.0)
    assert raised.value.code == "time-offset-undecided"
