"""Two edges that cross: their Jacobian, and the place they are found at in an image made of them."""

from __future__ import annotations

import numpy as np
import pytest

from calib.camera.detection.corner_model import LABELS, crossings, windows
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
        found = solve_separately(problem, {"x_px": 1e-5, "y_px": 1e-5})
        assert found.converged.all()
        _, (jacobian,) = problem.residuals[0].evaluate({"crossing": found.values}, slice(None))
        covariance = (noise**2 + 1 / 12) * np.linalg.inv(jacobian[0].T @ jacobian[0])
        scores.append((np.array([30.0, 30.0]) + found.values[0, :2] - place) / np.sqrt(np.diagonal(covariance)[:2]))
    assert 0.7 < np.sqrt(np.mean(np.square(scores))) < 1.35


def test_a_flat_window_explains_nothing() -> None:
    image = np.clip(np.random.default_rng(4).normal(100, 5, (61, 61)), 0, 255).astype(np.uint8)
    seen = windows(image, np.array([[30.0, 30.0]]), AXES[None], np.zeros((1, 2)), 8, 0.4)
    found = solve_separately(crossings(seen), {"x_px": 1e-3}, max_iterations=15)
    assert 1 - found.squares[0] / seen.variance[0] < 0.5
