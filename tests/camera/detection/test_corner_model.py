"""Two edges that cross: the place they are found at in an image made of them, and beside the engine's fit of them."""

from __future__ import annotations

import numpy as np
import pytest
from cases.crossing_reference import crossings

from calib.camera.detection.corner_model import LABELS, equations, fit_crossings, windows
from calib.engine.derivatives import jacobian_errors
from calib.engine.methods.batched import solve_separately

AXES = np.array([[18.0, 3.0], [-4.0, 15.0]])


def image_of_a_crossing(
    place: tuple[float, float], blur_px: float, noise: float, rng: np.random.Generator
) -> np.ndarray:
    """A saddle of the grid's directions about `place` in an image of 61 x 61 pixels, 8 bits."""
    y, x = np.mgrid[:61, :61].astype(float)
    edges = []
    for direction in AXES / np.linalg.norm(AXES, axis=1, keepdims=True):
        across = direction[0] * (y - place[1]) - direction[1] * (x - place[0])
        edges.append(np.tanh(across / blur_px))
    grey = 120 + 0.2 * x + (80 - 0.3 * y) * edges[0] * edges[1] + rng.normal(0, noise, x.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("bend", [0.0, 0.01])
def test_the_jacobian_is_that_of_the_grey_values(bend: float) -> None:
    rng = np.random.default_rng(2)
    image = image_of_a_crossing((30.3, 29.6), 1.5, 2.0, rng)
    at = np.array([[30.0, 30.0], [30.8, 29.2]])
    problem = crossings(windows(image, at, np.stack([AXES, AXES]), np.full((2, 2), bend), 8, 0.4))
    values = {"crossing": problem.start["crossing"] + rng.normal(0, 0.03, (2, len(LABELS)))}
    assert jacobian_errors(problem, problem.residuals[0], values)["crossing"] < 1e-6


@pytest.mark.parametrize(("blur_px", "noise"), [(0.8, 0.0), (2.0, 0.0), (2.0, 3.0)])
def test_the_crossing_is_found_as_well_as_the_noise_allows(blur_px: float, noise: float) -> None:
    """Whole grey values are noise too, of variance 1/12."""
    rng, scores = np.random.default_rng(3), []
    for _ in range(20):
        place = tuple((30 + rng.uniform(-0.6, 0.6, 2)).tolist())
        image = image_of_a_crossing(place, blur_px, noise, rng)
        seen = windows(image, np.array([[30.0, 30.0]]), AXES[None], np.zeros((1, 2)), 8, 0.4)
        problem = crossings(seen)
        found, _ = fit_crossings(seen)
        _, (jacobian,) = problem.residuals[0].evaluate({"crossing": found}, slice(None))
        covariance = (noise**2 + 1 / 12) * np.linalg.inv(jacobian[0].T @ jacobian[0])
        scores.append((np.array([30.0, 30.0]) + found[0, :2] - place) / np.sqrt(np.diagonal(covariance)[:2]))
    assert 0.7 < np.sqrt(np.mean(np.square(scores))) < 1.35


@pytest.mark.parametrize("bend", [0.0, 0.01])
def test_the_equations_are_those_of_the_engines_rows(bend: float) -> None:
    rng = np.random.default_rng(5)
    image = image_of_a_crossing((30.3, 29.6), 1.5, 2.0, rng)
    at = np.array([[30.0, 30.0], [30.8, 29.2]])
    seen = windows(image, at, np.stack([AXES, AXES]), np.full((2, 2), bend), 8, 0.4)
    problem = crossings(seen)
    values = problem.start["crossing"] + rng.normal(0, 0.03, (2, len(LABELS)))
    residuals, (jacobian,) = problem.residuals[0].evaluate({"crossing": values}, slice(None))
    rows = np.concatenate((jacobian, residuals[..., None]), axis=2)
    found, true = equations(values, seen, np.arange(2)), np.matmul(rows.transpose(0, 2, 1), rows)
    scale = np.sqrt(np.einsum("mii->mi", true))
    limit = 1e-5 if bend == 0 else 0.05  # how the bend turns with the edge is left out
    assert np.abs((found - true) / (scale[:, :, None] * scale[:, None, :])).max() < limit


@pytest.mark.parametrize("half", [4, 8, 13])
@pytest.mark.parametrize("bend", [0.0, 0.01])
def test_corners_are_those_of_the_engine(half: int, bend: float) -> None:
    rng = np.random.default_rng(6)
    for blur_px in (0.7, 1.3, 3.0):
        image = image_of_a_crossing((30.3, 29.6), blur_px, 2.0, rng)
        at = np.array([[30.0, 30.0], [30.5, 29.4]])
        seen = windows(image, at, np.stack([AXES, AXES]), np.full((2, 2), bend), half, 0.4)
        found, squares = fit_crossings(seen)
        engine = solve_separately(crossings(seen), {"x_px": 1e-7, "y_px": 1e-7}, max_iterations=200)
        np.testing.assert_allclose(found[:, :2], engine.values[:, :2], atol=1e-3)
        np.testing.assert_allclose(squares, engine.squares, rtol=1e-3)


def test_a_flat_window_explains_nothing() -> None:
    image = np.clip(np.random.default_rng(4).normal(100, 5, (61, 61)), 0, 255).astype(np.uint8)
    seen = windows(image, np.array([[30.0, 30.0]]), AXES[None], np.zeros((1, 2)), 8, 0.4)
    _, squares = fit_crossings(seen)
    assert 1 - squares[0] / seen.variance[0] < 0.5
