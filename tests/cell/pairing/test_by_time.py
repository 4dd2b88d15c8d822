"""Images of a moving arm in a stream of poses: the offset of the clocks found, held, or refused, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases.hand_eye import BOARD, CAMERA, EXACT, errors, poses
from cases.seeds import runs, wider

from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.hand_eye.frame_loop import SETUPS, Setup, by_time, loop_error
from calib.cell.hand_eye.result import HandEyeCalibration
from calib.cell.pairing.by_name_or_order import stem_of
from calib.cell.pairing.pose_stream import PoseStream
from calib.cell.pairing.timestamps import ImageTimes, read_image_times
from calib.cell.simulation.hand_eye import HandEyeSimulation, pose_table
from calib.cell.simulation.moving_arm import simulate_moving
from calib.errors import InputError, UsageError
from calib.geometry import se3, so3

RUNS = 24


def moving(seed: int = 3, **options: Any) -> HandEyeSimulation:
    return simulate_moving(CAMERA, BOARD, seed=seed, **options)


def stamps(s: HandEyeSimulation, later_s: float = 0.0) -> ImageTimes:
    assert s.image_s is not None
    names = [stem_of(view.image) for view in s.observations.views]
    return ImageTimes(dict(zip(names, (s.image_s + later_s).tolist(), strict=True)), "times.csv")


def calibrated(s: HandEyeSimulation, times: ImageTimes | None = None, **options: Any) -> HandEyeCalibration:
    times = times or stamps(s)
    return calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=s.setup, image_times=times, **options)


def offset(h: HandEyeCalibration) -> float:
    assert h.time_offset is not None
    return h.time_offset.estimate.value


# The stream


def test_between_two_rows_the_flange_moves_along_their_screw() -> None:
    a, twist = se3.exp(np.array([0.3, 0.1, -0.2, 1.0, 2.0, 0.5])), np.array([0.2, -0.1, 0.3, 0.5, -0.8, 0.2])
    stream = PoseStream(np.array([0.0, 0.1, 0.2]), se3.retract(a, np.array([[0.0], [0.1], [0.2]]) * twist))
    times = np.array([0.0, 0.03, 0.1, 0.17, 0.2, 0.21])
    assert np.allclose(stream.at(times), se3.retract(a, times[:, None] * twist))
    assert np.allclose(stream.twist(times[1:4]), twist)
    inverted = PoseStream(stream.time_s, se3.inverse(stream.base_from_flange))
    assert np.allclose(inverted.at(times), se3.inverse(stream.at(times)))


def test_a_time_in_a_gap_or_outside_has_no_pose() -> None:
    time_s = np.array([*np.arange(0, 1, 0.1), *np.arange(2, 3, 0.1)])
    stream = PoseStream(time_s, np.tile(np.eye(4), (len(time_s), 1, 1)))
    assert stream.has(np.array([-0.01, 0.05, 1.5, 2.05, 2.95])).tolist() == [False, True, False, True, False]


@pytest.mark.parametrize("setup", SETUPS)
def test_the_discrepancys_derivative_by_time(setup: Setup) -> None:
    rng = np.random.default_rng(0)
    b, c = se3.exp(rng.normal(size=(4, 6))), se3.exp(rng.normal(size=(4, 6)))
    x, y, twist = se3.exp(rng.normal(size=6)), se3.exp(rng.normal(size=6)), rng.normal(size=(4, 6))
    ours = by_time(b, twist, loop_error(setup, b, x, y, c).residuals)
    ends = [loop_error(setup, se3.retract(b, dt * twist), x, y, c).residuals for dt in (1e-6, -1e-6)]
    assert np.allclose(ours, (ends[0] - ends[1]) / 2e-6, atol=1e-8)


# Recovery


@pytest.mark.parametrize("setup", SETUPS)
def test_perfect_data_give_the_offset(setup: Setup) -> None:
    s = moving(setup=setup, noise=EXACT, time_offset_s=-0.3217, stream_hz=500.0)
    h = calibrated(s)
    assert offset(h) == pytest.approx(s.time_offset_s, abs=1e-5)  # of interpolation between rows
    assert errors(h.mount_from_camera, s.mount_from_camera) < (2e-5, 2e-5)


@pytest.mark.parametrize("count", runs(RUNS, few=4))  # of each set-up as many
def test_intervals_hold_and_the_hand_eye_is_as_good_as_without_an_offset(count: int) -> None:
    held, clock, moved, known = [], [], [], []
    for seed in range(count):
        truth = float(np.random.default_rng(1000 + seed).uniform(-0.5, 0.5))
        s = moving(seed, setup=SETUPS[seed % 2], time_offset_s=truth)
        h = calibrated(s)
        assert h.time_offset is not None
        low, high = h.time_offset.estimate.interval_95
        clock.append(low <= truth <= high)
        x, place = h.mount_from_camera, s.mount_from_camera
        held.append(np.abs(x[:3, 3] - place[:3, 3]) <= h.place.half_width_95_m)
        held.append(np.abs(so3.log(x[:3, :3] @ place[:3, :3].T)) <= h.place.half_width_95_rad)
        moved.append(errors(x, place))
        still = moving(seed, setup=SETUPS[seed % 2])
        known.append(errors(calibrated(still, max_time_offset_s=0.0).mount_from_camera, place))
    assert np.mean(clock) > 0.95 - 0.14 * wider(RUNS, count)  # 24 runs: 0.95 - 3 sigma
    assert np.mean(held) > 0.95 - 0.08 * wider(RUNS, count)  # 144 coordinates, correlated like 48: 0.95 - 2.5 sigma
    assert (np.median(moved, axis=0) < (1 + 0.15 * wider(RUNS, count)) * np.median(known, axis=0)).all()


def test_a_lens_from_the_same_images_and_a_bowed_board() -> None:
    s = moving(time_offset_s=0.1, noise=replace(EXACT, sigma_px=0.1, bow_m=1e-3), views=40)
    h = calibrate_hand_eye(s.observations, s.table, setup=s.setup, refine=["board"], image_times=stamps(s))
    assert offset(h) == pytest.approx(0.1, abs=2e-4)
    assert h.evidence.board_height_m == pytest.approx(1e-3, rel=0.1)


def test_a_wrong_offset_would_cost_much_more_than_it_takes_to_find_it() -> None:
    s = moving(time_offset_s=0.05)
    found, none = calibrated(s), calibrated(s, max_time_offset_s=0.0)
    assert "as asked" in none.time_offset.held if none.time_offset else False
    far, turn = errors(found.mount_from_camera, s.mount_from_camera)
    assert errors(none.mount_from_camera, s.mount_from_camera) > (5 * far, 5 * turn)


# What the data cannot tell


def test_a_robot_that_stands_in_every_image_tells_no_offset_and_it_is_held_at_zero() -> None:
    s = moving(standing=True, views=20, time_offset_s=0.2)
    h = calibrated(s)
    assert h.time_offset is not None
    assert h.time_offset.estimate.value == 0.0
    assert h.time_offset.estimate.held
    assert "stands still in every image" in h.time_offset.held
    assert "held at zero" in h.summary()
    x, place = h.mount_from_camera, s.mount_from_camera
    assert errors(x, place) < (6e-4, 2e-3)
    assert h.verdict.grade != "do not use"


def test_where_zero_does_not_fit_the_middle_of_what_does_is_held() -> None:
    s = moving(standing=True, views=20, time_offset_s=0.8)
    h = calibrated(s, max_time_offset_s=2.0)
    assert h.time_offset is not None
    assert h.time_offset.estimate.value == pytest.approx(0.8, abs=0.15)
    assert "zero does not" in h.time_offset.held
    assert errors(h.mount_from_camera, s.mount_from_camera) < (6e-4, 2e-3)


def test_images_outside_the_stream_or_in_a_gap_are_set_aside_by_name() -> None:
    s = moving()
    assert s.image_s is not None
    rows = np.flatnonzero(np.arange(len(s.table.lines)) / 125.0 - 1.5 > s.image_s[4])
    rows = np.setdiff1d(rows, np.flatnonzero(np.abs(np.arange(len(s.table.lines)) / 125.0 - 1.5 - s.image_s[20]) < 0.1))
    columns = {name: np.array(texts, dtype=object)[rows] for name, texts in s.table.other.items()}
    assert s.table.position is not None
    assert s.table.quaternion_xyzw is not None
    part = replace(
        s.table,
        position=s.table.position[rows],
        quaternion_xyzw=s.table.quaternion_xyzw[rows],
        lines=s.table.lines[rows],
        joints=s.table.joints[rows],
        other={name: tuple(texts) for name, texts in columns.items()},
    )
    h = calibrated(replace(s, table=part))
    reasons = {aside.image: aside.reason for aside in h.excluded}
    assert sorted(reasons) == [f"view_{i:03d}.png" for i in (1, 2, 3, 4, 5, 21)]
    assert "outside the poses" in reasons["view_001.png"]
    assert "in a gap of" in reasons["view_021.png"]


def test_an_image_with_another_time_costs_that_image() -> None:
    s = moving(time_offset_s=0.1)
    times = dict(stamps(s).seconds)
    times["view_010"] += 3.0
    h = calibrated(s, ImageTimes(times, "times.csv"))
    assert [fit.image for fit in h.images if fit.reason] == ["view_010.png"]


@pytest.mark.parametrize(
    ("change", "times", "code", "words"),
    [
        ({}, 500.0, "time-no-overlap", "two clocks"),
        ({"time_s": "backwards"}, 0.0, "time-not-increasing", "line 3"),
        ({"time": "bare"}, 0.0, "time-unit", "names no unit"),
        ({}, 0.53, "time-offset-range", "--max-time-offset-s"),
        ({}, 0.9, "hand-eye-does-not-fit", "--max-time-offset-s"),
    ],
)
def test_times_that_cannot_be_used(change: dict[str, str], times: float, code: str, words: str) -> None:
    s = moving()
    cells = s.table.other["time_s"]
    other = {"backwards": {"time_s": cells[::-1]}, "bare": {"time": cells}}
    table = replace(s.table, other=next((other[kind] for kind in change.values()), s.table.other))
    with pytest.raises(InputError) as raised:
        calibrated(replace(s, table=table), stamps(s, times), max_time_offset_s=0.5)
    assert raised.value.code == code
    assert words in str(raised.value)


def test_stops_listed_with_their_times_are_no_stream() -> None:
    s = moving(standing=True, views=20)
    assert s.image_s is not None
    rows = np.searchsorted(np.array(s.table.other["time_s"], dtype=float), s.image_s)
    pose = poses(s.table)[rows]
    stops = pose_table(pose, {"time_s": tuple(f"{time:.3f}" for time in s.image_s)})
    with pytest.raises(InputError) as raised:
        calibrated(replace(s, table=stops))
    assert raised.value.code == "stream-sparse"
    assert "do not determine the motion" in raised.value.why


def test_what_is_held_must_end_within_the_range_that_was_searched() -> None:
    with pytest.raises(InputError) as raised:
        calibrated(moving(standing=True, views=20, time_offset_s=0.8), max_time_offset_s=1.0)
    assert raised.value.code == "time-offset-range"


def test_no_overlap_says_both_ranges() -> None:
    s = moving()
    with pytest.raises(InputError) as raised:
        calibrated(s, stamps(s, 1.7e9))
    assert raised.value.exit_status == 3
    assert "images from 17000000" in raised.value.why
    assert "poses from -1.500" in raised.value.why


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


# Reading


def test_poses_read_otherwise_are_told_in_a_stream_too() -> None:
    s = moving(time_offset_s=0.1)
    assert s.table.position is not None
    with pytest.raises(InputError) as raised:
        calibrated(replace(s, table=replace(s.table, position=1000 * s.table.position)))
    assert raised.value.code == "conventions"
    assert "millimetres" in raised.value.what


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("image,time_s\na.png,0.5\nb.png,1.5\n", 1.5),
        ("file;t_ms\na.png;500\nb.png;1500,5\n", 1.5005),
        ("name,timestamp\na,1700000000.5\nb,1700000001.5\n", 1700000001.5),
        ("img,stamp\na,1700000000500000000\nb,1700000001500000000\n", 1700000001.5),
    ],
)
def test_tables_of_image_times(text: str, second: float, tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text(text)
    assert read_image_times(tmp_path / "times.csv").seconds["b"] == pytest.approx(second, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("image,when\na.png,1\n", "time-columns"),
        ("image,time\na.png,1\n", "time-unit"),
        ("image,time_s\na.png,soon\n", "time-number"),
        ("image,time_s\na.png,1\na.jpg,2\n", "pairing-twice"),
        ("image,time_s\na.png,1\nb.png,1\n", "time-not-increasing"),
        ("image,time_s,stamp_ns\na.png,1,1\n", "table-column-twice"),
    ],
)
def test_tables_of_image_times_that_cannot_be_read(text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text(text)
    with pytest.raises(InputError) as raised:
        read_image_times(tmp_path / "times.csv")
    assert raised.value.code == code


def test_names_that_are_stamps_are_times_and_it_is_said() -> None:
    s = moving(time_offset_s=0.1, views=30)
    assert s.image_s is not None
    since = 1_700_000_000.0
    names = [f"{round((since + t) * 1e9)}.png" for t in s.image_s.tolist()]
    views = tuple(replace(view, image=name) for view, name in zip(s.observations.views, names, strict=True))
    cells = tuple(f"{since + float(text):.6f}" for text in s.table.other["time_s"])
    table = replace(s.table, other={"stamp": cells})
    h = calibrate_hand_eye(replace(s.observations, views=views), table, camera=CAMERA, setup=s.setup)
    assert offset(h) == pytest.approx(0.1, abs=1e-3)
    assert "the files' names, read as ns since 1970" in h.notes[0]
    assert "stamp read as s since 1970" in h.notes[0]


def test_poses_that_name_their_image_have_no_use_for_times() -> None:
    s = moving(views=20)
    named = {**s.table.other, "image": tuple(f"{i}.png" for i in range(len(s.table.lines)))}
    with pytest.raises(UsageError) as raised:
        calibrated(replace(s, table=replace(s.table, other=named)))
    assert raised.value.code == "option-conflict"
