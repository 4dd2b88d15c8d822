"""Several cameras with one robot as documents: one for all, and files for each as of a single camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calib.cell.hand_eye.documents import as_hand_eye_file, camera_sections, robot_noise
from calib.cell.pose_estimates import pose_document
from calib.documents import to_yaml

if TYPE_CHECKING:
    from calib.cell.hand_eye.result import HandEyeCalibration
    from calib.cell.rig.result import CamerasCalibration, RelativePose


def files(c: CamerasCalibration) -> dict[str, str | bytes]:
    """Content by file name: cameras.yaml and a folder per camera."""
    mount = c.together[0].place.mount
    title = f"The cameras' poses: matrix is {mount}_from_camera, metres; z points forward, x right, y down."
    each = {f"{h.place.camera}/{file}": text for h in c.together for file, text in h.files().items()}
    return {"cameras.yaml": to_yaml(as_cameras_file(c), title), **each}


def as_document(c: CamerasCalibration) -> dict[str, Any]:
    """The result as plain data, as `--json` prints it."""
    head = c.document_head(
        "cameras",
        unobservable=c.solution.uncertainty.unobservable,
        notes=tuple(dict.fromkeys(note for h in c.together for note in h.notes)),
        solver=c.solution.sentence(),
    )
    cameras = {
        together.place.camera: _camera(together, alone) for together, alone in zip(c.together, c.alone, strict=True)
    }
    return {
        **head,
        "setup": c.setup,
        "poses": c.poses,
        "poses_seen_by_several": c.shared,
        "robot_noise": robot_noise(c.noise),
        "relative_poses": [_relative(pair) for pair in c.relative],
        "cameras": cameras,
    }


def rows(c: CamerasCalibration) -> list[dict[str, Any]]:
    """One dict per image of each camera."""
    return [{"camera": h.place.camera, **row} for h in c.together for row in h.rows()]


def as_cameras_file(c: CamerasCalibration) -> dict[str, Any]:
    """The content of `cameras.yaml`: every camera's pose, and that of each further one in the first."""
    each = {h.place.camera: as_hand_eye_file(h) for h in c.together}
    return {"cameras": each, "relative_poses": [_relative(pair) for pair in c.relative]}


def _camera(together: HandEyeCalibration, alone: HandEyeCalibration) -> dict[str, Any]:
    """One camera, with its own verdict; what is one for all is left to the document of all."""
    verdict, sections = together.verdict, camera_sections(together)
    del sections["robot_noise"]
    return {
        "verdict": verdict.grade,
        "reason": verdict.reason,
        "advice": list(verdict.advice),
        **sections,
        "half_width_95_mm_alone": (1000 * alone.place.half_width_95_m).tolist(),
        "half_width_95_deg_alone": np.degrees(alone.place.half_width_95_rad).tolist(),
    }


def _relative(pair: RelativePose) -> dict[str, Any]:
    return {"camera": pair.b, "frame": pair.a, **pose_document(pair.a_from_b, pair.estimates)}
