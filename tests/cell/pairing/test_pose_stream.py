"""A stream of poses: the flange between its rows, gaps, and what is no stream."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.hand_eye import poses
from cases.moving import calibrated, moving

from calib.cell.pairing.pose_stream import PoseStream
from calib.cell.simulation.hand_eye import pose_table
from calib.errors import InputError
from calib.geometry import se3


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
