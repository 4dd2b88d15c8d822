"""Several cameras with one robot as documents: one for all, and one for each as of a single camera."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.cell.hand_eye.documents import as_document, as_hand_eye_file, camera_file
from calib.cell.hand_eye.verdict import GRADES, Verdict, judge
from calib.geometry import so3

if TYPE_CHECKING:
    from calib.cell.rig.calibrate import Between, Cameras


def verdicts(c: Cameras) -> tuple[Verdict, ...]:
    """One per camera, by what all images say of it."""
    return tuple(judge(h) for h in c.together)


def worst(found: tuple[Verdict, ...]) -> Verdict:
    """The verdict on the weakest camera, which is that on all."""
    return max(found, key=lambda verdict: GRADES.index(verdict.grade))


def as_cameras_document(c: Cameras, found: tuple[Verdict, ...], seconds: float) -> dict[str, Any]:
    """The result as plain data, as `--json` prints it."""
    each = {}
    for name, together, alone, verdict in zip(c.names, c.together, c.alone, found, strict=True):
        document = as_document(together, verdict, seconds)
        for key in ("status", "seconds", "solver", "robot_noise"):  # one for all, see below
            del document[key]
        document["interval95_mm_by_its_own_images"] = (1000 * alone.interval_m).tolist()
        document["interval95_deg_by_its_own_images"] = np.degrees(alone.interval_rad).tolist()
        each[name] = document
    return {
        "status": "ok",
        "verdict": worst(found).grade,
        "reason": worst(found).reason,
        "setup": c.setup,
        "poses": c.poses,
        "poses_seen_by_several": c.shared,
        "robot_noise": {
            "sigma_mm": 1000 * c.noise.sigma_m,
            "sigma_deg": math.degrees(c.noise.sigma_rad),
            "estimated": c.noise.estimated,
        },
        "between": [as_between(between) for between in c.between],
        "cameras": each,
        "solver": c.solution.sentence(),
        "seconds": seconds,
    }


def as_cameras_file(c: Cameras) -> dict[str, Any]:
    """The content of `cameras.yaml`: every camera's place, and where each is from the first."""
    each = {name: as_hand_eye_file(h, name) for name, h in zip(c.names, c.together, strict=True)}
    return {"cameras": each, "between": [as_between(between) for between in c.between]}


def as_lens_file(c: Cameras, k: int) -> dict[str, Any]:
    """The content of one camera's `camera.yaml`, which `calib.camera.load_camera` reads."""
    camera, held = c.together[k].camera, c.together[k].scene.held
    known = c.solution.uncertainty
    sigma = {str(label): known.sigma(f"{c.names[k]} {label}") for label in camera.lens.labels}
    return camera_file(camera, sigma, held)


def as_between(between: Between) -> dict[str, Any]:
    """One camera in another, half widths of 95 % intervals by the axes of the other."""
    pose = between.a_from_b
    return {
        "of": between.b,
        "in": between.a,
        "matrix": pose.tolist(),
        "position_mm": (1000 * pose[:3, 3]).tolist(),
        "quaternion_xyzw": so3.quaternion_xyzw(pose[:3, :3]).tolist(),
        "interval95_mm": (1000 * between.interval_m).tolist(),
        "interval95_deg": np.degrees(between.interval_rad).tolist(),
    }
