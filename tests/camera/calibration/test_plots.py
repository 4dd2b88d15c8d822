"""Pictures of a calibration: labelled with units, equal scales, y down, the numbers those of the result."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from cases.camera import good

from calib.camera import CameraCalibration, calibrate
from calib.errors import UsageError

PLOTS = ("plot_residuals", "plot_coverage", "plot_projection_sigma")


@pytest.fixture(scope="module")
def calibration() -> CameraCalibration:
    return calibrate(good(views=8, seed=1).observations)


@pytest.mark.parametrize("name", PLOTS)
def test_axes_are_those_of_the_image(calibration: CameraCalibration, name: str) -> None:
    pytest.importorskip("matplotlib")
    axes = getattr(calibration, name)()
    assert axes.get_xlim() == (-0.5, 1279.5)
    assert axes.get_ylim() == (719.5, -0.5)
    assert axes.get_aspect() == 1.0
    assert "(px)" in axes.get_xlabel()
    assert "(px)" in axes.get_ylabel()
    assert axes.get_title()
    axes.figure.canvas.draw()


def test_arrows_stand_at_the_corners_and_point_along_the_residuals(calibration: CameraCalibration) -> None:
    pytest.importorskip("matplotlib")
    (arrows,) = [each for each in calibration.plot_residuals().collections if hasattr(each, "U")]
    px = np.concatenate([fit.view.corners_px for fit in calibration.views])
    residuals = np.concatenate([fit.residuals_px for fit in calibration.views])
    np.testing.assert_array_equal(np.column_stack((arrows.X, arrows.Y)), px)
    np.testing.assert_array_equal(np.column_stack((arrows.U, arrows.V)), residuals)


def test_axes_given_are_drawn_on(calibration: CameraCalibration) -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.add_subplot()
    assert calibration.plot_coverage(axes) is axes
    assert len(axes.lines[0].get_xdata()) == calibration.corners


def test_projection_over_an_image_of_unknown_size_is_refused() -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(UsageError) as caught:
        calibrate(good(views=8, seed=1).views).plot_projection_sigma()
    assert caught.value.code == "image-size-needed"


@pytest.mark.parametrize("name", PLOTS)
def test_without_matplotlib_the_extra_is_named(
    calibration: CameraCalibration, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UsageError) as caught:
        getattr(calibration, name)()
    assert caught.value.code == "plot-extra"
    assert "calib[plot]" in caught.value.advice
