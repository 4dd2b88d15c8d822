"""Board poses in place of images: the same answers, the same diagnosis, from every file that people have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases.hand_eye import BOARD, CAMERA, poses, simulated

from calib.camera.calibration.locate_boards import locate_boards
from calib.cell import BoardPoses, calibrate_hand_eye
from calib.cell.adjustment.state import CAMERA_LABELS
from calib.cell.frame_loop import SETUPS, Setup
from calib.cell.simulation.hand_eye import HandEyeSimulation, Noise
from calib.errors import InputError, UsageError
from calib.geometry import se3, so3
from calib.robot.table.pose_table import PoseTable

SIGMA = np.repeat([2e-4, 7e-4], 3)  # small enough for the closed form to leave nothing to diagnose
EXACT = Noise(1e-6, 1e-9, 1e-9)


def table_of(transforms: Any, names: tuple[str, ...] = ()) -> PoseTable:
    count = np.arange(len(transforms))
    return PoseTable(
        joints=np.zeros((len(count), 0)),
        prismatic=(),
        target=np.zeros(len(count), dtype=np.intp),
        pose=count,
        lines=count + 2,
        position=transforms[:, :3, 3],
        quaternion_xyzw=so3.quaternion_xyzw(transforms[:, :3, :3]),
        other={"image": names} if names else {},
        name="table.csv",
    )


def noisy(s: HandEyeSimulation, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return s.camera_from_board @ se3.exp(rng.normal(size=(len(s.camera_from_board), 6)) * SIGMA)


@pytest.mark.parametrize("setup", SETUPS)
def test_exact_poses_give_the_camera(setup: Setup) -> None:
    s = simulated(views=8, setup=setup, noise=EXACT)
    h = calibrate_hand_eye(BoardPoses(table_of(s.camera_from_board)), table_of(poses(s.table)))
    assert h.setup == setup
    assert np.allclose(h.mount_from_camera, s.mount_from_camera, atol=1e-6)
    assert h.camera is None
    assert h.poses_given
    assert "camera.yaml" not in h.files()
    assert h.document()["rms_px"] is None


@pytest.mark.slow
@pytest.mark.parametrize("setup", SETUPS)
def test_intervals_hold_with_noise_at_both_ends(setup: Setup) -> None:
    """Of 6 runs of 6 coordinates 95 % are inside; fewer than 80 % once in 500."""
    inside = []
    for seed in range(6):
        s = simulated(seed=seed, setup=setup)
        place = calibrate_hand_eye(BoardPoses(table_of(noisy(s, seed))), table_of(poses(s.table)), setup=setup).place
        x = place.mount_from_camera[:3, 3] - s.mount_from_camera[:3, 3]
        turn = so3.log(place.mount_from_camera[:3, :3] @ s.mount_from_camera[:3, :3].T)
        half = np.concatenate([place.half_width_95_m, place.half_width_95_rad])
        inside.append(np.abs(np.concatenate([x, turn])) < half)
    assert np.mean(inside) > 0.8


@pytest.mark.slow
def test_the_noise_of_the_boards_turns_is_told_from_that_of_the_robots() -> None:
    s = simulated(views=60, noise=Noise(0.2, 2e-4, 5e-4))
    noise = calibrate_hand_eye(BoardPoses(table_of(noisy(s))), table_of(poses(s.table))).noise.robot
    assert noise.board_rad == pytest.approx(7e-4, rel=0.4)
    assert noise.sigma_rad == pytest.approx(5e-4, rel=0.6)
    assert noise.sigma_m == pytest.approx(np.hypot(2e-4, 2e-4), rel=0.3)


@pytest.mark.slow
def test_a_stated_noise_is_used_as_it_is() -> None:
    s = simulated(views=10)
    boards = BoardPoses(table_of(noisy(s)), (2e-4, 7e-4))
    noise = calibrate_hand_eye(boards, table_of(poses(s.table))).noise.robot
    assert (noise.board_m, noise.board_rad, noise.unknown) == (2e-4, 7e-4, ("sigma_m", "sigma_rad"))
    of_both = calibrate_hand_eye(boards, table_of(poses(s.table)), robot_noise=(2e-4, 1e-3))
    assert of_both.noise.robot.unknown == ()
    of_board = calibrate_hand_eye(
        replace(boards, noise=None), table_of(poses(s.table)), robot_noise=(2e-4, 1e-3)
    ).noise.robot
    assert of_board.unknown == ("board_m", "board_rad")
    assert of_board.board_rad == pytest.approx(7e-4, rel=0.9)


@pytest.mark.slow
def test_poses_by_corners_lose_little_to_the_corners() -> None:
    s = simulated(views=12)
    located = locate_boards(s.observations, CAMERA).camera_from_board
    by_poses = calibrate_hand_eye(BoardPoses(table_of(located)), table_of(poses(s.table))).place.half_width_95_m
    by_corners = calibrate_hand_eye(s.observations, s.table, CAMERA).place.half_width_95_m
    assert np.all(by_poses < 1.6 * by_corners)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("board poses: positions are millimetres", lambda t: replace(t, position=1000 * t.position)),
        ("board poses: quaternion columns", lambda t: replace(t, quaternion_xyzw=t.quaternion_xyzw[:, [3, 0, 1, 2]])),
        ("board poses are inverted", lambda t: t),
    ],
)
def test_a_convention_of_the_boards_poses_is_named(words: str, change: Any) -> None:
    s = simulated(views=10)
    transforms = se3.inverse(s.camera_from_board) if "inverted" in words else s.camera_from_board
    boards = BoardPoses(change(table_of(transforms)))
    with pytest.raises(InputError, match=words) as caught:
        calibrate_hand_eye(boards, table_of(poses(s.table)), setup=s.setup)
    assert caught.value.code == "conventions"
    h = calibrate_hand_eye(boards, table_of(poses(s.table)), setup=s.setup, fix_conventions=True)
    assert np.allclose(h.mount_from_camera, s.mount_from_camera, atol=3e-3)


def test_poses_inverted_are_told_without_a_set_up() -> None:
    """They close the loop of the other set-up; but the camera would look away from the board."""
    s = simulated(views=10)
    with pytest.raises(InputError, match="board poses are inverted"):
        calibrate_hand_eye(BoardPoses(table_of(se3.inverse(s.camera_from_board))), table_of(poses(s.table)))


@pytest.mark.slow
def test_wild_board_poses_are_rejected() -> None:
    s = simulated(views=15)
    seen = noisy(s)
    seen[4] = seen[4] @ se3.exp(np.array([0.02, 0, 0, 0, 0.1, 0]))
    h = calibrate_hand_eye(BoardPoses(table_of(seen)), table_of(poses(s.table)))
    assert [fit.reason != "" for fit in h.images] == [i == 4 for i in range(15)]


@pytest.mark.slow
def test_names_pair_the_poses_in_any_order() -> None:
    s = simulated(views=8)
    names = tuple(f"photo{i}" for i in range(8))
    order = np.random.default_rng(2).permutation(8)
    shuffled = table_of(s.camera_from_board[order], tuple(names[i] for i in order.tolist()))
    h = calibrate_hand_eye(BoardPoses(shuffled), table_of(poses(s.table), names))
    assert np.allclose(h.mount_from_camera, s.mount_from_camera, atol=3e-3)
    with pytest.raises(InputError, match="cannot be matched by order"):
        calibrate_hand_eye(BoardPoses(table_of(s.camera_from_board)), table_of(poses(s.table)[:-1]))


@pytest.mark.slow
@pytest.mark.parametrize("setup", SETUPS)
def test_motions_give_the_camera_as_poses_do(setup: Setup) -> None:
    s = simulated(views=12, setup=setup)
    g = poses(s.table)
    a = se3.inverse(g[:-1]) @ g[1:] if setup == "eye-in-hand" else g[:-1] @ se3.inverse(g[1:])
    b = noisy(s)[:-1] @ se3.inverse(noisy(s)[1:])
    h = calibrate_hand_eye(BoardPoses(table_of(b)), table_of(a), setup=setup)
    assert h.motions
    assert np.allclose(h.mount_from_camera, s.mount_from_camera, atol=4e-3)
    assert np.allclose(h.mount_from_camera, h.fixture_from_board, atol=1e-5)
    assert h.next_poses == ()
    assert any("A X = X B" in note for note in h.notes)
    assert h.report().sections


def test_a_lens_or_a_surface_does_not_apply() -> None:
    s = simulated(views=5)
    boards = BoardPoses(table_of(s.camera_from_board))
    for camera, options in ((CAMERA, {}), (None, {"refine": ["board"]}), (None, {"fix": ["k3"]})):
        with pytest.raises(UsageError) as caught:
            calibrate_hand_eye(boards, table_of(poses(s.table)), camera, **options)  # type: ignore[arg-type]
        assert caught.value.code == "option-conflict"


def test_the_place_of_the_camera_is_all_that_is_estimated() -> None:
    s = simulated(views=8)
    h = calibrate_hand_eye(BoardPoses(table_of(noisy(s))), table_of(poses(s.table)), square_sigma=0.0)
    assert {block.name for block in h.adjustment.solution.problem.parameters} == {
        "mount_from_camera",
        "fixture_from_board",
    }
    assert len(CAMERA_LABELS) == 6
    assert len(BOARD)
    assert "board poses" in str(h)
