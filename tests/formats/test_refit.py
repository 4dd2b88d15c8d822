"""A lens that a format does not hold is written as the nearest that it does, and OpenCV undistorts by what it gets."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from cases.paths import ROOT
from typer.testing import CliRunner

from calib.camera import Camera, calibrate, load_lens, read_corners, typical_camera
from calib.camera.refit import refit
from calib.cli import app
from calib.errors import UsageError
from calib.formats import convert, load_any_camera


def saved(camera: Camera, folder: Path) -> Path:
    """A camera.yaml."""
    lines = [f"lens: {camera.lens.name}", f"image_size_px: {list(camera.image_size_px or ())}", "parameters:"]
    pairs = zip(camera.lens.labels, camera.parameters.tolist(), strict=True)
    lines += [f"  {label}: {{value: {value!r}}}" for label, value in pairs]
    (folder / "camera.yaml").write_text("\n".join(lines) + "\n")
    return folder / "camera.yaml"


def largest_difference(one: Camera, other: Camera) -> float:
    """Over the image, by its corners and pixels drawn at random."""
    size = np.array(one.image_size_px, float)
    inside = np.random.default_rng(0).uniform(-0.5, size - 0.5, (2000, 2))
    pixels = np.concatenate([inside, [[x, y] for x in (-0.5, size[0] - 0.5) for y in (-0.5, size[1] - 0.5)]])
    return float(np.linalg.norm(other.project(one.unproject(pixels)) - pixels, axis=1).max())


@pytest.mark.parametrize(
    ("lens", "to", "below_px"),
    [("rational", "kalibr", 1.0), ("rational", "matlab", 0.1), ("brown_conrady", "kalibr", 0.5)],
)
def test_the_largest_difference_is_stated(lens: str, to: str, below_px: float, tmp_path: Path) -> None:
    camera = typical_camera(lens)
    path = saved(camera, tmp_path)
    with pytest.raises(UsageError) as caught:
        convert(path, to, tmp_path / "out.json")
    assert "--refit" in caught.value.advice
    done = convert(path, to, tmp_path / "out.json", refit=True)
    stated = float(done.remark.split(" px at most")[0].split()[-1])
    found = largest_difference(camera, load_any_camera(tmp_path / "out.json"))
    assert 0.99 * stated < found < 1.01 * stated
    assert 0 < stated < below_px


def test_a_lens_that_is_held_is_written_as_it_is(tmp_path: Path) -> None:
    path = saved(typical_camera("rational"), tmp_path)
    done = convert(path, "opencv", tmp_path / "out.yml", refit=True)
    assert not done.remark
    np.testing.assert_array_equal(load_any_camera(tmp_path / "out.yml").parameters, load_any_camera(path).parameters)


def test_skew_is_taken_up_as_far_as_it_can_be(tmp_path: Path) -> None:
    camera = typical_camera("pinhole")
    values = camera.parameters.copy()
    values[2] = 0.5
    path = saved(Camera(camera.lens, values, camera.image_size_px), tmp_path)
    run = CliRunner().invoke(
        app, ["convert", str(path), "--to", "opencv", "--refit", "--output", str(tmp_path / "o.yml")]
    )
    assert run.exit_code == 0, run.output
    assert "lens refitted: brown_conrady" in run.output or "lens refitted: rational" in run.output


def test_what_a_lens_does_not_see_is_refused() -> None:
    wide = typical_camera("kannala_brandt")
    values = wide.parameters.copy()
    values[:2] *= 0.55
    with pytest.raises(UsageError) as caught:
        refit(Camera(wide.lens, values, wide.image_size_px), load_lens("brown_conrady"))
    assert caught.value.code == "lens-not-held"
    with pytest.raises(UsageError) as caught:
        refit(Camera(wide.lens, wide.parameters), load_lens("brown_conrady"))
    assert caught.value.code == "image-size-needed"


@pytest.mark.slow
def test_opencv_undistorts_the_demo_camera_as_we_do(tmp_path: Path) -> None:
    seen = read_corners(ROOT / "datasets" / "demo_camera" / "corners.csv", image_size_px=(640, 480))
    folder = calibrate(seen).save(tmp_path / "result")
    convert(folder, "opencv", tmp_path / "exported.yml")
    camera = load_any_camera(folder)
    storage = cv2.FileStorage(str(tmp_path / "exported.yml"), cv2.FILE_STORAGE_READ)
    matrix, k = (storage.getNode(name).mat() for name in ("camera_matrix", "distortion_coefficients"))
    width, height = 640, 480
    maps = cv2.initUndistortRectifyMap(matrix, k, None, matrix, (width, height), cv2.CV_32FC1)
    u, v = np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float))
    rays = np.stack([u, v, np.ones_like(u)], axis=-1) @ np.linalg.inv(camera.matrix).T
    ours = camera.project(rays)
    assert np.abs(np.stack(maps, axis=-1) - ours).max() < 1e-3
