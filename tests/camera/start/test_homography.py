"""Homographies: exact where the data are exact, as good as the best where they are not, and in front of the camera."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from cases.camera import BOARD, Case, good

from calib.arrays import Array
from calib.camera.adjustment.reprojection import corners_of
from calib.camera.start.homography import homographies


def mapped(matrix: Array, points: Array) -> Array:
    """Planar points (n, 2) through a homography (3, 3)."""
    out = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(out[:, :2] / out[:, 2:])


def pinhole_case(sigma_px: float = 0.0, seed: int = 0) -> Case:
    return good("pinhole", views=10, sigma_px=sigma_px, seed=seed)


def test_homographies_of_exact_data_are_exact() -> None:
    case = pinhole_case()
    found = homographies(corners_of(case.views))
    expected = case.camera.matrix @ case.camera_from_board[:, :3, [0, 1, 3]]
    for h, e in zip(found.matrices, expected, strict=True):
        np.testing.assert_allclose(h / h[2, 2], e / e[2, 2], rtol=1e-9, atol=1e-9)
    assert found.rms.max() < 1e-7 * found.spread.min()  # the square of the residual is what is known to rounding


def test_homographies_put_the_board_in_front() -> None:
    case = pinhole_case()
    found = homographies(corners_of(case.views))
    depth = np.einsum("vi,ni->vn", found.matrices[:, 2], np.column_stack([BOARD[:, :2], np.ones(len(BOARD))]))
    assert (depth > 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_homographies_of_noisy_data_are_those_of_opencv(seed: int) -> None:
    """OpenCV minimises the reprojection error, the direct transform an algebraic one: they differ by less than
    a fifth of the noise, which itself moves either by more."""
    case = pinhole_case(0.2, seed)
    found = homographies(corners_of(case.views))
    for view, h in zip(case.views, found.matrices, strict=True):
        reference, _ = cv2.findHomography(BOARD[:, :2], view.corners_px, 0)
        theirs = mapped(reference, BOARD[:, :2])
        assert np.abs(mapped(h, BOARD[:, :2]) - theirs).max() < 0.04
        our_rms, their_rms = (
            np.sqrt(np.mean(np.sum((at - view.corners_px) ** 2, axis=1))) for at in (mapped(h, BOARD[:, :2]), theirs)
        )
        assert their_rms <= our_rms <= 1.002 * their_rms


def test_the_residual_of_a_homography_is_its_transfer_error_near_and_far() -> None:
    """Each corner counts by the square of its depth, which evens out what a metre is worth in pixels."""
    case = pinhole_case(0.5, 4)
    found = homographies(corners_of(case.views))
    for view, h, rms, spread in zip(case.views, found.matrices, found.rms, found.spread, strict=True):
        error = mapped(h, BOARD[:, :2]) - view.corners_px
        weight = (np.column_stack([BOARD[:, :2], np.ones(len(BOARD))]) @ h[2]) ** 2
        assert rms == pytest.approx(np.sqrt(np.average(np.sum(error**2, axis=1), weights=weight)), rel=1e-6)
        centred = view.corners_px - view.corners_px.mean(axis=0)
        assert spread == pytest.approx(np.sqrt(np.mean(np.sum(centred**2, axis=1))), rel=1e-12)


def test_homographies_do_not_depend_on_which_views_stand_together() -> None:
    case = pinhole_case(0.3, 5)
    ragged = [
        replace(view, corners_px=view.corners_px[: 54 - 3 * (i % 4)], corners_in_board=BOARD[: 54 - 3 * (i % 4)])
        for i, view in enumerate(case.views)
    ]
    together = homographies(corners_of(ragged)).matrices
    for view, h in zip(ragged, together, strict=True):
        alone = homographies(corners_of([view])).matrices[0]
        np.testing.assert_allclose(h / np.linalg.norm(h), alone / np.linalg.norm(alone), rtol=0, atol=1e-12)
