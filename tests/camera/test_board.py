"""Boards: how they are named, what they refuse, and what every kind must offer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calib import config, plugins
from calib.camera.board import load_board, pick, shipped_boards
from calib.camera.boards.checkerboard import Checkerboard
from calib.errors import UsageError


@pytest.mark.parametrize(
    ("text", "square_m"),
    [
        ("checkerboard:9x6:25mm", 0.025),
        ("checkerboard:9x6:2.5cm", 0.025),
        ("checkerboard: 9 x 6 : .025 m", 0.025),
        ("Checkerboard:9X6:1in", 0.0254),
        ("checkerboard:9x6", None),
    ],
)
def test_inline_text(text: str, square_m: float | None) -> None:
    board = load_board(text)
    assert board == Checkerboard(9, 6, square_m)
    assert board.scale_known is (square_m is not None)


@pytest.mark.parametrize("text", ["checkerboard:9x6:25mm", "checkerboard:3x4", "checkerboard:11x8:12.7mm"])
def test_a_name_reads_back(text: str) -> None:
    assert load_board(text).name == text
    assert load_board(load_board(text).name) == load_board(text)


def test_corners_run_row_by_row_from_the_origin() -> None:
    corners = Checkerboard(4, 3, 0.01).corners_in_board
    assert corners.shape == (12, 3)
    np.testing.assert_allclose(corners[:5], [[0, 0, 0], [0.01, 0, 0], [0.02, 0, 0], [0.03, 0, 0], [0, 0.01, 0]])
    assert np.ptp(Checkerboard(4, 3).corners_in_board, axis=0).tolist() == [3.0, 2.0, 0.0]


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("", "board-syntax", "checkerboard:9x6:25mm"),
        ("checkerboard:", "board-syntax", "columns x rows"),
        ("checkerboard:9", "board-syntax", "columns x rows"),
        ("checkerboard:9x6:25", "board-syntax", "unit"),
        ("checkerboard:9x6:25furlong", "board-syntax", "furlong"),
        ("checkerboard:9x6:0mm", "board-syntax", "expected"),
        ("checkerboard:9x6:25mm:3", "board-syntax", "columns x rows"),
        ("checkerboard:2x6:25mm", "board-syntax", "2 columns"),
        ("checkerbord:9x6:25mm", "unknown-board", "'checkerboard'"),
        ("checkerboard_9x6_25", "unknown-board", "'checkerboard_9x6_25mm'"),
        ("nowhere/checkerboard_9x6.yaml", "unknown-board", "checkerboard_9x6_25mm"),
    ],
)
def test_a_wrong_name_is_refused_with_a_hint(text: str, code: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_board(text)
    assert caught.value.code == code
    assert says in str(caught.value)


@pytest.mark.parametrize("name", shipped_boards())
def test_a_shipped_board_is_what_its_name_says(name: str) -> None:
    assert load_board(name) == load_board(name.replace("_", ":"))


def test_boards_are_shipped() -> None:
    assert "checkerboard_9x6_25mm" in shipped_boards()


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("kind: checkerboard\ncolumns: 9\nrows: 6\nsquaer_mm: 25\n", "config-unknown-key", "'square_mm'"),
        ("kind: checkerboard\ncolumns: 9\nsquare_mm: 25\n", "config-missing-key", "'rows'"),
        ("kind: checkerboard\ncolumns: nine\nrows: 6\n", "config-value", "columns"),
        ("kind: checkerboard\ncolumns: 1\nrows: 6\n", "config-value", "1 columns"),
        ("kind: checkerboard\ncolumns: 9\nrows: 6\nsquare_mm: -1\n", "config-value", "board.yaml"),
        ("kind: chess\ncolumns: 9\nrows: 6\n", "unknown-board", "checkerboard"),
        ("columns: 9\nrows: 6\n", "config-missing-key", "checkerboard"),
        ("- 9\n", "config-missing-key", "kind"),
        ("kind: [\n", "config-syntax", "line"),
    ],
)
def test_a_wrong_file_is_refused_by_key(tmp_path: Path, text: str, code: str, says: str) -> None:
    path = tmp_path / "board.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_board(str(path))
    assert caught.value.code == code
    assert says in str(caught.value)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("kind: checkerboard\ncolumns: 7\nrows: 5\nsquare_mm: 30\n")
    assert load_board(str(path)) == Checkerboard(7, 5, 0.03)


@pytest.mark.parametrize("kind", plugins.discover("calib.camera.boards"))
def test_contract(kind: str) -> None:
    """Every kind of board: one shipped example of it, which fulfils the contract."""
    assert pick(kind).__name__
    examples = [name for name in shipped_boards() if name.startswith(kind)]
    assert examples, f"configs/boards has no {kind}"
    check_contract(examples[0])


def check_contract(text: str) -> None:
    """A name that reads back, distinct flat corners, lightness between 0 and 1, and nothing found in an empty image."""
    board = load_board(text)
    assert load_board(board.name) == board
    corners = board.corners_in_board
    assert corners.ndim == 2
    assert corners.shape[1] == 3
    assert len(np.unique(corners, axis=0)) == len(corners)
    assert not corners[:, 2].any()
    assert board.grid is None or board.grid[0] * board.grid[1] == len(corners)
    rng = np.random.default_rng(0)
    low, high = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
    x, y = rng.uniform(low - (high - low), high + (high - low), (2000, 2)).T
    for width in (1e-6, 0.003):
        light = board.reflectance(x, y, np.full_like(x, width), np.full_like(y, width))
        assert light.min() > -1e-6
        assert light.max() < 1 + 1e-6
    assert board.hint
    found, reason = board.find(np.full((120, 160), 255, np.uint8))
    assert found is None
    assert reason
    assert pick(board.name.partition(":")[0]).recognise(np.full((120, 160), 255, np.uint8)) == ""


def test_the_square_outside_the_first_corner_is_dark() -> None:
    board = Checkerboard(9, 6, 0.025)

    def light(x: float, y: float, width: float = 1e-6) -> float:
        one = np.ones(1)
        return float(board.reflectance(x * one, y * one, width * one, width * one)[0])

    assert light(-0.012, -0.012) == pytest.approx(0, abs=1e-6)
    assert light(0.012, -0.012) == pytest.approx(1)
    assert light(0.012, 0.012) == pytest.approx(0, abs=1e-6)
    assert light(-0.03, 0.0) == pytest.approx(1)  # the margin
    assert light(-1.0, 0.0) == pytest.approx(0.5)  # beyond
    assert light(0.0, 0.0, 0.01) == pytest.approx(0.5)  # a corner, averaged


def test_a_checkerboards_average_is_exact() -> None:
    board = Checkerboard(4, 3)
    x, y, width_x, width_y = 0.3, 1.2, 1.7, 0.9
    steps = 400
    fine_x = x + width_x * ((np.arange(steps) + 0.5) / steps - 0.5)
    fine_y = y + width_y * ((np.arange(steps) + 0.5) / steps - 0.5)
    grid_x, grid_y = np.meshgrid(fine_x, fine_y)
    tiny = np.full_like(grid_x, 1e-9)
    one = np.ones(1)
    average = board.reflectance(x * one, y * one, width_x * one, width_y * one)[0]
    assert average == pytest.approx(board.reflectance(grid_x, grid_y, tiny, tiny).mean(), abs=2e-3)


def test_boards_are_package_data() -> None:
    assert config.shipped_folder("configs").joinpath("boards", "checkerboard_9x6_25mm.yaml").is_file()
