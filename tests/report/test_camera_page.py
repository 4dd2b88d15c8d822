"""A camera's page: every figure there, its images as rows, small; and what a browser makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cases.camera import good

from calib.camera import CameraCalibration, calibrate

FIGURES = (
    "Residuals over the image",
    "Histogram",
    "Tilt and distance",
    "Camera and boards",
    "Uncertainty",
    "Distortion",
)


@pytest.fixture(scope="module")
def calibration() -> CameraCalibration:
    return calibrate(good(views=8, seed=1).observations)


def test_it_holds_every_figure_and_image(calibration: CameraCalibration, tmp_path: Path) -> None:
    page = (calibration.save(tmp_path / "result") / "report.html").read_text("utf-8")
    assert all(f"<strong>{title}" in page for title in FIGURES)
    assert re.findall(r'<tr data-item="([^"]*)"', page) == [fit.view.image for fit in calibration.views]
    assert str(calibration.verdict.reason) in page
    assert len(page) < 400_000
