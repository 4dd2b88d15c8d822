"""Corners of other names, units and shapes are the same corners."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cases.camera import good

from calib.camera.board import load_board
from calib.camera.corner_table import corners_text
from calib.camera.observations import Observations
from calib.errors import InputError, UsageError
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


def test_columns_by_name_and_by_number(tmp_path: Path) -> None:
    """Of a table whose names say nothing, and of one without a header, in millimetres and with names by number."""
    seen = good(views=2, seed=3).observations
    rows = [line.split(",") for line in in_millimetres(corners_text(seen)).splitlines()[1:]]
    named = tmp_path / "named.csv"
    named.write_text("\n".join(["a;b;c;d e;f", *(";".join(row) for row in rows)]))
    stated = {"image": "a", "x_px": "b", "y_px": "c", "X_mm": "d e", "Y_mm": "f"}
    assert_same(read_any_corners(named, columns=stated), seen)
    numbered = tmp_path / "numbered.txt"
    names = [view.image for view in seen.views]
    numbered.write_text("\n".join(" ".join([str(names.index(row[0])), *row[1:]]) for row in rows))
    stated = {"1": "image", "2": "x_px", "3": "y_px", "4": "X_mm", "5": "Y_mm"}
    again = read_any_corners(numbered, columns=stated)
    assert_same(again, seen)
    assert [view.image for view in again.views] == ["0", "1"]


@pytest.mark.parametrize(
    "columns", [{"image": "a"}, {"image": "a", "x_px": "z", "y_px": "c", "X_m": "d", "Y_m": "f"}, {"weight": "a"}]
)
def test_columns_that_are_none(columns: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "corners.csv"
    path.write_text("a,b,c,d,f\nv,1,2,3,4\nv,1,2,3,4\n")
    with pytest.raises(UsageError) as caught:
        read_any_corners(path, columns=columns)
    assert caught.value.code == "columns-unknown"


def test_the_grid_of_mrgingham_on_the_board_that_is_stated(tmp_path: Path) -> None:
    board = load_board("checkerboard:4x3:25mm")
    pixels = np.random.default_rng(0).uniform(0, 500, (12, 2)).round(3)
    lines = [f"a picture.png {x} {y} {k % 3}" if k != 5 else "a picture.png - - -" for k, (x, y) in enumerate(pixels)]
    path = tmp_path / "corners.vnl"
    path.write_text("\n".join(["## by mrgingham", "# filename x y level", *lines, "none.png - - -"]))
    (view,) = read_any_corners(path, board="checkerboard:4x3:25mm").views
    kept = np.arange(12) != 5
    assert view.image == "a picture.png"
    np.testing.assert_array_equal(view.corners_px, pixels[kept])
    np.testing.assert_array_equal(view.corners_in_board, board.corners_in_board[kept])
    assert view.sigma_px is not None
    np.testing.assert_array_equal(view.sigma_px[:3], [1, 2, 4])
    with pytest.raises(UsageError) as missing:
        read_any_corners(path)
    assert missing.value.code == "board-needed"
    with pytest.raises(InputError) as other:
        read_any_corners(path, board="checkerboard:5x3:25mm")
    assert other.value.code == "corners-number"


def test_points_of_matlab_begin_at_one_and_are_in_millimetres(tmp_path: Path) -> None:
    from scipy.io import savemat

    seen = good(views=3, seed=2).observations
    board = seen.views[0].corners_in_board
    full = [view for view in seen.views if len(view.corners_px) == len(board)]
    pixels = np.stack([view.corners_px + 1.0 for view in full], axis=2)
    savemat(tmp_path / "points.mat", {"imagePoints": pixels, "worldPoints": 1000 * board[:, :2]})
    again = read_any_corners(tmp_path / "points.mat")
    assert_same(again, Observations(tuple(full), None))


def test_a_board_that_the_file_holds_is_not_to_be_stated(tmp_path: Path) -> None:
    path = tmp_path / "corners.csv"
    path.write_text(corners_text(good(views=2, seed=1).observations))
    with pytest.raises(UsageError) as caught:
        read_any_corners(path, board="checkerboard:4x3:25mm")
    assert caught.value.code == "option-conflict"
