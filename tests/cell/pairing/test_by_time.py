"""Images paired with a stream of poses by time; images and options that do not apply."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.hand_eye import EXACT
from cases.moving import calibrated, image_times, moving, offset

from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.pairing.timestamps import ImageTimes
from calib.errors import InputError, UsageError


def test_a_lens_from_the_same_images_and_a_bowed_board() -> None:
    s = moving(time_offset_s=0.1, noise=replace(EXACT, sigma_px=0.1, bow_m=1e-3), views=40)
    h = calibrate_hand_eye(s.observations, s.table, setup=s.setup, refine=["board"], image_times=image_times(s))
    assert offset(h) == pytest.approx(0.1, abs=2e-4)
    assert h.evidence.board_height_m == pytest.approx(1e-3, rel=0.1)


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
    times = dict(image_times(s).seconds)
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
        calibrated(replace(s, table=table), image_times(s, times), max_time_offset_s=0.5)
    assert raised.value.code == code
    assert words in str(raised.value)


def test_no_overlap_says_both_ranges() -> None:
    s = moving()
    with pytest.raises(InputError) as raised:
        calibrated(s, image_times(s, 1.7e9))
    assert raised.value.exit_status == 3
    assert "images from 17000000" in raised.value.why
    assert "poses from -1.500" in raised.value.why


def test_poses_read_otherwise_are_told_in_a_stream_too() -> None:
    s = moving(time_offset_s=0.1)
    assert s.table.position is not None
    with pytest.raises(InputError) as raised:
        calibrated(replace(s, table=replace(s.table, position=1000 * s.table.position)))
    assert raised.value.code == "conventions"
    assert "millimetres" in raised.value.what


def test_poses_that_name_their_image_have_no_use_for_times() -> None:
    s = moving(views=20)
    named = {**s.table.other, "image": tuple(f"{i}.png" for i in range(len(s.table.lines)))}
    with pytest.raises(UsageError) as raised:
        calibrated(replace(s, table=replace(s.table, other=named)))
    assert raised.value.code == "option-conflict"
