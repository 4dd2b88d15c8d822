"""A camera calibration as documents: the JSON that scripts read and the YAML that loads again as a camera."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calib.camera.calibration.calibrate import CameraCalibration
    from calib.camera.calibration.verdict import Verdict


def as_document(calibration: CameraCalibration, verdict: Verdict, seconds: float) -> dict[str, Any]:
    """The result as plain data, as `--json` prints it. An infinite standard deviation is null: JSON has none."""
    used: list[dict[str, Any]] = [
        {
            "image": fit.view.image,
            "used": True,
            "corners": int(fit.used.sum()),
            "rms_px": fit.rms_px,
            "outliers": _outliers(fit.used),
            "reason": "",
        }
        for fit in calibration.views
    ]
    unused: list[dict[str, Any]] = [
        {"image": aside.image, "used": False, "corners": 0, "rms_px": None, "outliers": [], "reason": aside.reason}
        for aside in calibration.set_aside
    ]
    camera = calibration.camera
    return {
        "status": "ok",
        "verdict": verdict.grade,
        "reason": verdict.reason,
        "advice": list(verdict.advice),
        "rms_px": calibration.rms_px,
        "noise_px": calibration.noise_px,
        "corners": calibration.corners,
        "board": calibration.observations.board,
        "scale_known": calibration.observations.scale_known,
        "views": used + unused,
        "camera": {
            "lens": camera.lens.name,
            "image_size_px": list(camera.image_size_px) if camera.image_size_px else None,
            "parameters": _parameters(calibration),
        },
        "unobservable": list(calibration.unobservable),
        "solver": calibration.solution.sentence(),
        "notes": list(calibration.observations.notes),
        "seconds": seconds,
    }


def as_camera_file(calibration: CameraCalibration) -> dict[str, Any]:
    """The content of `camera.yaml`, which `load_camera` reads."""
    camera = calibration.camera
    unit = "m" if calibration.observations.scale_known else "squares"
    return {
        "lens": camera.lens.name,
        "image_size_px": list(camera.image_size_px) if camera.image_size_px else None,
        "parameters": _parameters(calibration),
        "board": calibration.observations.board or None,
        "rms_px": calibration.rms_px,
        "poses": {
            "frame": "camera_from_board",
            "length_unit": unit,
            "views": {
                fit.view.image: {
                    "matrix": [[float(x) for x in row] for row in fit.camera_from_board[:3]],
                    "sigma": [_finite(s) for s in fit.pose_sigma],
                }
                for fit in calibration.views
            },
        },
    }


def _parameters(calibration: CameraCalibration) -> dict[str, dict[str, Any]]:
    camera, sigma, held = calibration.camera, calibration.sigma, calibration.held
    return {
        label: {"value": float(value), "sigma": _finite(sigma[label]), "held": label in held}
        for label, value in zip(camera.lens.labels, camera.parameters, strict=True)
    }


def _outliers(used: Any) -> list[int]:
    """Indices, in the view, of the corners left out."""
    return [int(i) for i, u in enumerate(used) if not u]


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
