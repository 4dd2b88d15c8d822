"""The contract of every lens: derivatives, inverse, agreement with OpenCV, labels. A new lens file is checked here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from cases.camera import LENSES, tilted

from calib.arrays import Array
from calib.camera.adjustment.reprojection import Corners, lens_block, pose_block, reprojection
from calib.camera.lens import AFFINE, Lens, held_labels, load_lens
from calib.camera.simulation.simulate import typical_camera
from calib.engine import Problem
from calib.engine.derivatives import numeric_jacobians
from calib.errors import UsageError
from calib.geometry import se3


def skewed(lens: str) -> Array:
    """Typical parameters, and a skew, so that no term of the affine map is silent."""
    parameters = typical_camera(lens).parameters.copy()
    parameters[2] = 1.7
    return parameters


def image_grid(size: tuple[int, int], columns: int = 33, rows: int = 19) -> Array:
    """Pixels (n, 2) over a whole image, its corners included."""
    x, y = np.meshgrid(np.linspace(0, size[0] - 1, columns), np.linspace(0, size[1] - 1, rows))
    return np.stack([x.ravel(), y.ravel()], axis=1)


def rays_in_view(lens: Lens, count: int = 400, seed: int = 3) -> Array:
    """Points (n, 3) spread over the field of view in which typical lenses are one-to-one."""
    rng = np.random.default_rng(seed)
    widest = np.radians(35.0 if lens.perspective else 95.0)
    angle, around = widest * np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    rays = np.stack([np.sin(angle) * np.cos(around), np.sin(angle) * np.sin(around), np.cos(angle)], axis=1)
    return np.asarray(rays * rng.uniform(0.2, 5.0, (count, 1)))


def posed(lens: Lens, board: Array) -> Problem:
    """Two views of a board in front of the camera."""
    poses = se3.compose(
        np.stack([tilted(25, 0.4), tilted(-35, 2.0)]), np.array([[-0.1, -0.05, 0.4], [0.02, 0.03, 0.3]])
    )
    points = np.concatenate([board, board]).T
    view = np.repeat([0, 1], len(board))
    corners = Corners(np.full((2, len(view)), 300.0), points, view, np.array([len(board)] * 2))
    parameters = lens_block(lens, skewed(lens.name), frozenset())
    return Problem((parameters, pose_block(poses, ["a", "b"])), (reprojection(lens, corners),))


def flat_board() -> Array:
    x, y = np.meshgrid(np.linspace(-0.1, 0.1, 5), np.linspace(-0.07, 0.07, 4))
    return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)


def uneven_board() -> Array:
    board = flat_board()
    board[:, 2] = 0.03 * np.sin(np.arange(len(board)))
    return board


@pytest.mark.parametrize("board", [flat_board(), uneven_board()], ids=["planar", "non-planar"])
@pytest.mark.parametrize("name", LENSES)
def test_jacobians_are_the_derivatives_of_the_residual(name: str, board: Array) -> None:
    problem = posed(load_lens(name), board)
    (block,) = problem.residuals
    _, analytic = block.evaluate(problem.start, slice(0, block.rows))
    numeric = numeric_jacobians(problem, block, problem.start)
    for unknowns, a, n in zip(problem.parameters, analytic, numeric, strict=True):
        for i, label in enumerate(unknowns.labels):
            scale = np.abs(n[:, :, i]).max()
            assert scale > 0, label
            np.testing.assert_allclose(a[:, :, i] / scale, n[:, :, i] / scale, atol=3e-7, err_msg=label)


@pytest.mark.parametrize("name", LENSES)
def test_a_part_of_the_rows_is_a_part_of_the_answer(name: str) -> None:
    problem = posed(load_lens(name), uneven_board())
    (block,) = problem.residuals
    whole, jacobians = block.evaluate(problem.start, slice(0, block.rows))
    for rows in (slice(3, 29), np.array([39, 0, 17, 18])):
        part, part_jacobians = block.evaluate(problem.start, rows)
        np.testing.assert_allclose(part, whole[rows], rtol=1e-13, atol=1e-10)
        for own, every in zip(part_jacobians, jacobians, strict=True):
            np.testing.assert_allclose(own, every[rows], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("name", LENSES)
def test_the_residual_is_projected_less_seen(name: str) -> None:
    lens = load_lens(name)
    problem = posed(lens, uneven_board())
    (block,) = problem.residuals
    residuals, _ = block.evaluate(problem.start, slice(0, block.rows))
    poses = problem.start["camera_from_board"]
    points = np.concatenate([se3.apply(pose, uneven_board()) for pose in poses])
    np.testing.assert_allclose(residuals, lens.project(skewed(name), points) - 300.0, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", LENSES)
def test_projecting_undoes_unprojecting_over_the_whole_image(name: str) -> None:
    camera = typical_camera(name)
    assert camera.image_size_px is not None
    pixels = image_grid(camera.image_size_px)
    rays = camera.lens.unproject(skewed(name), pixels)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(camera.lens.project(skewed(name), rays), pixels, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", LENSES)
def test_unprojecting_undoes_projecting_over_the_field_of_view(name: str) -> None:
    lens = load_lens(name)
    points = rays_in_view(lens)
    rays = lens.unproject(skewed(name), lens.project(skewed(name), points))
    np.testing.assert_allclose(rays, points / np.linalg.norm(points, axis=1, keepdims=True), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", LENSES)
def test_a_pixel_no_ray_reaches_is_nan_and_never_a_wrong_ray(name: str) -> None:
    lens, parameters = load_lens(name), skewed(name)
    pixels = 20.0 * image_grid((1280, 720)) - 10_000.0
    rays = lens.unproject(parameters, pixels)
    found = np.isfinite(rays).all(axis=1)
    assert np.isnan(rays[~found]).all()
    np.testing.assert_allclose(lens.project(parameters, rays[found]), pixels[found], rtol=0, atol=1e-6)


def test_a_barrel_beyond_its_fold_cannot_be_inverted() -> None:
    lens = load_lens("brown_conrady")
    parameters = np.array([500.0, 500, 0, 320, 240, -0.4, 0, 0, 0, 0])
    # r (1 - 0.4 r^2) peaks at r = 0.913 with 0.6086, 304 px from the centre: nothing is seen beyond
    assert np.isfinite(lens.unproject(parameters, np.array([320.0 + 300, 240]))).all()
    assert np.isnan(lens.unproject(parameters, np.array([320.0 + 310, 240]))).all()


@pytest.mark.parametrize("name", LENSES)
def test_pixels_follow_from_the_direction_alone(name: str) -> None:
    lens = load_lens(name)
    points = rays_in_view(lens)
    here = lens.project(skewed(name), points)
    np.testing.assert_allclose(lens.project(skewed(name), 7.0 * points), here, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", LENSES)
def test_leading_axes_are_free(name: str) -> None:
    lens = load_lens(name)
    points = rays_in_view(lens, 24)
    flat = lens.project(skewed(name), points)
    np.testing.assert_array_equal(lens.project(skewed(name), points.reshape(2, 3, 4, 3)), flat.reshape(2, 3, 4, 2))
    np.testing.assert_allclose(lens.project(skewed(name), points[5]), flat[5], rtol=0, atol=1e-11)
    rays = lens.unproject(skewed(name), flat.reshape(2, 3, 4, 2))
    assert rays.shape == (2, 3, 4, 3)


@pytest.mark.parametrize("name", LENSES)
def test_without_distortion_the_optical_axis_meets_the_principal_point(name: str) -> None:
    lens = load_lens(name)
    matrix = np.array([[810.0, 2.0, 333.0], [0, 790.0, 222.0], [0, 0, 1]])
    parameters = lens.start(matrix)
    np.testing.assert_allclose(lens.project(parameters, np.array([0.0, 0.0, 2.5])), [333.0, 222.0], atol=1e-12)
    near = np.array([1e-4, -2e-4, 1.0])  # every lens without distortion is a pinhole near its axis
    np.testing.assert_allclose(lens.project(parameters, near), (matrix @ near)[:2], rtol=0, atol=1e-4)


OPENCV_ORDER = {
    "pinhole": lambda k: np.zeros(5),
    "brown_conrady": lambda k: k,
    "rational": lambda k: k,
}


@pytest.mark.parametrize("name", sorted(OPENCV_ORDER))
def test_values_are_those_of_opencv(name: str) -> None:
    lens, camera = load_lens(name), typical_camera(name)
    points = rays_in_view(lens)
    expected, _ = cv2.projectPoints(
        points, np.zeros(3), np.zeros(3), camera.matrix, OPENCV_ORDER[name](camera.parameters[len(AFFINE) :])
    )
    np.testing.assert_allclose(camera.project(points), expected.reshape(-1, 2), rtol=0, atol=1e-9)


def test_kannala_brandt_values_are_those_of_opencv_fisheye() -> None:
    camera = typical_camera("kannala_brandt")
    matrix = camera.matrix
    skew = 0.002  # OpenCV's alpha: skew_px / fx
    parameters = camera.parameters.copy()
    parameters[2] = skew * matrix[0, 0]
    rays = rays_in_view(camera.lens)
    points = rays[rays[:, 2] > 0.05]  # OpenCV divides by z
    expected, _ = cv2.fisheye.projectPoints(
        points[:, None], np.zeros(3), np.zeros(3), matrix, parameters[len(AFFINE) :], alpha=skew
    )
    np.testing.assert_allclose(camera.lens.project(parameters, points), expected.reshape(-1, 2), rtol=0, atol=1e-9)


@pytest.mark.parametrize("offset", [0.0, 1e-12, 1e-9, 1e-8, 2e-8, 1e-6, 1e-4])
def test_kannala_brandt_is_smooth_on_and_near_the_axis(offset: float) -> None:
    lens = load_lens("kannala_brandt")
    pose = np.eye(4)[None]
    pose[0, 2, 3] = 0.5
    corners = Corners(
        np.zeros((2, 1)), np.array([[offset], [-0.5 * offset], [0.0]]), np.zeros(1, np.intp), np.ones(1, np.intp)
    )
    parameters = skewed("kannala_brandt")
    problem = Problem(
        (lens_block(lens, parameters, frozenset()), pose_block(pose, ["a"])), (reprojection(lens, corners),)
    )
    residuals, jacobians = problem.residuals[0].evaluate(problem.start, slice(0, 1))
    fx, fy, skew, cx, cy = parameters[:5]
    x, y = offset / 0.5, -0.5 * offset / 0.5
    # distortion is of third order: below 1e-4 rad the lens is a pinhole to 1e-12, and so are its derivatives
    np.testing.assert_allclose(residuals[0], [fx * x + skew * y + cx, fy * y + cy], rtol=0, atol=1e-8)
    np.testing.assert_allclose(jacobians[1][0][:, :2], [[fx / 0.5, skew / 0.5], [0, fy / 0.5]], rtol=0, atol=1e-3)
    np.testing.assert_allclose(jacobians[1][0][:, 2], [-(fx * x + skew * y) / 0.5, -fy * y / 0.5], rtol=0, atol=1e-4)
    assert all(np.isfinite(j).all() for j in jacobians)


def test_kannala_brandt_sees_beside_and_behind() -> None:
    camera = typical_camera("kannala_brandt")
    angles = np.radians([80.0, 90.0, 100.0, 120.0])
    points = np.stack([np.sin(angles), np.zeros(4), np.cos(angles)], axis=1)
    distances = camera.project(points)[:, 0] - camera.value("cx_px")
    k = camera.parameters[len(AFFINE) :]
    expected = camera.value("fx_px") * angles * (1 + sum(c * angles ** (2 * i) for i, c in enumerate(k, start=1)))
    np.testing.assert_allclose(distances, expected, rtol=1e-13)


@pytest.mark.parametrize("name", LENSES)
def test_labels_are_distinct_start_with_the_affine_map_and_fit_the_start(name: str) -> None:
    lens = load_lens(name)
    assert lens.name == name
    assert lens.labels[: len(AFFINE)] == AFFINE
    assert len(set(lens.labels)) == len(lens.labels)
    assert len(lens.start(np.eye(3))) == len(lens.labels) == len(typical_camera(name).parameters)
    assert len(lens.typical) == len(lens.coefficients)
    assert lens.purpose
    assert lens.richer in {"", *LENSES} - {name}
    assert lens.radial in {"", *lens.coefficients}
    assert lens.held <= set(lens.labels)
    assert set(lens.weak) <= set(lens.coefficients)
    assert all(sigma > 0 for sigma in lens.weak.values())


@pytest.mark.parametrize("name", LENSES)
def test_skew_is_held_until_freed(name: str) -> None:
    lens = load_lens(name)
    assert held_labels(lens) == {"skew_px"}
    assert held_labels(lens, free=["skew"]) == frozenset()
    assert held_labels(lens, free=["skew_px"], fix=["cx", "cy_px"]) == {"cx_px", "cy_px"}


def test_fixing_adds_to_what_is_held() -> None:
    assert held_labels(load_lens("brown_conrady"), fix=["k3", "p1", "k3"]) == {"skew_px", "k3", "p1"}


def test_an_unknown_label_names_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"brown_conrady lens has no parameter 'k4'") as caught:
        held_labels(load_lens("brown_conrady"), fix=["k4"])
    assert caught.value.code == "unknown-label"
    with pytest.raises(UsageError) as caught:
        held_labels(load_lens("rational"), free=["skew_pix"])
    assert caught.value.advice == "did you mean 'skew_px'?"


def test_a_label_cannot_be_both_fixed_and_freed() -> None:
    with pytest.raises(UsageError, match="k1") as caught:
        held_labels(load_lens("brown_conrady"), fix=["k1"], free=["k1"])
    assert caught.value.code == "label-conflict"


@pytest.mark.parametrize(("typed", "meant"), [("brown-conrady", "brown_conrady"), ("pinhol", "pinhole")])
def test_an_unknown_lens_names_the_nearest_one(typed: str, meant: str) -> None:
    with pytest.raises(UsageError, match=typed) as caught:
        load_lens(typed)
    assert caught.value.code == "unknown-lens"
    assert meant in caught.value.advice
