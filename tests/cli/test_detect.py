"""`calib detect`: a table that reads back, and a picture of every image."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from cases.rendered import BOARD, CAMERA, DISTANCE, TURNS, pose, view
from typer.testing import CliRunner

from calib.camera import read_corners
from calib.cli import app


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(2):
        cv2.imwrite(str(folder / f"v{i}.png"), view(CAMERA, BOARD, pose(BOARD, TURNS[i], DISTANCE), seed=i)[0])
    cv2.imwrite(str(folder / "empty.png"), np.full((480, 640), 90, np.uint8))
    return folder


@pytest.mark.slow
def test_corners_are_written_and_drawn(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["detect", "photos", "--board", "checkerboard:9x6:25mm", "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert [each["corners"] for each in document["inputs"]] == [54, 54, 0]
    folder = tmp_path / "calib_corners"
    seen = read_corners(folder / "corners.csv", (640, 480))
    assert [len(each.corners_px) for each in seen.views] == [54, 54]
    assert sorted(each.name for each in (folder / "overlays").iterdir()) == ["empty.jpg", "v0.jpg", "v1.jpg"]
    drawn, plain = cv2.imread(str(folder / "overlays" / "v0.jpg")), cv2.imread("photos/v0.png")
    coloured = np.ptp(drawn.astype(int), axis=2) > 60
    near = np.zeros(coloured.shape, bool)
    for x, y in np.rint(seen.views[0].corners_px).astype(int):
        near[y - 9 : y + 10, x - 9 : x + 10] = True
        assert coloured[y - 6 : y + 7, x - 6 : x + 7].any()
    assert drawn.shape == plain.shape
    assert not coloured[:60].any()  # nothing is drawn where no board is
    assert coloured[near].mean() > 10 * coloured[~near].mean()


@pytest.mark.slow
def test_other_commands_draw_them_on_request(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["camera", "photos", "--lens", "pinhole", "--overlays", "--output", "result"])
    assert done.exit_code in (0, 1), done.output
    assert len(list((tmp_path / "result" / "overlays").iterdir())) == 3
    assert "overlays" in done.stdout


def test_nothing_is_written_where_nothing_is_found(tmp_path: Path) -> None:
    for name in ("v0.png", "v1.png"):
        (tmp_path / "photos" / name).unlink()
    done = CliRunner().invoke(app, ["detect", "photos"])
    assert done.exit_code == 3
    assert "no-board-found" in done.stderr
    assert not (tmp_path / "calib_corners").exists()
