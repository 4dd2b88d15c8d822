"""Boards on paper: of true size, found whole in what is printed, and described by a file that reads back."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from cases.printed import pages_of

from calib import plugins
from calib.camera.board import Board, load_board, shipped_boards
from calib.camera.board_text import parse_length_m
from calib.camera.printing.board_print import BoardPrint, measured_board, print_board
from calib.camera.printing.sheets import Paper
from calib.errors import UsageError

KINDS = plugins.discover("calib.camera.boards")
TRUE_SIZE = 1e-3


def example(kind: str) -> Board:
    return load_board(next(name for name in shipped_boards() if name.startswith(f"{kind}_")))


def scale_of(board: Board, image: np.ndarray, pixel_m: float) -> tuple[float, int]:
    """Size of what is found in a picture over what the board states, and how many corners."""
    found, reason = board.find(image)
    assert found is not None, reason
    to_m, _ = cv2.estimateAffine2D(found.corners_px * pixel_m, board.corners_in_board[found.index, :2])
    return float(1 / np.sqrt(abs(np.linalg.det(to_m[:, :2])))), len(found.index)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_printed_is_what_is_rendered(kind: str) -> None:
    """Lightness by both drawings, at places away from edges."""
    board, rng = example(kind), np.random.default_rng(2)
    shapes = board.shapes()
    low, high = shapes.bounds
    x, y = rng.uniform(low, high, (3000, 2)).T
    small = np.full_like(x, 1e-4 * float((high - low).max()))
    light = board.reflectance(x, y, small, small)
    left, top, width, height = shapes.rectangles.T[:, :, None]
    dark = ((x > left) & (x < left + width) & (y > top) & (y < top + height)).any(axis=0)
    if len(shapes.discs):
        dark |= (np.hypot(x - shapes.discs[:, :1], y - shapes.discs[:, 1:2]) < shapes.discs[:, 2:]).any(axis=0)
    clear = (light < 0.01) | (light > 0.99)
    assert clear.mean() > 0.97
    np.testing.assert_array_equal(dark[clear], light[clear] < 0.5)
    assert 0.1 < dark.mean() < 0.9


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS])
def test_the_pdf_is_of_true_size_and_found_whole(kind: str) -> None:
    board = example(kind)
    sides_mm = np.ceil(1e3 * np.ptp(board.shapes().bounds, axis=0)) + np.array([60, 80])
    dpi = 1200.0 * 25.4 / sides_mm[0]
    drawn = print_board(board, paper=f"{sides_mm[0]:.0f}x{sides_mm[1]:.0f}mm")
    (page,) = pages_of(bytes(drawn.files()["board.pdf"]), dpi)
    assert page.shape == (round(sides_mm[1] / 25.4 * dpi), 1200)
    scale, count = scale_of(board, page, 0.0254 / dpi)
    assert abs(scale - 1) < TRUE_SIZE
    assert count == len(board.corners_in_board)


@pytest.mark.parametrize(
    "kind", ["checkerboard", *(pytest.param(k, marks=pytest.mark.slow) for k in KINDS if k != "checkerboard")]
)
def test_the_png_states_its_size_and_is_found_whole(kind: str) -> None:
    board = example(kind)
    data = bytes(print_board(board, paper="A0", dpi=90.0).files()["board.png"])
    assert data[37:41] == b"pHYs"
    per_metre, _, unit = struct.unpack(">IIB", data[41:50])
    assert unit == 1
    assert per_metre == round(90 / 0.0254)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    scale, count = scale_of(board, image, 0.0254 / 90)
    assert abs(scale - 1) < TRUE_SIZE
    assert count == len(board.corners_in_board)


@pytest.mark.slow
def test_tiles_put_together_are_the_board() -> None:
    board, dpi = load_board("checkerboard:11x8:35mm"), 100.0
    drawn = print_board(board, paper="A4")
    pages = pages_of(bytes(drawn.files()["board.pdf"]), dpi)
    assert len(pages) == len(drawn.sheets) == 4
    width, height = 420.0 / 2, 315.0 / 2  # of a tile, mm
    lying = Paper.of("A4").turned
    left, top = 8 + (lying.room_mm - [width, height]) / 2
    a, b, c, d = (round(side * dpi / 25.4) for side in (left, left + width, top, top + height))
    glued = np.vstack([np.hstack([pages[2 * row + column][c:d, a:b] for column in (0, 1)]) for row in (0, 1)])
    scale, count = scale_of(board, np.pad(glued, 60, constant_values=255), 0.0254 / dpi)
    assert abs(scale - 1) < 2 * TRUE_SIZE  # a cut is at a whole pixel here
    assert count == 88


@pytest.mark.parametrize("kind", KINDS)
def test_its_file_describes_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(str(BoardPrint(example(kind), "A0", dpi=40.0).files()["board.yaml"]))
    assert load_board(str(path)).name == example(kind).name


def test_a_measured_print_is_another_board() -> None:
    measured = measured_board("checkerboard:9x6:25mm", 0.2481)
    assert measured.board.name == "checkerboard:9x6:24.81mm"
    assert list(measured.files()) == ["board.yaml"]
    charuco = measured_board("charuco:11x8:20mm:15mm", 0.2178).board
    assert charuco.name == "charuco:11x8:19.8mm:14.85mm"
    with pytest.raises(UsageError) as caught:
        measured_board("checkerboard:9x6:25mm", 2.481)
    assert caught.value.code == "measured-implausible"


@pytest.mark.parametrize(("text", "metres"), [("0.2481", 0.2481), ("248.1mm", 0.2481), ("10in", 0.254)])
def test_lengths(text: str, metres: float) -> None:
    assert parse_length_m(text) == pytest.approx(metres)


@pytest.mark.parametrize(
    ("board", "options", "code"),
    [
        ("checkerboard:9x6", {}, "scale-needed"),
        ("checkerboard:9x6:25mm", {"paper": "B9"}, "bad-paper"),
        ("checkerboard:9x6:25mm", {"paper": "10x10"}, "bad-paper"),
        ("checkerboard:90x60:25cm", {}, "board-too-large"),
    ],
)
def test_what_cannot_be_printed_is_refused(board: str, options: dict[str, str], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        print_board(board, **options)  # type: ignore[arg-type]
    assert caught.value.code == code
