"""Corners of other names, units and shapes are the same corners."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cases.camera import good

from calib.camera.corner_table import corners_text
from calib.camera.observations import Observations
from calib.errors import InputError
from calib.formats import read_any_corners


def in_millimetres(text: str) -> str:
    head, *rows = text.splitlines()
    cells = [row.split(",") for row in rows]
    changed = [[*row[:3], *(repr(1000 * float(cell)) for cell in row[3:])] for row in cells]
    return "\n".join([head.replace("_m", "_mm"), *(",".join(row) for row in changed)]) + "\n"


DIALECTS = {
    "mm": in_millimetres,
    "u v": lambda text: text.replace("x_px,y_px,X_m,Y_m", "u,v,X,Y"),
    "lower case": lambda text: text.replace("X_m,Y_m", "x_m,y_m"),
    "both cases": lambda text: text.replace("x_px,y_px,X_m,Y_m", "x,y,X,Y"),
    "units in brackets": lambda text: text.replace("X_m,Y_m", "X [m],Y [m]"),
    "another column": lambda text: "\n".join(
        line + (",level" if k == 0 else ",3") for k, line in enumerate(text.splitlines())
    ),
}


def assert_same(one: Observations, other: Observations) -> None:
    assert len(one.views) == len(other.views)
    for a, b in zip(one.views, other.views, strict=True):
        np.testing.assert_allclose(a.corners_px, b.corners_px, atol=1e-12)
        np.testing.assert_allclose(a.corners_in_board, b.corners_in_board, atol=1e-12)


@pytest.mark.parametrize("name", DIALECTS)
def test_the_same_corners_are_read(name: str, tmp_path: Path) -> None:
    seen = good(views=3, seed=1).observations
    path = tmp_path / "corners.csv"
    path.write_text(DIALECTS[name](corners_text(seen)))
    again = read_any_corners(path)
    assert_same(again, seen)
    assert again.notes


def test_lists_of_object_and_image_points(tmp_path: Path) -> None:
    seen = good(views=3, seed=2).observations
    board = [view.corners_in_board.tolist() for view in seen.views]
    image = [[[corner] for corner in view.corners_px.tolist()] for view in seen.views]
    (tmp_path / "points.json").write_text(json.dumps({"objectPoints": board, "imagePoints": image}))
    np.savez(tmp_path / "points.npz", objpoints=np.array(board), imgpoints=np.array(image))
    (tmp_path / "shared.json").write_text(json.dumps({"object_points": board[0], "image_points": image}))
    for name in ("points.json", "points.npz", "shared.json"):
        assert_same(read_any_corners(tmp_path / name), seen)


def test_a_misspelt_column_is_no_other_column(tmp_path: Path) -> None:
    seen = good(views=2, seed=3).observations
    path = tmp_path / "corners.csv"
    path.write_text(DIALECTS["another column"](corners_text(seen)).replace("level", "sigma_pix"))
    with pytest.raises(InputError, match="sigma_pix"):
        read_any_corners(path)
