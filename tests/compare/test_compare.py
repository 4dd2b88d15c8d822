"""Two results beside each other: one camera measured twice is the same, one that changed is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases.camera import good

from calib.camera import CameraCalibration, calibrate
from calib.compare.arms import compare_arms
from calib.compare.comparison import ResultComparison, compare
from calib.errors import UsageError
from calib.robot import load_arm
from calib.robot.arm_model import Arm


def calibration(seed: int, zoom: float = 1.0) -> CameraCalibration:
    """Of one simulated camera, with other images and other noise."""
    seen = good(views=10, seed=seed).observations
    middle = (np.array(seen.image_size_px) - 1) / 2
    views = [replace(view, corners_px=middle + zoom * (view.corners_px - middle)) for view in seen.views]
    return calibrate(replace(seen, views=tuple(views)), "brown_conrady")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    place = tmp_path_factory.mktemp("results")
    made = {"one": calibration(1), "two": calibration(2), "zoomed": calibration(3, zoom=1.01)}
    one, two, zoomed = (found.save(place / name) for name, found in made.items())
    return one, two, zoomed


def test_one_camera_measured_twice_is_the_same(folders: tuple[Path, Path, Path]) -> None:
    found = compare(folders[0], folders[1])
    assert found.far == ()
    assert found.projection is not None
    assert found.projection.ratio is not None
    assert 0.2 < found.projection.ratio < 2.5
    assert 0 < np.median(found.projection.lengths_px) < 1.0


def test_a_zoom_of_a_percent_is_seen(folders: tuple[Path, Path, Path]) -> None:
    found = compare(folders[0], folders[2])
    assert {pair.label for pair in found.far} >= {"fx_px", "fy_px"}
    assert found.projection is not None
    assert found.projection.ratio is not None
    assert found.projection.ratio > 3
    first = next(pair for pair in found.parameters if pair.label == "fx_px")
    assert first.difference == pytest.approx(0.01 * first.a, rel=0.2)
    assert "parameters differ by more than 3 standard deviations" in found.summary()
    assert found.document()["projection"]["over_expected"] == found.projection.ratio


def test_with_itself_nothing_differs(folders: tuple[Path, Path, Path]) -> None:
    found = compare(folders[0], folders[0] / "result.json")
    assert isinstance(found, ResultComparison)
    assert max(pair.sigmas for pair in found.parameters) == 0
    assert found.projection is not None
    assert found.projection.rms_px < 1e-9


def test_arms_differ_by_what_a_joint_is_off_and_not_by_where_the_base_is() -> None:
    arm = load_arm("ur5e")
    geometry = arm.geometry
    parameters = geometry.parameters.copy()
    parameters[geometry.labels.index("theta1_rad")] += 0.3  # a turn of the base
    turned = compare_arms(arm, Arm(geometry.with_parameters(parameters)))
    assert turned.position_m.max() < 1e-12
    parameters[geometry.labels.index("theta2_rad")] += 1e-3
    off = compare_arms(arm, Arm(geometry.with_parameters(parameters)))
    assert 1e-4 < off.position_m.mean() < 1e-3
    assert off.orientation_rad.max() <= 2e-3


def test_what_cannot_be_compared_is_refused(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        compare_arms(load_arm("ur5e"), load_arm("franka_panda"))
    assert refused.value.code == "arms-differ"
    document = (folders[0] / "result.json").read_text().replace('"kind": "camera"', '"kind": "arm"')
    (tmp_path / "result.json").write_text(document)
    with pytest.raises(UsageError) as refused:
        compare(folders[0], tmp_path)
    assert refused.value.code == "kinds-differ"
