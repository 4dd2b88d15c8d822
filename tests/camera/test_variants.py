"""A variant is a file: a lens, a board, an image format dropped in fulfil their contracts and work in every command."""

from __future__ import annotations

import inspect
import json
import struct
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest
from camera import test_board, test_lens
from camera.diagnosis import test_causes
from cases.camera import good
from typer.testing import CliRunner

from calib import plugins
from calib.camera import Observations, View, calibrate, detect, load_lens
from calib.camera.images.read import find_images, read_grey, read_header
from calib.camera.lenses import brown_conrady
from calib.cli import app
from calib.errors import InputError

BOARD = '''
"""Dots at the corners of a square."""
from dataclasses import dataclass
import numpy as np
from calib.camera.board import BoardCorners


@dataclass(frozen=True)
class Dots:
    side_m: float
    grid = None
    hint = "four dark dots on white paper"
    scale_known = True

    @property
    def name(self):
        return f"dummy:{self.side_m * 1e3:.10g}mm"

    @property
    def corners_in_board(self):
        return self.side_m * np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])

    def reflectance(self, x, y, width_x, width_y):
        near = [np.hypot(x - a, y - b) < 0.2 * self.side_m for a, b, _ in self.corners_in_board]
        return np.where(np.any(near, axis=0), 0.1, 0.9)

    def find(self, image):
        y, x = np.nonzero(image < 60)
        if len(x) != 4:
            return None, f"it shows {len(x)} dots"
        order = np.lexsort((x, y))[[0, 1, 3, 2]]
        return BoardCorners(np.column_stack((x, y))[order].astype(float), np.arange(4)), ""

    @classmethod
    def recognise(cls, image):
        return "dummy:SIDE" if (image < 60).sum() == 4 else ""

    @classmethod
    def from_config(cls, document, where):
        return cls(document["side_mm"] / 1e3)

    @classmethod
    def from_text(cls, fields):
        return cls(float(fields[0].removesuffix("mm")) / 1e3)


BOARD = Dots
'''
FORMAT = '''
"""Nothing but a size."""
import struct
from calib.camera.image_format import Header, ImageFormat


def read(data, where):
    return Header("DUMMY", *struct.unpack_from("<II", data, 4), 8, 1)


FORMAT = ImageFormat("DUMMY", (".dummy",), (b"DUMM",), read)
'''
CAUSE = '''
"""A wobble: every image is moved in its own way."""
import numpy as np
from calib.camera.diagnosis.evidence import Cause, Finding


def columns(linear, fit):
    sigma = np.broadcast_to(linear.corners.sigma_px, (len(linear.residuals),))
    return (linear.corners.in_board[:2] ** 2).T[:, :, None] / sigma[:, None, None]


def find(evidence):
    if not any(name.startswith("wobbly") for name in evidence.names):
        return None
    left = evidence.effects["wobble"].left
    return Finding(sentence=f"the image wobbles: {left:.2f} left", advice="hold it still", strength=2.0)


CAUSE = Cause(looks_for="images that wobble", level="views", find=find, effects={"wobble": columns})
'''
KINDS = {
    "calib.camera.causes": CAUSE,
    "calib.camera.lenses": inspect.getsource(brown_conrady),
    "calib.camera.boards": BOARD,
    "calib.camera.image_formats": FORMAT,
}


@pytest.fixture(autouse=True)
def dummies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file dummy.py in each package of variants."""
    for package, source in KINDS.items():
        folder = tmp_path / package
        folder.mkdir()
        (folder / "dummy.py").write_text(source)
        monkeypatch.setattr(import_module(package), "__path__", [*import_module(package).__path__, str(folder)])
    yield
    for package in KINDS:
        sys.modules.pop(f"{package}.dummy", None)
        vars(import_module(package)).pop("dummy", None)


LENS_CONTRACT = {
    name: check
    for name, check in vars(test_lens).items()
    if name.startswith("test_") and "name" in inspect.signature(check).parameters and "opencv" not in name
}


@pytest.mark.parametrize("contract", LENS_CONTRACT)
def test_a_lens_dropped_in_fulfils_the_contract(contract: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_lens, "LENSES", plugins.discover("calib.camera.lenses"))
    check = LENS_CONTRACT[contract]
    if "board" in inspect.signature(check).parameters:
        check("dummy", test_lens.uneven_board())
    else:
        check("dummy")


def test_the_contract_is_not_empty_and_the_lens_is_called_as_its_file() -> None:
    assert len(LENS_CONTRACT) >= 10
    assert load_lens("dummy").name == "dummy"
    assert load_lens("dummy") is not load_lens("brown_conrady")


def test_every_command_works_with_a_lens_dropped_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def calib(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "dummy" in calib("list", "lenses")
    calib("simulate", "camera", "--lens", "dummy", "--views", "15", "--output", "sim")
    corners = ("camera", "--corners", "sim/corners.csv", "--image-size", "1280x720", "--lens", "dummy", "--json")
    document = json.loads(calib(*corners))
    assert document["lens"] == "dummy"
    for label, parameter in document["parameters"].items():
        truth = dict(zip(load_lens("dummy").coefficients, load_lens("dummy").typical, strict=True)).get(label)
        if truth is not None:
            assert abs(parameter["value"] - truth) <= 4.5 * parameter["sigma"], label
    calib(*corners, "--global-start", "--output", "searched")


def test_a_board_dropped_in_fulfils_the_contract_and_is_found_in_images(tmp_path: Path) -> None:
    test_board.check_contract("dummy:50mm")
    for i in range(3):
        image = np.full((40, 60), 255, np.uint8)
        for x, y in ((10 + i, 10), (40, 10), (40, 30), (10 + i, 30)):
            image[y, x] = 0
        cv2.imwrite(str(tmp_path / f"{i}.png"), image)
    cv2.imwrite(str(tmp_path / "empty.png"), np.full((40, 60), 255, np.uint8))
    found = detect(tmp_path, "dummy:50mm", jobs=1)
    assert [view.image for view in found.views] == ["0.png", "1.png", "2.png"]
    np.testing.assert_array_equal(found.views[2].corners_px, [[12, 10], [40, 10], [40, 30], [12, 30]])
    assert [(each.image, each.reason) for each in found.excluded] == [("empty.png", "it shows 0 dots")]


def test_a_cause_dropped_in_fulfils_the_contract_and_is_named_where_it_is_true(tmp_path: Path) -> None:
    test_causes.check_contract("dummy")
    views = good(views=8, seed=3).observations
    assert not calibrate(views, "brown_conrady").causes
    named = tuple(View(f"wobbly{i}.png", v.corners_px, v.corners_in_board) for i, v in enumerate(views.views))
    found = calibrate(Observations(named, views.image_size_px), "brown_conrady")
    assert list(found.causes) == ["dummy"]
    assert found.verdict.reason.startswith("the image wobbles")
    assert found.verdict.advice[0] == "hold it still"
    assert "dummy" in CliRunner().invoke(app, ["list", "causes"]).stdout


def test_an_image_format_dropped_in_is_found_and_its_header_read(tmp_path: Path) -> None:
    path = tmp_path / "a.dummy"
    path.write_bytes(b"DUMM" + struct.pack("<II", 30, 20))
    assert find_images(tmp_path) == [path]
    header = read_header(path)
    assert (header.format, header.width_px, header.height_px) == ("DUMMY", 30, 20)
    with pytest.raises(InputError, match="cannot be read"):  # OpenCV decodes no such pixels
        read_grey(path)
