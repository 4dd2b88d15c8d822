"""A camera file of images of another size is refused with what to type, and fits once that is typed."""

from __future__ import annotations

import numpy as np
import pytest
from cases.camera import good
from cases.paths import REAL_DATA
from typer.testing import CliRunner

from calib.camera import Camera, Resampling, calibrate, load_camera, read_corners
from calib.camera.calibration.locate_boards import locate_boards
from calib.camera.observations import Observations
from calib.cli import app
from calib.errors import UsageError

CASE = REAL_DATA / "cases" / "handeye-binning"


def of_larger_images(resampling: Resampling, size: tuple[int, int] | None) -> tuple[Camera, Observations]:
    """The camera of the images before they were resampled to those that are seen."""
    case = good()
    scale, left, top = 1 / resampling.scale, resampling.left_px, resampling.top_px
    back = Resampling(scale, -left * scale, -top * scale).apply(case.camera, size)
    return back, case.observations


@pytest.mark.parametrize(
    ("resampling", "size"), [(Resampling(0.5), (2560, 1440)), (Resampling(1, 0, 120), (1280, 960))]
)
def test_another_size_is_refused_with_what_to_type(resampling: Resampling, size: tuple[int, int]) -> None:
    camera, observations = of_larger_images(resampling, size)
    with pytest.raises(UsageError) as refused:
        locate_boards(observations, camera)
    assert refused.value.code == "camera-image-size"
    assert f"--scale-camera {resampling}," in refused.value.advice
    typed = Resampling.from_text(str(resampling)).apply(camera)
    assert locate_boards(observations, typed).rms_px < 0.4


def test_another_scale_is_refused_where_no_size_is_known() -> None:
    camera, observations = of_larger_images(Resampling(0.5), None)
    with pytest.raises(UsageError, match=r"scaled by 0\.5"):
        locate_boards(observations, camera)


@pytest.mark.parametrize("seed", range(3))
def test_a_camera_of_the_same_images_is_taken_even_if_it_fits_badly(seed: int) -> None:
    case = good(seed=seed)
    worn = case.camera.parameters.copy()
    worn[5] += 0.03  # another k1
    found = locate_boards(case.observations, Camera(case.camera.lens, worn, None))
    assert found.rms_px > 0.3


def test_a_resampled_camera_projects_where_the_pixels_went_and_keeps_its_relative_sigma() -> None:
    case = good()
    camera = calibrate(case.observations, "brown_conrady").camera
    half = Resampling(0.5, 10.0, 20.0).apply(camera)
    points = np.array([[0.1, 0.2, 1.0], [-0.3, 0.1, 1.2]])
    assert np.allclose(half.project(points) + 0.5, 0.5 * (camera.project(points) + 0.5) - [10, 20])
    assert camera.uncertainty is not None
    assert half.uncertainty is not None
    assert half.uncertainty.covariance[0, 0] == pytest.approx(camera.uncertainty.covariance[0, 0] / 4)


@pytest.mark.parametrize("text", ["", "0", "-1", "half", "1,2", "1,2,3,4", "nan", "inf"])
def test_a_malformed_scale_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        Resampling.from_text(text)
    assert refused.value.code == "camera-scale"


def test_a_scale_without_a_camera_is_refused() -> None:
    typed = ["hand-eye", "--corners", "c.csv", "--poses", "p.csv", "--scale-camera", "0.5"]
    assert CliRunner().invoke(app, typed).exit_code == 2


@pytest.mark.skipif(not CASE.is_dir(), reason=f"no measured data in {CASE}")
@pytest.mark.parametrize("file", ["camera_full.yaml", "camera_full_nosize.yaml"])
@pytest.mark.parametrize("size", [None, (640, 480)])
def test_a_camera_of_images_before_binning_is_refused(file: str, size: tuple[int, int] | None) -> None:
    observations, camera = read_corners(CASE / "corners.csv", size), load_camera(CASE / file)
    with pytest.raises(UsageError) as refused:
        locate_boards(observations, camera)
    assert "--scale-camera 0.5" in refused.value.advice
    assert locate_boards(observations, Resampling(0.5).apply(camera)).rms_px < 0.5
