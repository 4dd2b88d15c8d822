"""What `calib simulate` does where cameras and robots meet, one call each: names looked up, images rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from calib.camera.board import Board, load_board
from calib.camera.bow import Bow
from calib.camera.camera import Camera
from calib.camera.simulation.pictures import pictures
from calib.camera.simulation.simulate import typical_camera
from calib.cell.frame_loop import require_setup
from calib.cell.simulation.arm_in_images import ArmInImages, simulate_arm
from calib.cell.simulation.hand_eye import HandEyeSimulation, Noise, simulate
from calib.cell.simulation.moving_arm import simulate_moving
from calib.cell.simulation.rig import RigSimulation, simulate_rig
from calib.robot.simulation.simulate import geometry_of

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.arm_model import Arm
    from calib.robot.scene import Spread

LENS, BOARD = "brown_conrady", "checkerboard:9x6:25mm"


@dataclass(frozen=True)
class Stream:
    """Poses recorded while the arm moves."""

    time_offset_s: float = 0.0
    """Their clock minus that of the images."""
    rate_hz: float = 125.0
    """Poses per second."""


def simulate_hand_eye(
    camera: Camera | str = LENS,
    board: Board | str = BOARD,
    *,
    setup: str = "eye-in-hand",
    views: int = 30,
    noise: Noise | None = None,
    stream: Stream | None = None,
    seed: int = 0,
    render: bool = False,
    on_progress: Callable[[int, int], object] | None = None,
) -> HandEyeSimulation:
    """Simulate the images of a board and the poses of the flange of a hand-eye calibration.

    camera: a camera, or the name of a lens. board: as `load_board` takes it. noise: of corners and robot. stream: the
    arm moves throughout; None: it stops for every image. on_progress(done, total): of rendering.
    Raises UsageError `unknown-setup`, `simulation-impossible`, and as `load_lens`, `load_board`.
    """
    device, target, side = _camera(camera), _board(board), require_setup(setup)
    corners, name = target.corners_in_board, target.name
    if stream is None:
        found = simulate(device, corners, setup=side, views=views, noise=noise, seed=seed, board=name)
    else:
        found = simulate_moving(
            device,
            corners,
            setup=side,
            views=views,
            time_offset_s=stream.time_offset_s,
            stream_hz=stream.rate_hz,
            noise=noise,
            seed=seed,
            board=name,
        )
    if not render:
        return found
    bow = Bow.over(corners, found.noise.bow_m) if found.noise.bow_m else None
    seen, poses = found.observations, found.camera_from_board
    return replace(found, images=pictures(seen, target, device, poses, seed, bow=bow, on_progress=on_progress))


def simulate_cameras(
    camera: Camera | str = LENS,
    board: Board | str = BOARD,
    *,
    cameras: int = 2,
    setup: str = "eye-to-hand",
    poses: int = 30,
    noise: Noise | None = None,
    seed: int = 0,
) -> RigSimulation:
    """Simulate what several cameras of one kind observe of a board, and the poses of the flange.

    Arguments and errors as of `simulate_hand_eye`.
    """
    target = _board(board)
    return simulate_rig(
        _camera(camera),
        target.corners_in_board,
        cameras=cameras,
        setup=require_setup(setup),
        poses=poses,
        noise=noise,
        seed=seed,
        board=target.name,
    )


def simulate_arm_in_images(
    arm: Arm | SerialArm | str | Path = "ur5e",
    camera: Camera | str = LENS,
    board: Board | str = BOARD,
    *,
    setup: str = "eye-in-hand",
    views: int = 40,
    noise_px: float = 0.15,
    spread: Spread | None = None,
    seed: int = 0,
    render: bool = False,
    on_progress: Callable[[int, int], object] | None = None,
) -> ArmInImages:
    """Simulate the images of a board by a camera on the hand of an arm with errors, or beside it.

    arm: as drawn: itself, a shipped name or a file. spread: of its errors. Other arguments and errors as of
    `simulate_hand_eye` and `calib.robot.load_arm`.
    """
    target = _board(board)
    found = simulate_arm(
        _camera(camera),
        target.corners_in_board,
        geometry_of(arm),
        setup=require_setup(setup),
        views=views,
        unseen=0,
        sigma_px=noise_px,
        spread=spread,
        seed=seed,
        board=target.name,
    )
    if not render:
        return found
    seen, poses = found.observations, found.camera_from_board
    return replace(found, images=pictures(seen, target, found.camera, poses, seed, on_progress=on_progress))


def _camera(camera: Camera | str) -> Camera:
    return typical_camera(camera) if isinstance(camera, str) else camera


def _board(board: Board | str) -> Board:
    return load_board(board) if isinstance(board, str) else board
