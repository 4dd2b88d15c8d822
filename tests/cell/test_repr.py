"""Every public result of the room is short in a notebook, and what it holds as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from cases.arm_images import simulated as simulated_arm
from cases.hand_eye import CAMERA, simulated

from calib import cell
from calib.camera import load_board
from calib.cell.pairing.timestamps import ImageTimes
from calib.cell.simulation.moving_arm import simulate_moving

MOST = 300


def hand_eye() -> Any:
    s = simulated(views=10)
    return cell.calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=s.setup)


def cameras() -> Any:
    s = cell.simulate_cameras(CAMERA, cameras=2, seed=3)
    return cell.calibrate_cameras(s.observations, s.table, ["left", "right"], cameras=[CAMERA, CAMERA], setup=s.setup)


def arm_from_images() -> Any:
    s = simulated_arm(views=25)
    return cell.calibrate_arm_from_images(s.observations, s.table, s.nominal, camera=CAMERA)


def arm_with_lens() -> Any:
    s = simulated_arm(views=25)
    return cell.calibrate_arm_from_images(s.observations, s.table, s.nominal)


def moving() -> Any:
    return simulate_moving(CAMERA, load_board("checkerboard:9x6:25mm").corners_in_board, seed=3)


MADE: dict[str, Callable[[], Any]] = {
    "hand-eye": hand_eye,
    "cameras": cameras,
    "arm from images": arm_from_images,
    "arm from images, with its lens": arm_with_lens,
    "hand-eye simulation": simulated,
    "moving arm": moving,
    "cameras simulation": lambda: cell.simulate_cameras(CAMERA, cameras=2, seed=3),
    "arm in images": lambda: simulated_arm(views=25),
    "cell simulation": cell.simulate_cell,
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_a_result_and_its_members_are_short(make: Callable[[], Any]) -> None:
    result = make()
    assert type(result).__name__ in repr(result)
    assert len(repr(result)) < MOST
    assert result == result
    assert is_dataclass(result)
    for field in fields(result):
        value = getattr(result, field.name)
        if type(value).__module__.startswith("calib.") and not isinstance(value, str):
            assert len(repr(value)) < MOST, field.name


def test_what_users_handle_besides_results_is_short() -> None:
    s = moving()
    times = ImageTimes({f"view_{i:03d}": float(i) for i in range(500)}, "times.csv")
    named = simulated(views=30)
    pairing = cell.pair(named.observations, named.table)
    for each in (s.table, s.observations, times, pairing, *hand_eye().next_poses):
        assert len(repr(each)) < MOST
