"""A hand-eye calibration as documents: the JSON that scripts read, and what a controller or ROS takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.cell.adjustment.variance_components import solve_reduced
from calib.cell.frame_loop import other_setup
from calib.cell.lens_estimates import camera_file
from calib.cell.pose_estimates import pose_document
from calib.documents import finite, to_yaml
from calib.formats.mount_format import optical_frame
from calib.geometry import se3, so3

POSE_TANGENTS = tuple(f"{pose}.{label}" for pose in ("camera", "board") for label in se3.TANGENT)

LOG_SIZE = "log_board_size"

if TYPE_CHECKING:
    from calib.cell.adjustment.variance_components import RobotNoise
    from calib.cell.hand_eye.next_poses import NextPose
    from calib.cell.hand_eye.place import CameraPlace
    from calib.cell.hand_eye.result import HandEyeCalibration, HandEyeNoise, ImageFit
    from calib.cell.start.setup import ClosedFormStart


def files(h: HandEyeCalibration) -> dict[str, str | bytes]:
    """Content by file name: hand_eye.yaml, flange_from_camera.txt or base_from_camera.txt; of images camera.yaml."""
    name = f"{h.place.mount}_from_camera"
    title = f"The camera's pose: matrix is {name}, metres; the camera's z points forward, x right, y down."
    found: dict[str, str | bytes] = {
        "hand_eye.yaml": to_yaml(as_hand_eye_file(h), title),
        f"{name}.txt": matrix_text(h),
    }
    if h.camera is not None:
        found |= camera_file(h.camera, h.adjustment.lens_estimates, h.verdict.grade, "The camera of this calibration.")
    return found


def as_document(h: HandEyeCalibration) -> dict[str, Any]:
    """The result as plain data, as `--json` prints it."""
    solution = h.adjustment.solution
    head = h.document_head(
        "hand_eye",
        unobservable=solution.uncertainty.unobservable,
        notes=h.notes,
        solver=solution.sentence(),
    )
    return {**head, **camera_sections(h), "covariance": _covariance(h)}


def camera_sections(h: HandEyeCalibration) -> dict[str, Any]:
    """What the document of one camera holds beyond the head, also where it is one of several."""
    evidence = h.evidence
    scale, height_m = evidence.board_scale, evidence.board_height_m
    return {
        **place_sections(h),
        "closed_form": {
            "method": evidence.start.method,
            "matrix": evidence.start.mount_from_camera.tolist(),
            **_median(evidence.start),
            "rms_by_method": dict(evidence.start.rms_by_method),
        },
        "other_setup": _other_setup(h.place, evidence.other_start),
        "conventions_applied": [str(alternative) for alternative in evidence.conventions_applied],
        "rms_px": finite(h.rms_px),
        "rms_px_uncorrected": finite(h.uncorrected_rms_px),
        **noise_sections(h.noise),
        "turns_rms_deg": evidence.turns.rms_deg.tolist(),
        "board_size": {
            "ratio": scale.ratio,
            "sigma": scale.sigma,
            "sigma_given": scale.size_sigma,
            "ratio_used": scale.estimated,
            "deviates": scale.deviates,
        },
        "board_height_mm": None if height_m is None else 1000 * height_m,
        "lens_estimated": h.lens_estimated,
        "next_poses": [_next_pose(pose) for pose in h.next_poses],
    }


def _covariance(h: HandEyeCalibration) -> dict[str, Any]:
    """Of the tangents of the camera's pose and of the board's, each along its own axes, and of the logarithm of the
    board's size where that was estimated."""
    scene, labels = h.adjustment.scene, [*POSE_TANGENTS]
    whole = solve_reduced(h.adjustment.reduced, h.noise.robot).covariance
    chosen = list(range(len(labels)))
    if scene.sized:
        labels.append(LOG_SIZE)
        chosen.append(len(whole) - 1 - scene.timed)
    return {"labels": labels, "matrix": whole[np.ix_(chosen, chosen)].tolist()}


def place_sections(h: HandEyeCalibration) -> dict[str, Any]:
    """Camera and board on what carries them, and the time offset."""
    place = h.place
    return {
        "setup": place.setup,
        "mount_from_camera": {"frame": place.mount, **pose_document(place.mount_from_camera, place.camera_estimates)},
        "fixture_from_board": {
            "frame": place.fixture,
            **pose_document(place.fixture_from_board, place.board_estimates),
        },
        **_clock(h),
    }


def noise_sections(noise: HandEyeNoise) -> dict[str, Any]:
    """Noise of corners and robot."""
    found: dict[str, Any] = {"noise_px": noise.corner_px, "robot_noise": robot_noise(noise.robot)}
    return found if noise.corner_px is not None else {**found, "board_noise": board_noise(noise.robot)}


def robot_noise(noise: RobotNoise) -> dict[str, Any]:
    """Standard deviations per axis."""
    return {
        "sigma_mm": 1000 * noise.sigma_m,
        "sigma_deg": math.degrees(noise.sigma_rad),
        "estimated": noise.estimated,
    }


def board_noise(noise: RobotNoise) -> dict[str, Any]:
    """Standard deviations per axis of board poses that are given; null where they are part of the robot's."""
    return {
        "sigma_mm": 1000 * noise.board_m or None,
        "sigma_deg": math.degrees(noise.board_rad) or None,
        "estimated": bool(noise.of_board),
    }


def rows(h: HandEyeCalibration) -> list[dict[str, Any]]:
    """One dict per image: those with a pose of the robot, then those excluded."""
    nothing = dict.fromkeys(_row(h.images[0])) if h.images else {}
    excluded = [{**nothing, "name": each.image, "used": False, "reason": each.reason} for each in h.excluded]
    return [_row(fit) for fit in h.images] + excluded


def as_hand_eye_file(h: HandEyeCalibration) -> dict[str, Any]:
    """The content of `hand_eye.yaml`."""
    named = {"camera": h.place.camera} if h.place.camera else {}
    return {**named, **place_sections(h), "static_transform_publisher": publisher(h.place)}


def matrix_text(h: HandEyeCalibration) -> str:
    """The 4 x 4 matrix as four lines of numbers, metres."""
    return "\n".join(" ".join(f"{value:.12g}" for value in row) for row in h.mount_from_camera) + "\n"


def publisher(place: CameraPlace) -> str:
    """The command that publishes the camera's frame in ROS 2: the optical one, z forward."""
    x, y, z = place.mount_from_camera[:3, 3]
    qx, qy, qz, qw = so3.quaternion_xyzw(place.mount_from_camera[:3, :3])
    numbers = f"--x {x:.6f} --y {y:.6f} --z {z:.6f} --qx {qx:.8f} --qy {qy:.8f} --qz {qz:.8f} --qw {qw:.8f}"
    frames = f"--frame-id {place.mount} --child-frame-id {optical_frame(place.camera)}"
    return f"ros2 run tf2_ros static_transform_publisher {numbers} {frames}"


def _row(fit: ImageFit) -> dict[str, Any]:
    return {
        "name": fit.image,
        "used": not fit.reason,
        "reason": fit.reason,
        "line": fit.line,
        "rms_px": finite(fit.rms_px),
        "rms_px_uncorrected": finite(fit.uncorrected_rms_px),
        "correction_mm": 1000 * fit.correction_m,
        "correction_deg": math.degrees(fit.correction_rad),
        "distance_sigmas": fit.distance,
    }


def _next_pose(pose: NextPose) -> dict[str, Any]:
    return {
        "base_from_flange": pose_document(pose.base_from_flange),
        "view": pose.view,
        "half_width_95_mm": 1000 * pose.half_width_95_m,
        "half_width_95_deg": math.degrees(pose.half_width_95_rad),
    }


def _clock(h: HandEyeCalibration) -> dict[str, Any]:
    """The time offset, where there is one: by which the robot's clock is ahead of the camera's."""
    if h.time_offset is None:
        return {}
    offset = h.time_offset
    estimate = offset.estimate.as_document()
    return {
        "time_offset": {
            "value_s": estimate["value"],
            "sigma_s": estimate["sigma"],
            "interval_95_s": estimate["interval_95"],
            "held": offset.held or None,
            "flange_speed_m_s": offset.speed_m_s,
            "flange_speed_deg_s": math.degrees(offset.speed_rad_s),
        }
    }


def _other_setup(place: CameraPlace, other: ClosedFormStart | None) -> dict[str, Any] | None:
    return None if other is None else {"setup": other_setup(place.setup), **_median(other)}


def _median(start: ClosedFormStart) -> dict[str, float]:
    return {"median_mm": 1000 * start.median_m, "median_deg": math.degrees(start.median_rad)}
