"""Corners are linked along the edges that join them, and walked into grids."""

from __future__ import annotations

import numpy as np
import pytest
from cases.crossings import checkered, crossing

from calib.camera.detection.linking import STEPS, components, edge_strength, link
from calib.camera.detection.saddles import Saddles, find_saddles

COLUMNS, ROWS = 5, 4


def saddles_of(image: np.ndarray, corners: np.ndarray) -> Saddles:
    """The saddles at the corners given, in their order."""
    found = find_saddles(image)
    nearest = np.linalg.norm(corners.reshape(-1, 1, 2) - found.position_px, axis=2).argmin(axis=1)
    assert len(set(nearest.tolist())) == corners.shape[0] * corners.shape[1]
    return Saddles(*(part[nearest] for part in vars(found).values()))


def true_neighbours() -> np.ndarray:
    """By grid direction, (corners, 4); -1 at the rim."""
    index = np.pad(np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS), 1, constant_values=-1)
    return np.stack([index[1 + dr : 1 + dr + ROWS, 1 + dc : 1 + dc + COLUMNS].ravel() for dc, dr in STEPS], axis=1)


def test_the_strength_of_an_edge_is_its_step_with_the_sign_of_its_light_side() -> None:
    image = np.tile(np.where(np.arange(40) < 20, 50, 130).astype(np.float32)[:, None], (1, 40))
    start, stop = np.array([[5.0, 19.5]]), np.array([[35.0, 19.5]])
    assert edge_strength(image, start, stop) == pytest.approx(80)  # y grows downwards, where it is light
    assert edge_strength(image, stop, start) == pytest.approx(-80)


def test_a_line_whose_sides_change_or_that_is_too_short_is_no_edge() -> None:
    image = crossing((30.0, 30.0), (0.0, np.pi / 2))
    through = edge_strength(image, np.array([[10.0, 30.0]]), np.array([[50.0, 30.0]]))
    half = edge_strength(image, np.array([[10.0, 30.0]]), np.array([[28.0, 30.0]]))
    short = edge_strength(image, np.array([[10.0, 30.0]]), np.array([[12.9, 30.0]]))
    assert through == short == 0
    assert abs(half) > 50


@pytest.mark.parametrize("turn_rad", [0.15, -0.5, 0.7])
def test_each_corner_is_linked_to_its_neighbours_and_they_to_it(turn_rad: float) -> None:
    image, corners = checkered(COLUMNS, ROWS, turn_rad=turn_rad)
    saddles = saddles_of(image, corners)
    neighbour, back = link(saddles, image)
    for linked, true in zip(neighbour, true_neighbours(), strict=True):
        assert set(linked.tolist()) == set(true.tolist())
    corner, edge = np.nonzero(neighbour >= 0)
    np.testing.assert_array_equal(neighbour[neighbour[corner, edge], back[corner, edge]], corner)


def test_an_edge_that_is_painted_over_links_nothing() -> None:
    image, corners = checkered(COLUMNS, ROWS, turn_rad=0.0)
    saddles = saddles_of(image, corners)
    x, y = np.rint(corners[1, 1]).astype(int)
    image[y - 6 : y + 7, x + 6 : x + 15] = 120
    neighbour, _ = link(saddles, image)
    one, other = COLUMNS + 1, COLUMNS + 2
    assert other not in neighbour[one]
    assert one not in neighbour[other]
    assert (neighbour >= 0).sum() == (true_neighbours() >= 0).sum() - 2


def test_of_two_corners_in_one_place_one_is_linked() -> None:
    image, corners = checkered(COLUMNS, ROWS)
    once = saddles_of(image, corners)
    twice = Saddles(*(np.append(part, part[7:8], axis=0) for part in vars(once).values()))
    twice.position_px[-1] += [1.5, 1.0]
    neighbour, back = link(twice, image)
    corner, edge = np.nonzero(neighbour >= 0)
    assert len(corner) == (true_neighbours() >= 0).sum()
    np.testing.assert_array_equal(neighbour[neighbour[corner, edge], back[corner, edge]], corner)


@pytest.mark.parametrize("count", [0, 1])
def test_what_has_no_neighbours_is_linked_to_nothing(count: int) -> None:
    image, corners = checkered(COLUMNS, ROWS)
    all_of_them = saddles_of(image, corners)
    few = Saddles(*(part[:count] for part in vars(all_of_them).values()))
    neighbour, back = link(few, image)
    assert neighbour.shape == back.shape == (count, 4)
    assert (neighbour == -1).all()


def test_a_component_maps_cells_to_corners_whatever_their_edges_are_called() -> None:
    """Each corner's edges are numbered from another one, as angles are that pass a whole turn."""
    true, shift = true_neighbours(), np.arange(ROWS * COLUMNS) % 4
    neighbour, back = np.full_like(true, -1), np.full_like(true, -1)
    for corner, edge in zip(*np.nonzero(true >= 0), strict=True):
        other = true[corner, edge]
        neighbour[corner, (edge + shift[corner]) % 4] = other
        back[corner, (edge + shift[corner]) % 4] = (edge + 2 + shift[other]) % 4
    (cells,) = components(neighbour, back)
    assert sorted(cells.values()) == list(range(ROWS * COLUMNS))
    column, row = np.array(list(cells)).T
    index = np.array(list(cells.values()))
    # a grid up to a turn: neighbours in cells are neighbours in truth
    for i in range(len(index)):
        beside = np.abs(column - column[i]) + np.abs(row - row[i]) == 1
        assert set(index[beside].tolist()) == set(true[index[i]].tolist()) - {-1}


def test_components_come_largest_first_and_lone_corners_are_none() -> None:
    pair, triple = [(0, 1)], [(2, 3), (3, 4)]
    neighbour, back = np.full((6, 4), -1), np.full((6, 4), -1)
    for one, other in pair + triple:
        neighbour[one, 0], back[one, 0] = other, 2
        neighbour[other, 2], back[other, 2] = one, 0
    assert [sorted(cells.values()) for cells in components(neighbour, back)] == [[2, 3, 4], [0, 1]]
