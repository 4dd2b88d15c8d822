"""Every format of cameras: its example is its own, and what it writes projects to the same pixels when read again."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calib import plugins
from calib.camera import Camera, load_lens, typical_camera
from calib.errors import CalibError, InputError, UsageError
from calib.formats import load_any_camera
from calib.formats.camera_format import FORMATS, find_camera_format, load_camera_format, require_camera_writer
from calib.formats.content.source import Source

NAMES = plugins.discover(FORMATS)
WRITTEN = [name for name in NAMES if load_camera_format(name).write is not None]
NOT_HELD = {
    "kalibr": ("rational",),
    "matlab": ("rational", "kannala_brandt"),
    "mrcal": ("kannala_brandt",),
    "nerfstudio": ("rational",),
}
LENSES = ("pinhole", "brown_conrady", "rational", "kannala_brandt")


def points_before(camera: Camera) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.concatenate([rng.uniform(-0.3, 0.3, (50, 2)), np.ones((50, 1))], axis=1)


def some_camera(lens: str) -> Camera:
    camera = typical_camera(lens)
    if lens == "brown_conrady":  # k3 = 0, which all of them hold
        values = camera.parameters.copy()
        values[-1] = 0.0
        return Camera(camera.lens, values, camera.image_size_px)
    return camera


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_recognised_as_its_own(name: str, tmp_path: Path) -> None:
    form = load_camera_format(name)
    path = tmp_path / f"any{form.suffixes[0]}"
    path.write_text(form.example)
    assert find_camera_format(Source(path)) == name
    camera = load_any_camera(path)
    np.testing.assert_allclose([*camera.focal_px, *camera.centre_px], [615, 614, 320, 240], atol=1e-9)
    assert camera.image_size_px == (640, 480)
    np.testing.assert_allclose(camera.parameters[5:9], [-0.2, 0.05, 0.001, -0.0005], atol=1e-12)


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_projects_to_the_same_pixels(name: str, lens: str, tmp_path: Path) -> None:
    camera = some_camera(lens)
    write = require_camera_writer(name)
    if lens in NOT_HELD.get(name, ()):
        with pytest.raises(UsageError, match="has no lens like"):
            write(camera, "camera")
        return
    files = write(camera, "camera")
    (file, content), *_ = files.items()
    (tmp_path / file).write_text(str(content))
    again = load_any_camera(tmp_path / file)
    points = points_before(camera)
    np.testing.assert_allclose(again.project(points), camera.project(points), atol=1e-9)
    assert again.image_size_px == camera.image_size_px


@pytest.mark.parametrize("lens", LENSES)
def test_opencv_reads_what_is_written_for_it(lens: str, tmp_path: Path) -> None:
    camera = some_camera(lens)
    (file, content), *_ = require_camera_writer("opencv")(camera, "camera").items()
    (tmp_path / file).write_text(str(content))
    storage = cv2.FileStorage(str(tmp_path / file), cv2.FILE_STORAGE_READ)
    matrix, k = (storage.getNode(key).mat() for key in ("camera_matrix", "distortion_coefficients"))
    points = points_before(camera)
    project = cv2.fisheye.projectPoints if lens == "kannala_brandt" else cv2.projectPoints
    pixels = project(points.reshape(-1, 1, 3), np.zeros(3), np.zeros(3), matrix, k)[0].reshape(-1, 2)
    np.testing.assert_allclose(pixels, camera.project(points), atol=1e-9)


def test_filestorage_of_opencv_in_xml_and_json(tmp_path: Path) -> None:
    for ending in (".xml", ".json", ".yml"):
        path = tmp_path / f"camera{ending}"
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
        storage.write("cameraMatrix", np.array([[600.5, 0, 320], [0, 601, 241], [0, 0, 1]]))
        storage.write("distCoeffs", np.array([[0.1, -0.2, 0.001, 0.002, 0.03]]))
        storage.release()
        camera = load_any_camera(path)
        np.testing.assert_allclose(camera.parameters, [600.5, 601, 0, 320, 241, 0.1, -0.2, 0.001, 0.002, 0.03])


def test_npz_and_mat(tmp_path: Path) -> None:
    from scipy.io import savemat

    matrix, k = np.array([[600.5, 0, 320], [0, 601, 241], [0, 0, 1]]), np.array([[0.1, -0.2, 0.001, 0.002, 0.03]])
    np.savez(tmp_path / "camera.npz", mtx=matrix, dist=k)
    structure = {
        "K": np.array([[600.5, 0, 321], [0, 601, 242], [0, 0, 1]]),
        "RadialDistortion": [0.1, -0.2, 0.03],
        "TangentialDistortion": [0.001, 0.002],
        "ImageSize": [480, 640],
    }
    savemat(tmp_path / "camera.mat", {"cameraParams": structure})
    for name in ("camera.npz", "camera.mat"):
        camera = load_any_camera(tmp_path / name)
        np.testing.assert_allclose(camera.parameters, [600.5, 601, 0, 320, 241, 0.1, -0.2, 0.001, 0.002, 0.03])


@pytest.mark.parametrize(
    ("text", "lens"),
    [
        ("cam0:\n  camera_model: omni\n  intrinsics: [1, 2, 3, 4, 5]\n", "omni"),
        ("cam0:\n  camera_model: pinhole\n  intrinsics: [1, 2, 3, 4]\n  distortion_model: fov\n", "fov"),
        ("{'lensmodel': 'LENSMODEL_CAHVOR', 'intrinsics': [1,2,3,4]}", "CAHVOR"),
        ("1 FOV 640 480 600 600 320 240 0.9\n", "FOV"),
    ],
)
def test_an_unknown_lens_is_refused_by_its_name(text: str, lens: str, tmp_path: Path) -> None:
    path = tmp_path / "camera.txt"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_any_camera(path)
    assert caught.value.code == "lens-unknown"
    assert lens in caught.value.what


def test_a_file_of_ours_that_is_damaged_is_reported_as_ours(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text("lens: pinhole\nparameters: {fx_px: {value: 1}}\n")
    with pytest.raises(CalibError) as caught:
        load_any_camera(path)
    assert caught.value.code == "config-value"


def test_skew_is_refused_where_it_would_be_lost() -> None:
    lens = load_lens("pinhole")
    camera = Camera(lens, np.array([600.0, 600, 0.5, 320, 240]), (640, 480))
    with pytest.raises(UsageError) as caught:
        require_camera_writer("kalibr")(camera, "camera")
    assert caught.value.code == "lens-not-held"
