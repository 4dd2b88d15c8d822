"""New images with their robot poses against a camera's calibrated place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.camera.calibration.locate_boards import LocatedBoards, locate_boards
from calib.cell.frame_loop import loop_error
from calib.cell.pairing.by_name_or_order import pair
from calib.check.drift import CheckedResiduals, Suspect, rigid_parts, turn_part
from calib.errors import InputError
from calib.geometry import se3, so3

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.robot.table.pose_table import PoseTable

CAMERA_MOVED = "fasten the camera and calibrate its pose again: calib hand-eye"
BOARD_MOVED = "the camera is not to blame if the board was taken off or moved: put it back, or calibrate again"


def check_hand_eye(
    document: Mapping[str, Any], camera: Camera, observations: Observations, table: PoseTable
) -> tuple[CheckedResiduals, LocatedBoards]:
    """Images paired with the robot's poses, by name or by order. document: the result's.

    Raises as `locate_boards` and `cell.pair`; InputError `covariance-missing`.
    """
    pairing = pair(observations, table)
    row_of = dict(zip(pairing.images, pairing.rows.tolist(), strict=True))
    located = locate_boards(observations, camera)
    seen = located.select(np.array([i for i, view in enumerate(located.views) if view.image in row_of], dtype=np.intp))
    poses = _robot_poses(table, [row_of[view.image] for view in seen.views])
    place = {name: np.array(document[name]["matrix"]) for name in ("mount_from_camera", "fixture_from_board")}
    ratio = float(document["board_size"]["ratio_used"])
    off = loop_error(
        document["setup"], poses, place["mount_from_camera"], place["fixture_from_board"], seen.camera_from_board,
        float(np.log(ratio)),
    )  # fmt: skip
    noise = document["robot_noise"]
    robot = np.repeat([noise["sigma_mm"] / 1000, np.radians(noise["sigma_deg"])], 3) ** 2
    corners = [
        at @ _pose_covariance(camera, view.corners_in_board, pose, float(document["noise_px"])) @ at.T
        for at, view, pose in zip(off.by_view, seen.views, seen.camera_from_board, strict=True)
    ]
    root = np.linalg.inv(np.linalg.cholesky(np.array(corners) + np.diag(robot)))
    by_camera, by_board = ((root @ each).reshape(-1, 6) for each in (off.by_camera, off.by_board))
    by_size = (root @ off.by_log_size[:, :, None]).reshape(-1, 1)
    residuals = -(root @ off.residuals[:, :, None]).reshape(-1)  # measured less predicted
    suspects = (
        Suspect("position of the camera", by_camera[:, :3], rigid_parts()[:1], CAMERA_MOVED),
        Suspect("orientation of the camera", by_camera[:, 3:], (turn_part(),), CAMERA_MOVED),
        Suspect("board on its fixture", by_board, rigid_parts(), BOARD_MOVED),
    )
    covariance = _covariance(document)
    by_known = np.hstack([by_camera, by_board, by_size])[:, : len(covariance)]
    image = np.repeat(np.arange(len(poses)), 6)
    return CheckedResiduals(residuals, by_known, covariance, suspects, row=image), seen


def _covariance(document: Mapping[str, Any]) -> Array:
    """(12, 12) of the tangents of camera and board, or (13, 13) with the board's size, as the result states it."""
    found = document.get("covariance")
    if found is None:
        raise InputError(
            "the result states no covariance of camera and board",
            code="covariance-missing",
            why="it was written by an older version",
            advice="calibrate again: --config RESULT repeats the run",
        )
    return np.array(found["matrix"], dtype=float)


def _robot_poses(table: PoseTable, rows: list[int]) -> Array:
    """base_from_flange (n, 4, 4) of some rows."""
    assert table.position is not None  # which `pair` requires
    assert table.quaternion_xyzw is not None
    return se3.compose(so3.from_quaternion_xyzw(table.quaternion_xyzw[rows]), table.position[rows])


def _pose_covariance(camera: Camera, points: Array, camera_from_board: Array, noise: float) -> Array:
    """(6, 6) of a board's pose by its corners, right tangent."""
    placed = se3.apply(camera_from_board, points)
    projection = camera.lens.linearise(camera.parameters, np.ascontiguousarray(placed.T))
    by_point = projection.by_point.transpose(2, 0, 1) @ camera_from_board[:3, :3]
    by_pose = np.concatenate([by_point, -by_point @ so3.hat(points)], axis=2).reshape(-1, 6)
    return np.asarray(noise**2 * np.linalg.inv(by_pose.T @ by_pose))
