"""Views that can carry a pose, and those that are refused or excluded with the reason."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from cases.camera import BOARD, good, with_views

from calib.camera import calibrate
from calib.errors import InputError

TO_CONVERGENCE = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 1000, 1e-15)
OPENCV_LABELS = {
    "pinhole": ("fx_px", "fy_px", "cx_px", "cy_px"),
    "brown_conrady": ("fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3"),
}


def test_views_without_enough_corners_are_excluded_with_the_reason() -> None:
    case = good(views=10, seed=27)
    views = case.views
    views[0] = replace(views[0], corners_px=views[0].corners_px[:3], corners_in_board=BOARD[:3])
    views[1] = replace(views[1], corners_px=views[1].corners_px[:9], corners_in_board=BOARD[:9])
    views[2] = replace(views[2], corners_px=views[2].corners_px[:0], corners_in_board=BOARD[:0])
    ours = calibrate(with_views(case, views))
    reasons = {excluded.image: excluded.reason for excluded in ours.excluded}
    assert "3 corners" in reasons["view_001.png"]
    assert "line" in reasons["view_002.png"]
    assert "0 corners" in reasons["view_003.png"]
    assert len(ours.views) == 7


def test_no_usable_view_is_an_input_error() -> None:
    with pytest.raises(InputError) as caught:
        calibrate([])
    assert caught.value.code == "no-usable-view"
    line = [replace(v, corners_px=v.corners_px[:9], corners_in_board=BOARD[:9]) for v in good(views=3).views]
    with pytest.raises(InputError, match=r"view_001\.png: its corners are collinear") as caught:
        calibrate(line)
    assert caught.value.code == "no-usable-view"


@pytest.mark.parametrize(
    "broken",
    [
        lambda v: replace(v, corners_px=np.full((54, 2), np.nan)),
        lambda v: replace(v, corners_px=np.where(np.arange(108).reshape(54, 2) == 7, np.inf, v.corners_px)),
        lambda v: replace(v, corners_in_board=np.where(np.arange(54)[:, None] == 3, np.nan, v.corners_in_board)),
        lambda v: replace(v, corners_px=v.corners_px[:50]),
        lambda v: replace(v, corners_in_board=v.corners_in_board[:, :2]),
        lambda v: replace(v, corners_px=v.corners_px[:, None]),
        lambda v: replace(v, sigma_px=np.zeros(54)),
        lambda v: replace(v, sigma_px=np.ones(53)),
        lambda v: replace(v, sigma_px=np.full(54, np.nan)),
    ],
    ids=["nan", "inf", "nan-board", "lengths", "2d-board", "opencv-shape", "sigma-0", "sigma-length", "sigma-nan"],
)
@pytest.mark.parametrize("robust", [True, False])
def test_a_malformed_view_is_named(broken, robust: bool) -> None:
    case = good(views=6, seed=28)
    views = case.views
    views[2] = broken(views[2])
    with pytest.raises(InputError) as caught:
        calibrate(with_views(case, views), robust=robust)
    assert caught.value.code == "view-malformed"
    assert "view_003.png" in caught.value.where
