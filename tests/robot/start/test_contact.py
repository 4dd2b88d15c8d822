"""Starts from contacts find the tip and what it touches, are not moved by wrong rows, and refuse what they must.

Poses that touch are made without any solver: the flange is turned at random and pushed until its tip is in place.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from cases.seeds import seeds
from cases.starts import wrong_rows

from calib.errors import DegenerateError
from calib.geometry import se3, so3
from calib.robot.start.contact import ContactStart, contact_plane_start, contact_point_start

TIP = np.array([0.02, -0.03, 0.25])
POINTS = np.array([[0.5, 0.1, 0.2], [0.3, -0.4, 0.6]])
NORMALS = np.array([[0.0, 0.6, 0.8], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
OFFSETS = np.array([0.3, 0.5, 0.1])


def poses_with_tip_at(places: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Flange poses (n, 4, 4) in the base, turned at random, whose tip is at the places (n, 3)."""
    rotations = so3.exp(random.uniform(-1.2, 1.2, (len(places), 3)))
    return se3.compose(rotations, places - rotations @ TIP)


def touching_points(rows: int, seed: int, noise_m: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    target = np.arange(rows) % len(POINTS)
    return poses_with_tip_at(POINTS[target] + random.normal(0, noise_m, (rows, 3)), random), target


def touching_planes(rows: int, seed: int, noise_m: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    target = np.arange(rows) % len(NORMALS)
    normal = NORMALS[target]
    places = random.uniform(-0.5, 0.5, (rows, 3))
    height = OFFSETS[target] + random.normal(0, noise_m, rows) - np.sum(places * normal, axis=1)
    return poses_with_tip_at(places + height[:, None] * normal, random), target


def planes_of(start: ContactStart) -> np.ndarray:
    """The planes, each normal turned to the side of the true one."""
    return start.in_base * np.sign(np.sum(start.in_base[:, :3] * NORMALS, axis=1))[:, None]


@pytest.mark.parametrize("rows", [12, 200])
def test_exact_contacts_with_points_give_tip_and_points(rows: int) -> None:
    f, target = touching_points(rows, seed=rows)
    start = contact_point_start(f, target)
    np.testing.assert_allclose(start.tip_in_flange, TIP, rtol=0, atol=1e-9)
    np.testing.assert_allclose(start.in_base, POINTS, rtol=0, atol=1e-9)
    assert start.residual_m.max() < 1e-9
    assert start.inlier.all()


@pytest.mark.parametrize("rows", [60, 600])
def test_exact_contacts_with_planes_give_tip_and_planes(rows: int) -> None:
    f, target = touching_planes(rows, seed=rows)
    start = contact_plane_start(f, target)
    np.testing.assert_allclose(start.tip_in_flange, TIP, rtol=0, atol=1e-8)
    np.testing.assert_allclose(planes_of(start), np.column_stack([NORMALS, OFFSETS]), rtol=0, atol=1e-8)
    np.testing.assert_allclose(np.linalg.norm(start.in_base[:, :3], axis=1), 1, rtol=0, atol=1e-12)
    assert start.inlier.all()


@pytest.mark.parametrize("seed", seeds(10))
def test_a_fifth_of_contacts_beside_their_point_changes_nothing(seed: int) -> None:
    f, target = touching_points(200, seed, noise_m=1e-4)
    bad = wrong_rows(200, seed)
    f[bad, :3, 3] += np.random.default_rng(100 + seed).normal(0, 0.2, (bad.sum(), 3))
    start = contact_point_start(f, target, seed=seed)
    np.testing.assert_allclose(start.tip_in_flange, TIP, rtol=0, atol=1e-4)
    np.testing.assert_allclose(start.in_base, POINTS, rtol=0, atol=1e-4)
    assert not (start.inlier & bad).any()
    assert (~start.inlier & ~bad).sum() <= 1


@pytest.mark.parametrize("seed", seeds(10))
def test_a_fifth_of_contacts_off_their_plane_changes_nothing(seed: int) -> None:
    f, target = touching_planes(300, seed, noise_m=1e-4)
    bad = wrong_rows(300, seed)
    sides = np.random.default_rng(100 + seed).choice([-1.0, 1.0], bad.sum())
    f[bad, :3, 3] += (sides * 0.1)[:, None] * NORMALS[target[bad]]
    start = contact_plane_start(f, target, seed=seed)
    np.testing.assert_allclose(start.tip_in_flange, TIP, rtol=0, atol=2e-4)
    np.testing.assert_allclose(planes_of(start), np.column_stack([NORMALS, OFFSETS]), rtol=0, atol=2e-4)
    assert not (start.inlier & bad).any()
    assert (~start.inlier & ~bad).mean() < 0.02


@pytest.mark.parametrize(
    ("start", "touch"), [(contact_point_start, touching_points), (contact_plane_start, touching_planes)]
)
@pytest.mark.parametrize("turn", ["none", "about one axis"])
def test_a_flange_that_does_not_turn_about_two_axes_is_refused(
    start: Callable[..., ContactStart], touch: Callable[..., tuple[np.ndarray, np.ndarray]], turn: str
) -> None:
    f, target = touch(90, seed=3)
    angle = np.zeros((90, 1)) if turn == "none" else np.linspace(-1, 1, 90)[:, None]
    f[:, :3, :3] = so3.exp(angle * np.array([0.6, 0.0, 0.8]))
    with pytest.raises(DegenerateError) as caught:
        start(f, target)
    assert caught.value.code == "poses-degenerate"


@pytest.mark.parametrize(
    ("start", "touch", "rows"), [(contact_point_start, touching_points, 6), (contact_plane_start, touching_planes, 45)]
)
def test_too_few_contacts_are_refused(
    start: Callable[..., ContactStart], touch: Callable[..., tuple[np.ndarray, np.ndarray]], rows: int
) -> None:
    f, target = touch(rows, seed=4)
    with pytest.raises(DegenerateError) as caught:
        start(f, target)
    assert caught.value.code == "too-few-poses"


def test_a_plane_touched_twice_is_refused() -> None:
    f, target = touching_planes(60, seed=5)
    kept = (target != 2) | (np.cumsum(target == 2) <= 2)
    with pytest.raises(DegenerateError, match="2 rows touch one of the planes"):
        contact_plane_start(f[kept], target[kept])
