"""A camera calibration as documents: the JSON that scripts read and the YAML that loads again as a camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calib.documents import finite
from calib.storage.stored import NamedRows, stored_files

if TYPE_CHECKING:
    from calib.camera.calibration.result import CameraCalibration

_TITLE = "A calibrated camera. Pixels: x right, y down, the centre of the first pixel is (0, 0)."


def files(calibration: CameraCalibration) -> dict[str, str | bytes]:
    """Content by file name: camera.yaml, with many views camera.npz."""
    return stored_files("camera.yaml", as_camera_file(calibration), _TITLE)


def as_document(calibration: CameraCalibration) -> dict[str, Any]:
    """The result as plain data, as `--json` prints it. An infinite standard deviation is null: JSON has none."""
    camera, seen = calibration.camera, calibration.observations
    head = calibration.document_head(
        "camera",
        unobservable=calibration.unobservable,
        notes=(*seen.notes, *calibration.drift),
        solver=calibration.solution.sentence(),
    )
    return {
        **head,
        "lens": camera.lens.name,
        "image_size_px": _size(calibration),
        "rms_px": calibration.rms_px,
        "noise_px": calibration.noise_px,
        "dispersion": calibration.dispersion,
        "corners": calibration.corners,
        "board": seen.board,
        "scale_known": seen.scale_known,
        "board_height": _height(calibration),
        "held_out_px": finite(calibration.held_out_px),
        "projection": {
            "inside_px": finite(calibration.projection.inside_px),
            "outside_px": calibration.projection.outside_px,
            "outside_share": calibration.projection.outside_share,
            "blind_share": calibration.projection.blind_share,
        },
        "lenses_compared": _lenses(calibration),
    }


def _height(calibration: CameraCalibration) -> dict[str, Any] | None:
    """Of the board's surface over its plane, where it was estimated."""
    height = calibration.board_height
    if height is None:
        return None
    return {**height.as_document(), "unit": "m" if calibration.observations.scale_known else "squares"}


def _lenses(calibration: CameraCalibration) -> list[dict[str, Any]]:
    """The models that were compared, the smallest first."""
    if calibration.choice is None:
        return []
    return [
        {
            "name": each.name,
            "parameters": each.unknowns,
            "held_out_px": finite(each.held_out_px),
            "image_share": each.image_share,
            "remark": each.remark,
        }
        for each in calibration.choice.candidates
    ]


def rows(calibration: CameraCalibration) -> list[dict[str, Any]]:
    """One dict per image: those used, then those excluded."""
    used: list[dict[str, Any]] = [
        {
            "name": fit.view.image,
            "used": True,
            "reason": "",
            "corners": int(fit.used.sum()),
            "rms_px": fit.rms_px,
            "outliers": [index for index, took_part in enumerate(fit.used.tolist()) if not took_part],
        }
        for fit in calibration.views
    ]
    nothing: dict[str, Any] = {"corners": 0, "rms_px": None, "outliers": []}
    return used + [{"name": e.image, "used": False, "reason": e.reason, **nothing} for e in calibration.excluded]


def as_camera_file(calibration: CameraCalibration) -> dict[str, Any]:
    """The content of `camera.yaml`, which `load_camera` reads, as a document with arrays."""
    fits, known = calibration.views, calibration.camera.uncertainty
    return {
        "lens": calibration.camera.lens.name,
        "image_size_px": _size(calibration),
        "parameters": _parameters(calibration),
        "uncertainty": None if known is None else known.document(calibration.verdict.grade),
        "board": calibration.observations.board or None,
        "rms_px": calibration.rms_px,
        "poses": {
            "frame": "camera_from_board",
            "length_unit": "m" if calibration.observations.scale_known else "squares",
            "views": NamedRows(
                tuple(fit.view.image for fit in fits),
                {
                    "matrix": np.stack([fit.camera_from_board[:3] for fit in fits]),
                    "sigma": np.stack([fit.pose_sigma for fit in fits]),
                },
            ),
        },
    }


def _parameters(calibration: CameraCalibration) -> dict[str, dict[str, Any]]:
    return {str(label): estimate.as_document() for label, estimate in calibration.parameters.items()}


def _size(calibration: CameraCalibration) -> list[int] | None:
    size = calibration.camera.image_size_px
    return list(size) if size else None
