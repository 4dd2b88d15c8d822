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
    "ost": ("rational", "kannala_brandt"),
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


SMALL = [615.0, 614.0, 0.0, 320.0, 240.0]
K = [[615.0, 0.0, 320.0], [0.0, 614.0, 240.0], [0.0, 0.0, 1.0]]
D = [-0.2, 0.05, 0.001, -0.0005, 0.0]
MATRIX = "[615., 0., 320., 0., 614., 240., 0., 0., 1.]"
PRINTED = "D = [-0.2, 0.05, 0.001, -0.0005, 0.0]\nK = [615.0, 0.0]\nNone\n# oST version 5.0 parameters\n\n"
OST = load_camera_format("ost").example
VARIANTS = {
    "Camera_Matrix.xml": '<?xml version="1.0"?>\n<opencv_storage><calibration_Time>"Mon"</calibration_Time>'
    '<Camera_Matrix type_id="opencv-matrix"><rows>3</rows><cols>3</cols><dt>d</dt>'
    "<data>615. 0. 320. 0. 614. 240. 0. 0. 1.</data></Camera_Matrix>"
    '<Distortion_Coefficients type_id="opencv-matrix"><rows>5</rows><cols>1</cols><dt>f</dt>'
    "<data>-0.2 0.05 0.001 -0.0005 0.</data></Distortion_Coefficients>"
    "<cameraResolution>640 480</cameraResolution></opencv_storage>",
    "intrinsic.yml": f"%YAML:1.0\nIntrinsics: !!opencv-matrix\n   rows: 3\n   cols: 3\n   dt: f\n   data: {MATRIX}\n"
    f'distCoeffs: {D}\nimg_size: [640, 480]\ndate: "Fri 1: 2"\n',
    "nested.yaml": f"camera:\n  K: {K}\n  dist: {D}\n  image_size: 640x480\n",
    "flat.json": f'{{"mtx": {[*K[0], *K[1], *K[2]]}, "dist": [{D}], "shape": [480, 640, 3]}}',
    "as_matrix.yaml": f"camera_matrix:\n  rows: 3\n  cols: 3\n  dt: d\n  data: {MATRIX}\ndist_coeffs: {D}\n"
    "image_Width: 640\nimage_Height: 480\n",
    "printed.txt": PRINTED + OST.partition("\n")[2],
    "no_blank.txt": OST.replace("# oST", "#oST").replace("narrow_stereo", "camera"),
    "sensor.yaml": "%YAML:1.0\nsensor_type: camera\nintrinsics: [615., 614., 320., 240.]\nresolution: [640, 480]\n"
    f"distortion_model: radial-tangential\ndistortion_coefficients: {D[:4]}\n",
    "colmap.txt": "# Camera list\n3 OPENCV 640 480 615 614 320.5 240.5 -0.2 0.05 0.001 -0.0005\n",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_names_that_programs_give_to_the_same_camera(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(VARIANTS[name])
    camera = load_any_camera(path)
    np.testing.assert_allclose(camera.parameters, [*SMALL, *D], atol=1e-9)
    assert camera.image_size_px == (640, 480)


OTHER = str(K).replace("615", "700")
KALIBR, ORB = (load_camera_format(name).example for name in ("kalibr", "orb_slam"))
TWO = {
    "stereo.yml": (f"%YAML:1.0\n---\nM1: {K}\nD1: {D}\nM2: {OTHER}\nD2: {D}\nR: {K}\n", "2"),
    "sides.yaml": (f"left_camera_matrix: {K}\nright_K: {OTHER}\n", "right"),
    "inner.json": (f'{{"left": {{"K": {K}}}, "right": {{"K": {OTHER}}}}}', "right"),
    "camchain.yaml": (KALIBR + KALIBR.replace("cam0", "cam1").replace("[615", "[700"), "cam1"),
    "cameras.txt": (
        "1 PINHOLE 640 480 615 614 320.5 240.5\n2 SIMPLE_RADIAL_FISHEYE 640 480 700 320.5 240.5 0.01\n",
        "2",
    ),
    "ost.ini": (OST + OST.replace("stereo", "stereo/right").replace("615.0", "700.0"), "narrow_stereo/right"),
    "slam.yaml": (
        ORB.replace("Camera.", "Camera1.") + "".join(f"Camera2.{k}: 700\n" for k in ("fx", "fy", "cx", "cy")),
        "2",
    ),
}


@pytest.mark.parametrize("name", TWO)
def test_of_two_cameras_in_a_file_one_is_to_be_named(name: str, tmp_path: Path) -> None:
    text, second = TWO[name]
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_any_camera(path)
    assert caught.value.code == "camera-several"
    assert f"{name}#" in str(caught.value.advice)
    assert load_any_camera(f"{path}#{second}").focal_px[0] == 700
    with pytest.raises(InputError) as caught:
        load_any_camera(f"{path}#third")
    assert caught.value.code == "camera-several"


def test_fisheyes_of_camodocal_and_orb_slam(tmp_path: Path) -> None:
    texts = {
        "camodocal.yaml": "model_type: KANNALA_BRANDT\nimage_width: 640\nimage_height: 480\nprojection_parameters:\n"
        "  {k2: 0.1, k3: 0.02, k4: 0.003, k5: 0.0004, mu: 615, mv: 614, u0: 320, v0: 240}\n",
        "orb.yaml": "Camera.type: KannalaBrandt8\nCamera1.fx: 615\nCamera1.fy: 614\nCamera1.cx: 320\nCamera1.cy: 240\n"
        "Camera1.k1: 0.1\nCamera1.k2: 0.02\nCamera1.k3: 0.003\nCamera1.k4: 0.0004\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        camera = load_any_camera(tmp_path / name)
        assert camera.lens.name == "kannala_brandt"
        np.testing.assert_allclose(camera.parameters[-4:], [0.1, 0.02, 0.003, 0.0004])
