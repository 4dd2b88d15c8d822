"""Figures of a hand-eye calibration: labelled with units, equal scales, no mirror image, the numbers of the result."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases.hand_eye import CAMERA, simulated

from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.hand_eye.result import HandEyeCalibration
from calib.cell.simulation.hand_eye import Noise
from calib.errors import UsageError


@pytest.fixture(scope="module")
def calibration() -> HandEyeCalibration:
    s = simulated(views=20, noise=Noise(wrong=0.15))
    return calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=s.setup)


@pytest.fixture
def pyplot() -> Iterator[Any]:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    yield pyplot
    pyplot.close("all")


@pytest.mark.usefixtures("pyplot")
def test_residuals_are_those_of_the_images(calibration: HandEyeCalibration, tmp_path: Path) -> None:
    upper, lower = calibration.plot_residuals()
    uncorrected, corrected = (np.asarray(each.get_offsets()) for each in upper.collections)
    assert uncorrected[:, 1].tolist() == [fit.uncorrected_rms_px for fit in calibration.images]
    assert corrected[:, 1].tolist() == [fit.rms_px for fit in calibration.images]
    assert "(px)" in upper.get_ylabel()
    assert "(standard deviations)" in lower.get_ylabel()
    assert "17 of 20 images" in upper.get_title()
    (points,) = lower.collections
    colours = points.get_facecolors()
    rejected = np.array([bool(fit.reason) for fit in calibration.images])
    assert rejected.sum() == 3
    assert len(np.unique(colours[rejected], axis=0)) == len(np.unique(colours[~rejected], axis=0)) == 1
    assert (colours[rejected][0] != colours[~rejected][0]).any()
    upper.figure.savefig(tmp_path / "residuals.png")
    assert (tmp_path / "residuals.png").stat().st_size > 10_000


@pytest.mark.usefixtures("pyplot")
def test_poses_are_drawn_to_one_scale_and_not_mirrored(calibration: HandEyeCalibration, tmp_path: Path) -> None:
    axes = calibration.plot_poses()
    scales = axes.get_box_aspect() / np.ptp([axes.get_xlim(), axes.get_ylim(), axes.get_zlim()], axis=1)
    assert np.allclose(scales, scales[0])
    turned = [low > high for low, high in (axes.get_xlim(), axes.get_ylim(), axes.get_zlim())]
    assert sum(turned) % 2 == 0
    assert [axes.get_xlabel(), axes.get_ylabel(), axes.get_zlabel()] == [f"board {name} (m)" for name in "xyz"]
    labels = {text.get_text() for text in axes.get_legend().get_texts()}
    assert labels == {"board", "camera x", "camera y", "camera z"}
    axes.figure.savefig(tmp_path / "poses.png")
    assert (tmp_path / "poses.png").stat().st_size > 10_000


def test_axes_given_are_drawn_on(calibration: HandEyeCalibration, pyplot: Any) -> None:
    axes = pyplot.figure().add_subplot(projection="3d")
    assert calibration.plot_poses(axes) is axes
    both = pyplot.figure().subplots(2, 1)
    assert calibration.plot_residuals(both) is both


@pytest.mark.parametrize("name", ["plot_residuals", "plot_poses"])
def test_without_matplotlib_the_extra_is_named(
    calibration: HandEyeCalibration, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError) as caught:
        getattr(calibration, name)()
    assert caught.value.code == "plot-extra"
    assert "calib[plot]" in caught.value.advice
