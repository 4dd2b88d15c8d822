"""Grids of circles: their middles where the model has them at any tilt, and no grid where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from calib.arrays import Array
from calib.camera import calibrate
from calib.camera.adjustment.reprojection import corners_of, reproject
from calib.camera.board import Board, load_board, pick
from calib.camera.drawing import sheet_with_discs
from calib.camera.images.read import read_grey
from calib.camera.observations import Observations, View
from calib.camera.simulation.rendering import PixelRays, render
from calib.camera.simulation.simulate import typical_camera
from calib.errors import UsageError
from calib.geometry import se3, so3

CAMERA = typical_camera("brown_conrady", (640, 480))
RAYS = PixelRays.of(CAMERA.unproject, (640, 480))
GRIDS = ("circles:7x5:30mm:18mm", "acircles:4x9:25mm:20mm")
SLOWER = ((GRIDS[0], True), (GRIDS[1], True), (GRIDS[1], False))
CENTRE_BIAS_PX = 0.02


def pose(board: Board, turn: tuple[float, float, float], distance_m: float) -> Array:
    rotation = so3.exp(np.radians(turn))
    return se3.compose(rotation, np.array([0.0, 0.0, distance_m]) - rotation @ board.corners_in_board.mean(axis=0))


def view_of(board: Board, image: np.ndarray, name: str = "") -> View:
    found, reason = board.find(image)
    assert found is not None, reason
    return View(name, found.corners_px, board.corners_in_board[found.index], radius=found.radius)


@pytest.mark.parametrize(
    ("name", "stated"),
    [(GRIDS[0], False), *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOWER)],
)
def test_middles_are_where_the_model_has_them_at_60_degrees(name: str, stated: bool) -> None:
    drawn = load_board(name)
    board = drawn if stated else load_board(name.rpartition(":")[0])  # else the diameter is measured
    at = pose(drawn, (0.0, 60.0, 0.0), 0.33)
    view = view_of(board, render(drawn, at, RAYS, noise=2.0))
    assert len(view.corners_px) == len(board.corners_in_board)
    off = view.corners_px - reproject(CAMERA.lens, CAMERA.parameters, at[None], corners_of([view])).T
    assert np.linalg.norm(off.mean(axis=0)) < CENTRE_BIAS_PX
    assert np.sqrt((off**2).sum(axis=1).mean()) < CENTRE_BIAS_PX
    as_points = view.corners_px - CAMERA.project(se3.apply(at, view.corners_in_board))
    assert np.linalg.norm(as_points.mean(axis=0)) > 5 * CENTRE_BIAS_PX  # what the model is for


@pytest.mark.slow
def test_light_circles_on_dark_ground_are_found_as_well() -> None:
    board = load_board(GRIDS[0])
    dark = render(board, pose(board, (20.0, -15.0, 5.0), 0.4), RAYS)
    expected, found = (view_of(board, image).corners_px for image in (dark, 255 - dark))
    np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.mark.parametrize("quarter", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in (90, 180))])
def test_an_asymmetric_grid_is_found_the_right_way_round(quarter: float) -> None:
    board = load_board(GRIDS[1])
    at = pose(board, (10.0, 5.0, quarter), 0.5)
    view = view_of(board, render(board, at, RAYS))
    np.testing.assert_allclose(view.corners_px, CAMERA.project(se3.apply(at, board.corners_in_board)), atol=0.3)


@pytest.mark.slow
def test_a_camera_is_found_from_pictures_of_circles() -> None:
    board = load_board(GRIDS[0])
    turns = [(40, 0, 0), (-40, 10, 20), (0, 45, -20), (10, -45, 40), (30, 30, 90), (-30, -30, 10), (0, 0, 0)]
    views = [view_of(board, render(board, pose(board, turn, 0.36), RAYS), f"{i}.png") for i, turn in enumerate(turns)]
    as_points = [View(view.image, view.corners_px, view.corners_in_board) for view in views]
    off = []
    for seen in (views, as_points):
        found = calibrate(Observations(tuple(seen), (640, 480)), "brown_conrady", fix=["k3"])
        assert found.rms_px < 0.02
        off.append(np.linalg.norm(found.camera.focal_px - CAMERA.focal_px))
    assert off[0] < 0.05
    assert off[1] > 3 * off[0]  # taken for images of the circles' own middles, they are fitted, and fitted wrong


@pytest.mark.slow
@pytest.mark.parametrize("name", [*GRIDS, "circles:4x4:30mm", "acircles:3x5:30mm"])
def test_a_grid_is_recognised(name: str) -> None:
    board = load_board(name)
    image = render(board, pose(board, (15.0, -25.0, 8.0), 0.45), RAYS)
    kind, size = name.split(":")[:2]
    assert pick(kind).recognise(image) == f"{kind}:{size}"
    assert pick("acircles" if kind == "circles" else "circles").recognise(image) == ""


@dataclass(frozen=True)
class Hexagonal:
    """Rows of circles, each six neighbours away."""

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        row, column = np.mgrid[:9, :10]
        centres = 0.02 * np.column_stack((column.ravel() + (row.ravel() % 2) / 2, row.ravel() * np.sqrt(0.75)))
        near = cKDTree(centres).query(np.stack([x, y], axis=-1))[1]
        off = np.stack([x, y]) - np.moveaxis(centres[near], -1, 0)
        return sheet_with_discs((x, y), (width_x, width_y), off, 0.007, (np.full(2, -0.02), np.array([0.21, 0.17])))


@pytest.mark.slow
@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (40.0, 0.0, 0.0), (0.0, 50.0, 30.0)])
def test_a_hexagonal_grid_is_none(turn: tuple[float, float, float]) -> None:
    at = se3.compose(so3.exp(np.radians(turn)), np.array([-0.08, -0.06, 0.35]))
    image = render(Hexagonal(), at, RAYS)  # type: ignore[arg-type]
    for kind in ("circles", "acircles"):
        assert pick(kind).recognise(image) == ""
    found, reason = load_board("circles:9x9").find(image)
    assert found is None
    assert "hexagonal" in reason


@pytest.mark.slow
def test_squares_are_no_circles() -> None:
    board = load_board("checkerboard:9x6:25mm")
    for blur in (0.7, 2.5):
        image = render(board, pose(board, (20.0, 10.0, 5.0), 0.4), RAYS, blur_px=blur)
        assert [pick(kind).recognise(image) for kind in ("circles", "acircles")] == ["", ""]


@pytest.mark.slow
def test_part_of_a_grid_is_refused() -> None:
    board = load_board(GRIDS[0])
    image = np.ascontiguousarray(render(board, pose(board, (0.0, 0.0, 0.0), 0.36), RAYS)[:, :395])
    found, reason = board.find(image)
    assert found is None
    assert "not 7x5" in reason


@pytest.mark.parametrize(
    "text", ["circles:9x2", "circles:9x6:25mm:30mm", "circles:9x6:25", "acircles:1x9:2cm", "circles:9x6:1mm:.5mm:2mm"]
)
def test_what_is_no_grid_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_board(text)
    assert caught.value.code == "board-syntax"


@pytest.mark.parametrize(("case", "name"), [("camera-asymmetric-circles", "acircles:4x11:20mm"),
                                            ("camera-symmetric-circles", "circles:6x5:20mm")])  # fmt: skip
def test_photographs(real_data: Callable[[str], Path], case: str, name: str) -> None:
    radii = []
    for path in sorted((real_data("cases") / case / "images").iterdir()):
        view = view_of(load_board(name), read_grey(path)[0])
        assert len(view.corners_px) == len(load_board(name).corners_in_board)
        assert view.radius is not None
        radii.append(view.radius[0])
    assert np.std(radii) < 0.005 * np.mean(radii)  # one board, measured in each image by itself


@pytest.mark.slow
def test_photographs_of_a_hexagonal_grid_show_no_other(real_data: Callable[[str], Path]) -> None:
    for path in sorted((real_data("cases") / "camera-hex-circles-false-grid" / "images").iterdir()):
        image = read_grey(path)[0]
        for kind in ("circles", "acircles"):
            assert pick(kind).recognise(image) == ""
