"""Results as documents: the JSON scripts read, the YAML that is a camera again, the summary a person reads."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from cases.camera import CENTRED, LENSES, good, seen, with_views

from calib.camera import CameraCalibration, calibrate, load_camera
from calib.camera.calibration.documents import as_camera_file
from calib.camera.observations import Excluded
from calib.camera.simulation.simulate import typical_camera
from calib.documents import to_json, to_yaml
from calib.errors import UsageError
from calib.estimate import quantile_975
from calib.files import write_files
from calib.geometry import se3
from calib.storage.stored import lay_out


def stored(calibration: CameraCalibration, path: Path) -> Path:
    write_files(calibration.files(), path)
    return path / "camera.yaml"


def as_text(document: dict[str, Any]) -> str:
    return to_yaml(lay_out(document, "camera.yaml")[0], "A camera")


def troubled() -> CameraCalibration:
    """A calibration with all there is to report: implausible views, outlier corners, images excluded before."""
    case = good(views=14, seed=1)
    views = case.views
    views[2] = replace(views[2], corners_px=np.random.default_rng(1).uniform(0, 700, (54, 2)))
    px = views[5].corners_px.copy()
    px[[3, 17]] += 9.0
    views[5] = replace(views[5], corners_px=px)
    observations = replace(with_views(case, views), excluded=(Excluded("blurred.png", "no board was found"),))
    return calibrate(replace(observations, notes=("one remark",), board="checkerboard:9x6:25mm"), "brown_conrady")


def blind() -> CameraCalibration:
    """A calibration with unobservable parameters: focal length held, boards fronto-parallel."""
    rng = np.random.default_rng(6)
    poses = se3.compose(np.eye(3), rng.uniform((-0.06, -0.03, 0.35), (0.06, 0.03, 0.6), (9, 3)))
    camera = replace(typical_camera("pinhole"), parameters=np.array([960.0, 960, 0, 650, 350]))
    return calibrate(seen(camera, poses, board=CENTRED).observations, "pinhole", fix=["fx=960", "fy=960"])


@pytest.mark.parametrize("lens", LENSES)
def test_camera_yaml_loads_again_as_the_same_camera(lens: str, tmp_path: Path) -> None:
    calibration = calibrate(good(lens, views=8, seed=2).observations, lens)
    camera = load_camera(stored(calibration, tmp_path))
    assert camera.lens is calibration.camera.lens
    assert camera.image_size_px == (1280, 720)
    np.testing.assert_array_equal(camera.parameters, calibration.camera.parameters)
    points = np.array([[0.1, -0.2, 1.0], [0.0, 0.0, 2.0]])
    np.testing.assert_array_equal(camera.project(points), calibration.camera.project(points))


def test_a_camera_without_an_image_size_loads_again(tmp_path: Path) -> None:
    assert load_camera(stored(calibrate(good(views=8, seed=2).views), tmp_path)).image_size_px is None


def test_camera_yaml_holds_spreads_board_and_poses(tmp_path: Path) -> None:
    calibration = troubled()
    document = yaml.safe_load(stored(calibration, tmp_path).read_text())
    assert document["lens"] == "brown_conrady"
    assert document["board"] == "checkerboard:9x6:25mm"
    assert document["image_size_px"] == [1280, 720]
    assert document["rms_px"] == calibration.rms_px
    for label, sigma in calibration.sigma.items():
        assert document["parameters"][label]["sigma"] == sigma
        assert document["parameters"][label]["held"] == (label == "skew_px")
    assert document["poses"]["frame"] == "camera_from_board"
    assert document["poses"]["length_unit"] == "m"
    assert list(document["poses"]["views"]) == [fit.view.image for fit in calibration.views]
    for fit in calibration.views:
        np.testing.assert_array_equal(document["poses"]["views"][fit.view.image]["matrix"], fit.camera_from_board[:3])
        np.testing.assert_array_equal(document["poses"]["views"][fit.view.image]["sigma"], fit.pose_sigma)


def test_poses_of_a_board_without_a_scale_are_in_squares(tmp_path: Path) -> None:
    calibration = calibrate(replace(good(views=8, seed=3).observations, scale_known=False))
    document = yaml.safe_load(stored(calibration, tmp_path).read_text())
    assert document["poses"]["length_unit"] == "squares"
    assert calibration.document()["scale_known"] is False


@pytest.mark.parametrize("name", ["1", "no", "null", "a: b.png", "#x.png", "1e3", "ü.png", "- x"])
def test_image_names_survive_yaml(name: str, tmp_path: Path) -> None:
    case = good(views=6, seed=4)
    views = [replace(case.views[0], image=name), *case.views[1:]]
    file = stored(calibrate(with_views(case, views)), tmp_path)
    assert next(iter(yaml.safe_load(file.read_text(encoding="utf-8"))["poses"]["views"])) == name
    load_camera(file)


def test_the_document_has_every_key_that_scripts_read() -> None:
    calibration = troubled()
    document = json.loads(to_json(calibration.document()))
    assert {"status", "verdict", "rms_px", "corners", "inputs", "parameters", "unobservable"} <= set(document)
    assert document["status"] == "ok"
    assert document["verdict"] in ("good", "usable", "do not use")
    assert document["rms_px"] == calibration.rms_px
    assert (document["schema"], document["kind"]) == ("calib/1", "camera")
    assert document["unobservable"] == []
    for view in document["inputs"]:
        assert {"name", "used", "corners", "rms_px", "reason"} <= set(view)
    assert document["lens"] == "brown_conrady"
    assert document["image_size_px"] == [1280, 720]
    for label, value in zip(calibration.camera.lens.labels, calibration.camera.parameters, strict=True):
        assert document["parameters"][label]["value"] == value
        assert document["parameters"][label]["sigma"] == calibration.sigma[label]


def test_every_image_is_in_the_document_once_with_its_fate() -> None:
    calibration = troubled()
    document = calibration.document()
    views = {view["name"]: view for view in document["inputs"]}
    assert len(views) == len(document["inputs"]) == 15
    assert not views["blurred.png"]["used"]
    assert views["blurred.png"]["reason"] == "no board was found"
    assert not views["view_003.png"]["used"]
    assert views["view_003.png"]["reason"]
    assert views["view_003.png"]["rms_px"] is None
    assert views["view_006.png"]["used"]
    assert views["view_006.png"]["outliers"] == [3, 17]
    assert views["view_006.png"]["corners"] == 52
    assert document["corners"] == sum(view["corners"] for view in document["inputs"])


def test_an_infinite_spread_is_null_in_json_and_absent_in_yaml(tmp_path: Path) -> None:
    calibration = blind()
    document = json.loads(to_json(calibration.document()))
    assert document["parameters"]["cx_px"]["sigma"] is None
    assert any("cx_px" in text for text in document["unobservable"])
    assert document["verdict"] == "do not use"
    camera = load_camera(stored(calibration, tmp_path))
    np.testing.assert_array_equal(camera.parameters, calibration.camera.parameters)


def test_a_camera_file_with_a_foreign_or_missing_parameter_is_refused(tmp_path: Path) -> None:
    calibration = calibrate(good(views=6, seed=5).observations)
    document = as_camera_file(calibration)
    parameters = dict(document["parameters"])
    parameters["k4"] = parameters.pop("k3")
    file = tmp_path / "camera.yaml"
    file.write_text(as_text({**document, "parameters": parameters}))
    with pytest.raises(UsageError, match="do not belong to the brown_conrady lens: k3, k4") as caught:
        load_camera(file)
    assert caught.value.code == "config-value"


def test_a_camera_file_of_an_unknown_lens_or_key_is_refused(tmp_path: Path) -> None:
    document = as_camera_file(calibrate(good(views=6, seed=5).observations))
    file = tmp_path / "camera.yaml"
    file.write_text(as_text({**document, "lens": "brown_conrad"}))
    with pytest.raises(UsageError) as caught:
        load_camera(file)
    assert caught.value.code == "unknown-lens"
    file.write_text(as_text({**document, "lense": "x"}))
    with pytest.raises(UsageError, match="lense") as caught:
        load_camera(str(file))
    assert caught.value.code == "config-unknown-key"
    with pytest.raises(UsageError) as caught:
        load_camera(tmp_path / "no.yaml")
    assert caught.value.code == "config-unreadable"


@pytest.mark.parametrize("make", [troubled, blind], ids=["troubled", "blind"])
def test_the_summary_is_short_and_says_what_matters(make) -> None:
    calibration = make()
    verdict = calibration.verdict
    lines = calibration.summary().splitlines()
    assert len(lines) <= 25
    assert max(len(line) for line in lines) <= 120
    text = "\n".join(lines)
    assert f"{len(calibration.views)} of {len(calibration.views) + len(calibration.excluded)} images" in text
    assert f"verdict: {verdict.grade}" in text
    for label in calibration.camera.lens.labels:
        if label not in calibration.held:
            assert label in text
    for excluded in calibration.excluded:
        assert excluded.image in text
    assert all(f"next: {advice}"[:80] in text for advice in verdict.advice[:3])


def test_the_summary_reports_outlier_corners_and_unobservable_parameters() -> None:
    calibration = troubled()
    text = calibration.summary()
    assert "view_006.png 2" in text
    assert "checkerboard:9x6:25mm" in text
    assert "one remark" in text
    calibration = blind()
    text = calibration.summary()
    assert "not observable" in text


def test_the_summary_stays_short_whatever_goes_wrong() -> None:
    case = good(views=12, seed=7)
    excluded = tuple(Excluded(f"a_very_long_name_of_an_image_{i}.png", "no board was found " * 5) for i in range(200))
    notes = tuple("a long remark " * 20 for _ in range(9))
    calibration = calibrate(replace(case.observations, excluded=excluded, notes=notes), "rational")
    lines = calibration.summary().splitlines()
    assert len(lines) <= 25
    assert max(len(line) for line in lines) <= 120


def test_spreads_are_shown_to_two_digits() -> None:
    calibration = calibrate(good(views=12, seed=8).observations)
    text = calibration.summary()
    sigma = calibration.sigma["fx_px"]
    digits = max(0, 1 - math.floor(math.log10(sigma)))
    assert f"± {sigma:.{digits}f}" in text
    assert f"{calibration.camera.value('fx_px'):.{digits}f}" in text


@pytest.mark.parametrize("make", [troubled, blind], ids=["troubled", "blind"])
def test_a_result_is_short_in_a_notebook_and_saves_what_the_command_writes(make, tmp_path: Path) -> None:
    calibration = make()
    assert len(repr(calibration)) < 300
    assert calibration.verdict.grade in repr(calibration)
    assert str(calibration) == calibration.summary()
    folder = calibration.save(tmp_path / "saved")
    for_other_tools = set() if calibration.verdict.exit_status else {"camera_info.yaml", "camera_opencv.yml"}
    assert {path.name for path in folder.iterdir()} == {"camera.yaml", "report.html", "result.json"} | for_other_tools
    assert calibration.document().items() <= json.loads((folder / "result.json").read_text()).items()
    assert calibration.rows() == calibration.document()["inputs"]


def test_nothing_that_holds_arrays_has_a_long_repr_or_an_equality_that_raises() -> None:
    calibration = troubled()
    for each in (calibration, calibration.camera, calibration.observations, calibration.views[0].view):
        assert len(repr(each)) < 300
        assert each == each
        assert each != replace(each)
        assert hash(each) == hash(each)


def test_estimates_are_looked_up_by_label_and_carry_their_interval() -> None:
    calibration = calibrate(good(views=8, seed=9).observations, fix=["k3"])
    focal = calibration.parameters["fx_px"]
    assert focal.value == calibration.camera.value("fx_px")
    assert focal.sigma == calibration.sigma["fx_px"]
    low, high = focal.interval_95
    assert (high - low) / 2 == pytest.approx(quantile_975(focal.degrees_of_freedom) * focal.sigma)
    assert (low + high) / 2 == pytest.approx(focal.value)
    assert calibration.parameters["k3"].held
    assert calibration.parameters["k3"].interval_95 == (0.0, 0.0)
