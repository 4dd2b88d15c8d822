"""The table of corners: what is written reads back, what people save is read, what is wrong is named by line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases.camera import BOARD, good, with_views

from calib.camera import calibrate
from calib.camera.corner_table import corners_text, read_corners
from calib.camera.observations import Observations, View
from calib.errors import InputError

HEADER = "image,x_px,y_px,X_m,Y_m"


def table(path: Path, *rows: str, header: str = HEADER) -> Path:
    file = path / "corners.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return file


def written(path: Path, observations: Observations) -> Path:
    file = path / "corners.csv"
    file.write_text(corners_text(observations))
    return file


def test_what_is_written_reads_back_to_the_same_numbers(tmp_path: Path) -> None:
    case = good(views=5, seed=1)
    back = read_corners(written(tmp_path, case.observations), (1280, 720))
    assert back.image_size_px == (1280, 720)
    assert back.board == "corners.csv"
    for one, other in zip(case.views, back.views, strict=True):
        assert other.image == one.image
        assert other.sigma_px is None
        np.testing.assert_array_equal(other.corners_px, one.corners_px)
        np.testing.assert_array_equal(other.corners_in_board, one.corners_in_board)


def test_depth_and_spread_read_back_too(tmp_path: Path) -> None:
    case = good(views=3, seed=2)
    uneven = BOARD + np.column_stack([np.zeros((54, 2)), 1e-3 * np.arange(54)])
    views = [replace(v, corners_in_board=uneven, sigma_px=0.1 + 0.01 * np.arange(54)) for v in case.views]
    back = read_corners(written(tmp_path, with_views(case, views)))
    for one, other in zip(views, back.views, strict=True):
        np.testing.assert_array_equal(other.corners_in_board, one.corners_in_board)
        assert other.sigma_px is not None
        np.testing.assert_array_equal(other.sigma_px, one.sigma_px)


def test_spread_of_some_views_only_reads_back_as_one_elsewhere(tmp_path: Path) -> None:
    case = good(views=2, seed=3)
    views = [replace(case.views[0], sigma_px=np.full(54, 0.5)), case.views[1]]
    back = read_corners(written(tmp_path, with_views(case, views)))
    assert [float(v.sigma_px[0]) for v in back.views if v.sigma_px is not None] == [0.5, 1.0]


@pytest.mark.parametrize("name", ["a,b.png", 'say "cheese".png', "left right.png", "#1.png", "ü;ß.png"])
def test_any_image_name_reads_back(tmp_path: Path, name: str) -> None:
    view = replace(good(views=1, seed=4).views[0], image=name)
    file = tmp_path / "corners.csv"
    file.write_text(corners_text(Observations((view,))), encoding="utf-8")
    assert [v.image for v in read_corners(file).views] == [name]


def test_the_table_calibrates_as_the_observations_do(tmp_path: Path) -> None:
    case = good(views=6, seed=5)
    one = calibrate(case.observations)
    other = calibrate(read_corners(written(tmp_path, case.observations), (1280, 720)))
    np.testing.assert_array_equal(one.camera.parameters, other.camera.parameters)


def test_rows_of_an_image_need_not_stand_together_and_columns_not_in_order(tmp_path: Path) -> None:
    file = table(tmp_path, "1,2,a,0,3", "5,6,b,0,7", "8,9,a,1,4", header="X_m,Y_m,image,x_px,y_px")
    views = read_corners(file).views
    assert [v.image for v in views] == ["a", "b"]
    np.testing.assert_array_equal(views[0].corners_px, [[0, 3], [1, 4]])
    np.testing.assert_array_equal(views[0].corners_in_board, [[1, 2, 0], [8, 9, 0]])


@pytest.mark.parametrize(
    "text",
    [
        "image;x_px;y_px;X_m;Y_m\na;1,5;2;0,25;0\n",
        "\ufeffimage,x_px,y_px,X_m,Y_m\r\na,1.5,2,0.25,0\r\n",
        "# corners by hand\nimage\tx_px\ty_px\tX_m\tY_m\n\na\t1.5\t2\t.25\t0\n",
        '"image", "x_px", "y_px", "X_m", "Y_m"\n"a", 1.5, 2, 2.5e-1, 0\n',
        "image x_px y_px X_m Y_m\na 1.5 2 0.25 0\n",
    ],
    ids=["decimal-comma", "excel", "tabs", "quotes", "spaces"],
)
def test_what_people_save_is_read(tmp_path: Path, text: str) -> None:
    file = tmp_path / "corners.csv"
    file.write_bytes(text.encode())
    (view,) = read_corners(file).views
    assert view.image == "a"
    np.testing.assert_array_equal(view.corners_px, [[1.5, 2]])
    np.testing.assert_array_equal(view.corners_in_board, [[0.25, 0, 0]])


def refused(file: Path, code: str, size: tuple[int, int] | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        read_corners(file, size)
    assert caught.value.code == code
    assert str(file) in caught.value.where
    return caught.value


@pytest.mark.parametrize("missing", HEADER.split(","))
def test_a_missing_column_is_named(tmp_path: Path, missing: str) -> None:
    kept = [name for name in HEADER.split(",") if name != missing]
    error = refused(table(tmp_path, ",".join("1" * len(kept)), header=",".join(kept)), "corners-columns")
    assert missing in error.what


def test_a_misspelt_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    error = refused(table(tmp_path, "a,1,2,0,0,1", header=HEADER + ",sigma_pix"), "corners-columns")
    assert "sigma_pix" in error.what
    assert "did you mean 'sigma_px'?" in error.advice


def test_a_column_in_other_units_is_not_taken_for_metres(tmp_path: Path) -> None:
    error = refused(table(tmp_path, "a,1,2,0,0", header="image,x_px,y_px,X_mm,Y_mm"), "corners-columns")
    assert "X_m" in error.what
    assert "X_mm" in error.why


def test_a_column_given_twice_is_refused(tmp_path: Path) -> None:
    error = refused(table(tmp_path, "a,1,2,0,0,9", header=HEADER + ",x_px"), "corners-columns")
    assert "x_px" in error.what


@pytest.mark.parametrize("cell", ["", "abc", "nan", "inf", "1,5.2", "0x10", "--3"])
def test_a_cell_that_is_no_number_is_named_by_line_and_column(tmp_path: Path, cell: str) -> None:
    error = refused(table(tmp_path, "a;1;2;0;0", f"a;1;{cell};0;0", header=HEADER.replace(",", ";")), "corners-number")
    assert "line 3" in error.where
    assert "y_px" in error.where
    assert repr(cell) in error.what


@pytest.mark.parametrize("sigma", ["0", "-1", "nan"])
def test_a_spread_must_be_positive(tmp_path: Path, sigma: str) -> None:
    error = refused(table(tmp_path, "a,1,2,0,0,1", f"a,1,2,0,0,{sigma}", header=HEADER + ",sigma_px"), "corners-number")
    assert "positive" in error.what
    assert "line 3" in error.where


def test_a_row_of_another_width_is_named(tmp_path: Path) -> None:
    error = refused(table(tmp_path, "a,1,2,0,0", "a,1,2,0"), "corners-columns")
    assert "line 3" in error.where
    assert "4 cells where the header has 5" in error.what


def test_a_row_without_an_image_name_is_refused(tmp_path: Path) -> None:
    error = refused(table(tmp_path, "a,1,2,0,0", ",1,2,0,0"), "corners-image")
    assert "line 3" in error.where


@pytest.mark.parametrize(("x", "y"), [(-5, 3), (1281, 3), (3, -2), (3, 721)])
def test_a_corner_outside_the_image_is_named(tmp_path: Path, x: float, y: float) -> None:
    error = refused(table(tmp_path, "a,1,2,0,0", f"a,{x},{y},0,0"), "corners-outside", (1280, 720))
    assert "line 3" in error.where
    assert "1280 x 720" in error.what
    assert "--image-size" in error.advice


def test_no_rows_and_no_file_are_told_apart(tmp_path: Path) -> None:
    refused(table(tmp_path), "table-empty")
    refused(tmp_path / "no.csv", "table-unreadable")
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    refused(empty, "table-empty")
    refused(tmp_path, "table-unreadable")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "corners.xlsx"
    binary.write_bytes(b"PK\x03\x04\x00\x00\xff\xfe")
    refused(binary, "table-encoding")


def test_a_view_holds_its_own_rows_only(tmp_path: Path) -> None:
    case = good(views=3, seed=6)
    views = [View(v.image, v.corners_px[: 10 + i], v.corners_in_board[: 10 + i]) for i, v in enumerate(case.views)]
    back = read_corners(written(tmp_path, with_views(case, views)))
    assert [len(v.corners_px) for v in back.views] == [10, 11, 12]
