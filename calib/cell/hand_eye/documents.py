"""A hand-eye calibration as documents: the JSON that scripts read, and what a controller or ROS takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.cell.hand_eye.next_poses import next_poses
from calib.geometry import so3

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calib.camera.camera import Camera
    from calib.cell.hand_eye.calibrate import HandEye
    from calib.cell.hand_eye.verdict import Verdict


def camera_place(h: HandEye) -> dict[str, Any]:
    """The camera in its mount, in every notation, with half widths of 95 % intervals by the mount's axes."""
    return {
        "matrix": h.mount_from_camera.tolist(),
        **_place(h.mount_from_camera),
        "interval95_mm": (1000 * h.interval_m).tolist(),
        "interval95_deg": np.degrees(h.interval_rad).tolist(),
    }


def as_document(h: HandEye, verdict: Verdict, seconds: float) -> dict[str, Any]:
    """The result as plain data, as `--json` prints it."""
    other = None
    if h.other_start is not None:
        other = {"setup": "eye-to-hand" if h.setup == "eye-in-hand" else "eye-in-hand", **_residual(h.other_start)}
    return {
        "status": "ok",
        "verdict": verdict.grade,
        "reason": verdict.reason,
        "advice": list(verdict.advice),
        "setup": h.setup,
        "closed_form": {
            "method": h.start.method,
            "matrix": h.start.x.tolist(),
            **_residual(h.start),
            "sizes": dict(h.start.tried),
        },
        "other_setup": other,
        **_clock(h),
        f"camera_in_{h.mount}": camera_place(h),
        f"board_in_{h.rest}": {"matrix": h.rest_from_board.tolist(), **_place(h.rest_from_board)},
        "rms_px": h.rms_px,
        "rms_px_with_the_robots_poses_as_read": h.robot_rms_px,
        "noise_px": h.noise_px,
        "robot_noise": {
            "sigma_mm": 1000 * h.noise.sigma_m,
            "sigma_deg": math.degrees(h.noise.sigma_rad),
            "estimated": h.noise.estimated,
        },
        "turns_rms_deg": h.turns.rms_deg.tolist(),
        "board_size": {"ratio": h.scale.ratio, "sigma": h.scale.sigma, "deviates": h.scale.deviates},
        "board_bow_mm": None if h.bow_m is None else 1000 * h.bow_m,
        "lens_estimated": h.lens_estimated,
        "images": [
            {
                "image": fit.image,
                "line": fit.line,
                "used": not fit.reason,
                "rms_px": fit.rms_px,
                "rms_px_with_the_robots_pose_as_read": fit.robot_rms_px,
                "off_mm": 1000 * fit.off_m,
                "off_deg": math.degrees(fit.off_rad),
                "sigmas": fit.sigmas,
                "reason": fit.reason,
            }
            for fit in h.images
        ]
        + [{"image": aside.image, "used": False, "reason": aside.reason} for aside in h.set_aside],
        "next_poses": [
            {
                "base_from_flange": pose.base_from_flange.tolist(),
                **_place(pose.base_from_flange),
                "view": pose.view,
                "interval95_mm": 1000 * pose.interval_m,
                "interval95_deg": math.degrees(pose.interval_rad),
            }
            for pose in next_poses(h)
        ],
        "read_differently": [str(finding) for finding in h.findings],
        "notes": list(h.notes),
        "solver": h.solution.sentence(),
        "seconds": seconds,
    }


def as_hand_eye_file(h: HandEye, name: str = "camera") -> dict[str, Any]:
    """The content of `hand_eye.yaml`. name: of the camera, for its frame."""
    return {
        "setup": h.setup,
        f"camera_in_{h.mount}": camera_place(h),
        f"board_in_{h.rest}": {"matrix": h.rest_from_board.tolist(), **_place(h.rest_from_board)},
        **_clock(h),
        "static_transform_publisher": publisher(h, name),
    }


def as_camera_file(h: HandEye) -> dict[str, Any]:
    """The content of `camera.yaml`, which `calib.camera.load_camera` reads."""
    known = h.solution.uncertainty
    sigma = {str(label): known.sigma(label) for label in h.camera.lens.labels}
    return camera_file(h.camera, sigma, h.solution.problem.by_name["lens"].fixed)


def camera_file(camera: Camera, sigma: Mapping[str, float], held: Collection[str]) -> dict[str, Any]:
    """The content of a `camera.yaml`. sigma: standard deviation per label; held: labels that were not estimated."""
    size = camera.image_size_px
    values = zip(camera.lens.labels, camera.parameters.tolist(), strict=True)
    return {
        "lens": camera.lens.name,
        "image_size_px": list(size) if size else None,
        "parameters": {
            label: {"value": value, "sigma": _finite(sigma[label]), "held": label in held} for label, value in values
        },
    }


def matrix_text(h: HandEye) -> str:
    """The 4 x 4 matrix as four lines of numbers, metres."""
    return "\n".join(" ".join(f"{value:.12g}" for value in row) for row in h.mount_from_camera) + "\n"


def publisher(h: HandEye, name: str = "camera") -> str:
    """The line that makes ROS 2 know the camera; its frame is the optical one, z forward."""
    x, y, z = h.mount_from_camera[:3, 3]
    qx, qy, qz, qw = so3.quaternion_xyzw(h.mount_from_camera[:3, :3])
    numbers = f"--x {x:.6f} --y {y:.6f} --z {z:.6f} --qx {qx:.8f} --qy {qy:.8f} --qz {qz:.8f} --qw {qw:.8f}"
    frames = f"--frame-id {h.mount} --child-frame-id {name}_optical_frame"
    return f"ros2 run tf2_ros static_transform_publisher {numbers} {frames}"


def _place(pose: Array) -> dict[str, list[float]]:
    return {
        "position_mm": (1000 * pose[:3, 3]).tolist(),
        "quaternion_xyzw": so3.quaternion_xyzw(pose[:3, :3]).tolist(),
        "rotation_vector_deg": np.degrees(so3.log(pose[:3, :3])).tolist(),
    }


def _clock(h: HandEye) -> dict[str, Any]:
    """The time offset, where there is one: what the robot's clock shows more than the camera's."""
    if h.time_offset is None:
        return {}
    t = h.time_offset
    return {
        "time_offset": {
            "value_s": t.value_s,
            "sigma_s": _finite(t.sigma_s),
            "interval95_s": _finite(t.interval_s),
            "held": t.held or None,
            "flange_speed_m_s": t.speed_m_s,
            "flange_speed_deg_s": math.degrees(t.speed_rad_s),
        }
    }


def _residual(start: Any) -> dict[str, float]:
    return {"median_mm": 1000 * start.median_m, "median_deg": math.degrees(start.median_rad)}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
