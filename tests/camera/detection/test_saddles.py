"""X-shaped corners: where they are and how their edges run, and what only resembles one."""

from __future__ import annotations

import numpy as np
import pytest
from cases.crossings import checkered, crossing

from calib.camera.detection.saddles import blur, find_saddles, sample

PLACE = (30.3, 28.6)


def blur_of(image: np.ndarray) -> np.ndarray:
    return blur(np.rint(image).astype(np.uint8))


def test_samples_of_a_plane_lie_on_it_and_beyond_the_border_the_border_is_repeated() -> None:
    y, x = np.mgrid[:5, :7]
    plane = (3.0 * x - 2.0 * y + 40).astype(np.float32)
    at_x, at_y = np.array([0.0, 2.25, 5.5]), np.array([0.0, 3.5, 1.75])
    np.testing.assert_allclose(sample(plane, at_x, at_y), 3 * at_x - 2 * at_y + 40, atol=1e-5)
    assert sample(plane, np.array([-4.0]), np.array([2.0])) == plane[2, 0]
    assert sample(plane, np.array([60.0]), np.array([2.0])) == pytest.approx(plane[2, -1], abs=0.01)


@pytest.mark.parametrize("directions_rad", [(0.2, 1.7), (-0.4, 0.6), (0.1, 2.1)])
def test_the_place_the_edges_and_the_contrast_of_a_corner_are_measured(directions_rad: tuple[float, float]) -> None:
    found = find_saddles(blur_of(crossing(PLACE, directions_rad)))
    assert len(found) == 1
    np.testing.assert_allclose(found.position_px[0], PLACE, atol=0.2)  # refinement goes on from here
    first, second = directions_rad
    edges = np.array([first, second, first + np.pi, second + np.pi]) % (2 * np.pi)
    order = np.argsort(edges)
    np.testing.assert_allclose(found.edges_rad[0], edges[order], atol=np.radians(6))  # linking allows 22
    np.testing.assert_array_equal(found.rising[0], np.array([1.0, -1.0, 1.0, -1.0])[order])
    assert found.contrast[0] == pytest.approx(100, abs=10)


def test_light_and_dark_exchanged_turn_every_edge_from_rising_to_falling() -> None:
    image = blur_of(crossing(PLACE, (0.2, 1.7)))
    one, other = find_saddles(image), find_saddles(240 - image)
    np.testing.assert_allclose(other.edges_rad, one.edges_rad, atol=1e-4)
    np.testing.assert_array_equal(other.rising, -one.rising)


def test_every_corner_of_a_board_is_found_once() -> None:
    image, corners = checkered(6, 5)
    found = find_saddles(blur_of(image))
    miss = np.linalg.norm(corners.reshape(-1, 1, 2) - found.position_px, axis=2)
    assert miss.min(axis=1).max() < 0.2
    assert ((miss < 3).sum(axis=1) == 1).all()


def edge() -> np.ndarray:
    return 120 + 50 * np.tanh(np.arange(61) - 30.0) * np.ones((61, 1))


def sectors(*boundaries_rad: float) -> np.ndarray:
    """Dark and light in turn about the middle, from the first direction on."""
    y, x = np.mgrid[:61, :61] - 30.0
    angle = (np.arctan2(y, x) - boundaries_rad[0]) % (2 * np.pi)
    count = sum((angle >= one - boundaries_rad[0]).astype(int) for one in boundaries_rad)
    return np.where(count % 2, 70.0, 170.0)


def outer_corner() -> np.ndarray:
    return sectors(0.0, np.pi / 2)


def bent() -> np.ndarray:
    """Four edges of which none goes on straight."""
    return sectors(0.0, 1.0, np.pi + 0.7, np.pi + 1.7)


def junction() -> np.ndarray:
    """Three areas that meet: an edge that ends in another."""
    y, x = np.mgrid[:61, :61] - 30.0
    return np.where(x > 0, 200.0, np.where(y > 0, 130.0, 40.0))


def spot() -> np.ndarray:
    y, x = np.mgrid[:61, :61] - 30.0
    return 100 + 100 * np.exp(-(x**2 + y**2) / 18)


def uneven() -> np.ndarray:
    """An X of four grey values, as where a square meets margin and background."""
    image = sectors(0.0, np.pi / 2, np.pi, 1.5 * np.pi)
    image[:30, 30:] -= 40
    image[:30, :30] += 40
    return image


def faint() -> np.ndarray:
    """Sharp, and less than six grey levels between dark and light."""
    return 120 + (crossing(PLACE, (0.2, 1.7), blur=0.5) - 120) * 0.058


def washed_out() -> np.ndarray:
    return crossing(PLACE, (0.2, 1.7), blur=12.0)


@pytest.mark.parametrize("draw", [edge, outer_corner, bent, junction, spot, uneven, faint, washed_out])
def test_what_only_resembles_a_corner_is_none(draw) -> None:
    assert len(find_saddles(blur_of(draw()))) == 0


def test_sectors_that_are_a_corner_are_found() -> None:
    assert len(find_saddles(blur_of(sectors(0.0, 1.0, np.pi, np.pi + 1.0)))) == 1
