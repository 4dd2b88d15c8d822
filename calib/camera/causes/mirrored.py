"""Corners whose x and y are swapped, or of mirrored images: the board is seen from its back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera.diagnosis.evidence import Cause, Finding

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.diagnosis.evidence import MisfitEvidence

EVERY = 0.95  # share of the views; a board seen edge on may appear to turn its back
FLAT = 1e-3  # height over width up to which a board has a front and a back


def _find(evidence: MisfitEvidence) -> Finding | None:
    """The board's z axis, which points into the board, points at the camera in every view."""
    if evidence.fit is None or not _flat(evidence):
        return None
    turned = _seen_from_behind(evidence.fit)
    if turned.mean() < EVERY:
        return None
    swapped, reason = _swap(evidence)
    what = "the board's z axis points at the camera in every view"
    if swapped:
        return Finding(
            sentence=f"{what}: x and y are swapped, or the images mirrored",
            advice=f"exchange the columns x_px and y_px ({reason})",
            strength=1.0,
            best_grade="do not use",
        )
    return Finding(
        sentence=f"{what}: the images are mirrored, or Y_m runs upwards",
        advice=f"mirror the images back; if Y_m runs upwards on the board, the lens is right: write -Y_m ({reason})",
        strength=1.0,
    )


def _flat(evidence: MisfitEvidence) -> bool:
    extent = np.ptp(np.concatenate([view.corners_in_board for view in evidence.views]), axis=0)
    return bool(extent[2] < FLAT * extent[:2].max())


def _seen_from_behind(fit: Adjustment) -> Array:
    """(views,) whether the board's z axis points to the camera's side of the board."""
    poses, corners = fit.camera_from_board, fit.corners
    middle = np.add.reduceat(corners.in_board, corners.starts, axis=1).T / corners.counts[:, None]
    to_board = np.einsum("vij,vj->vi", poses[:, :3, :3], middle) + poses[:, :3, 3]
    return np.asarray(np.einsum("vi,vi->v", poses[:, :3, 2], to_board) < 0)


def _swap(evidence: MisfitEvidence) -> tuple[bool, str]:
    """Whether x and y may be swapped, and what tells."""
    assert evidence.fit is not None
    fit, size = evidence.fit, evidence.image_size_px
    labels = fit.lens.labels
    centre = np.array([fit.parameters[labels.index(label)] for label in ("cx_px", "cy_px")])
    if size is None:
        width, height = np.ptp(fit.corners.px, axis=1)
        tall = "taller than wide, and " if height > width else ""
        return True, f"the corners fill {width:.0f} x {height:.0f} px, {tall}the image size is not known"
    middle = (np.array(size) - 1) / 2
    near, far = np.linalg.norm(centre - middle), np.linalg.norm(centre - middle[::-1])
    where = f"the principal point is {near:.0f} px from the middle, {far:.0f} px if x and y are exchanged"
    return bool(far < near), where


CAUSE = Cause(looks_for="x and y swapped, mirrored images", level="axes", find=_find)
