"""Base, targets and anchor from flange poses and measurements, in closed form: no guess goes in, nothing is robust.

Where one is called with sets, many small problems of equal size (s, n, ...) are solved at once.
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array, Index
from calib.errors import DegenerateError
from calib.geometry import se3, so3

SINGULAR = 3e-7  # smallest over largest singular value of the scaled equations: sound data gives 1e-1 to 1e-3, and
# normal equations resolve nothing below the root of the rounding, 1.5e-8
# What is known of frames that poses leave open, in units of what an arm out of the box is off by, some 2 mm: a target
# is within 0.3 m of the flange, and a base that may turn about a line of positions stays where it is, to a radian.
OPEN_POINT, OPEN_TURN = 7e-3, 2e-3
OPEN_DAMPING = 1e-6  # of the same unknowns, relative to the trace of the normal equations
LEAST_DAMPING = 1e-13  # relative to the trace of normal equations, a hundred roundings: keeps them regular
LEAST_ABSOLUTE_ROUNDS = 20  # of reweighting; with a fifth of the rows off by metres 10 leave under 1 mm


def frames_of_poses(f: Array, m: Array) -> tuple[Array, Array]:
    """world_from_base (s, 4, 4) and flange_from_target (s, 4, 4) of s sets of poses (s, n, 4, 4).

    M Z = Y F with Z = R_X', Y = R_W is vec(Y) = (M kron F) vec(Z) for every row; of the mean of the Kronecker products
    the leading singular vectors are vec(Y) and vec(Z) (M. Shah 2013).
    """
    sets = f.shape[:2]
    flange, measured = f[..., :3, :3].reshape(*sets, 9), m[..., :3, :3].reshape(*sets, 9)
    products = np.swapaxes(measured, 1, 2) @ flange  # (s, M_ac, F_bd)
    kronecker = products.reshape(-1, 3, 3, 3, 3).swapaxes(2, 3).reshape(-1, 9, 9)
    u, _, vt = np.linalg.svd(kronecker)
    y, z = u[:, :, 0].reshape(-1, 3, 3), vt[:, 0, :].reshape(-1, 3, 3)
    sign = np.where(np.linalg.det(z) < 0, -1.0, 1.0)[:, None, None]
    world, flange_r = so3.nearest(sign * y), so3.nearest(sign * z)
    # R_W' p - p_F = R_F t_X + R_W' t_W
    right = np.einsum("sba,snb->sna", world, m[..., :3, 3]) - f[..., :3, 3]
    equations = np.concatenate([f[..., :3, :3], np.broadcast_to(np.eye(3), (*sets, 3, 3))], axis=-1)
    unknown = damped_least_squares(equations.reshape(sets[0], -1, 6), right.reshape(sets[0], -1))
    w = se3.compose(world, np.einsum("sab,sb->sa", world, unknown[:, 3:]))
    return w, se3.compose(np.swapaxes(flange_r, 1, 2), unknown[:, :3])


def frames_of_positions(f: Array, p: Array, damping: float = LEAST_DAMPING) -> tuple[Array, Array]:
    """world_from_base (s, 4, 4) and target points (s, 3) of s sets of rows (s, n, ...): R'p + b - R_F x = p_F.

    The unknown matrix in the place of R' is made a rotation, then b and x are solved again with it. Of what the poses
    leave open, `OPEN_DAMPING` takes the least.
    """
    sets, rows = p.shape[:2]
    middle = p.mean(axis=(0, 1))
    eye = np.broadcast_to(np.eye(3), (sets, rows, 3, 3))
    lifted = np.einsum("ij,snk->snijk", np.eye(3), p - middle).reshape(sets, rows, 3, 9)
    equations = np.concatenate([lifted, eye, -f[..., :3, :3]], axis=-1).reshape(sets, -1, 15)
    right = f[..., :3, 3].reshape(sets, -1)
    turned = so3.nearest(damped_least_squares(equations, right, damping)[:, :9].reshape(sets, 3, 3))
    rest = right - np.einsum("sij,snj->sni", turned, p - middle).reshape(sets, -1)
    unknown = damped_least_squares(equations[:, :, 9:], rest, damping)
    rotation = np.swapaxes(turned, 1, 2)
    translation = middle - np.einsum("sij,sj->si", rotation, unknown[:, :3])
    return se3.compose(rotation, translation), unknown[:, 3:]


def corrected_position(
    f: Array, p: Array, targets: Index, w: Array, points: Array, *, separable: bool = True
) -> tuple[Array, Array]:
    """Base frame and target points (targets, 3) once more, by linear least squares in a small turn of the base.

    separable: whether the poses determine both; else the points stay near the flange and the base near where it is,
    as far as the rows leave that open.
    """
    count = len(points)
    in_base = (p - w[:3, 3]) @ w[:3, :3]
    choose = np.eye(count)[targets]
    of_points = np.einsum("nk,nij->nikj", choose, f[:, :3, :3]).reshape(-1, 3 * count)
    # exp(-w) q = q + q x w to first order
    equations = np.concatenate([so3.hat(in_base).reshape(-1, 3), np.tile(np.eye(3), (len(f), 1)), -of_points], axis=1)
    right = (f[:, :3, 3] - in_base).ravel()
    if not separable:
        weak = np.array([OPEN_TURN] * 3 + [0.0] * 3 + [OPEN_POINT] * 3 * count)
        equations, right = np.concatenate([equations, np.diag(weak)]), np.append(right, np.zeros(len(weak)))
    unknown = _solve_full_rank(equations, right, "the base and the targets together")
    turned = w[:3, :3] @ so3.exp(unknown[:3])
    moved = w[:3, 3] - turned @ unknown[3:6]
    return se3.compose(turned, moved), unknown[6:].reshape(count, 3)


def anchor_of_distances(f: Array, d: Array, length: float, *, from_zero: bool = False) -> tuple[Array, Array, float]:
    """Anchor (3,) and target point (3,) from the squared distances of one target, and the zero that these are counted
    from, 0 unless `from_zero`; see `distance_start`."""
    r, p = f[:, :3, :3], f[:, :3, 3]
    columns = [np.ones((len(f), 1)), 2 * np.einsum("nji,nj->ni", r, p), -2 * p, -2 * r.reshape(-1, 9)]
    columns += [2 * d[:, None]] if from_zero else []
    # an error e of d is an error 2 d e of its square; a wrong d near zero must not count a thousandfold
    weight = 0.5 / np.maximum(np.abs(d), max(0.5 * float(np.median(np.abs(d))), 1e-6 * length))
    equations = np.concatenate(columns, axis=1) * weight[:, None]
    right = (d * d - np.sum(p * p, axis=1)) * weight
    what = "the anchor and the target together"
    unknown = _solve_full_rank(equations, right, what)
    for _ in range(LEAST_ABSOLUTE_ROUNDS):  # least absolute residuals by reweighting (E. J. Schlossmacher 1973)
        root = 1 / np.sqrt(np.maximum(np.abs(equations @ unknown - right), 1e-6 * length))
        unknown = _solve_full_rank(equations * root[:, None], right * root, what)
    return unknown[4:7], unknown[1:4], float(unknown[16]) if from_zero else 0.0


def corrected_distance(
    f: Array, d: Array, targets: Index, anchor: Array, points: Array, zero: float, *, from_zero: bool = False
) -> tuple[Array, Array, float]:
    """Anchor, target points and zero once more, by linear least squares about their present values."""
    lines = se3.apply(f, points[targets]) - anchor
    length = np.linalg.norm(lines, axis=1)
    along = lines / length[:, None]
    in_flange = np.einsum("nji,nj->ni", f[:, :3, :3], along)
    of_points = np.einsum("nk,nj->nkj", np.eye(len(points))[targets], in_flange).reshape(len(f), -1)
    equations = np.concatenate([-along, of_points, *([np.ones((len(f), 1))] if from_zero else [])], axis=1)
    unknown = _solve_full_rank(equations, d - length - zero, "the anchor and the target together")
    moved = points + unknown[3 : 3 + points.size].reshape(-1, 3)
    return anchor + unknown[:3], moved, zero + (float(unknown[-1]) if from_zero else 0.0)


def damped_least_squares(equations: Array, right: Array, damping: float = LEAST_DAMPING) -> Array:
    """Least squares (..., k) of stacked equations (..., m, k), by normal equations slightly regularised."""
    transposed = np.swapaxes(equations, -1, -2)
    normal = transposed @ equations
    size = np.trace(normal, axis1=-2, axis2=-1)[..., None, None]
    damped = normal + (damping * size + 1e-300) * np.eye(normal.shape[-1])
    return np.asarray(np.linalg.solve(damped, transposed @ right[..., None])[..., 0])


def _solve_full_rank(equations: Array, right: Array, what: str) -> Array:
    """Least squares (k,) of equations (m, k) that determine every direction of the unknowns; refuses others.

    By normal equations of scaled columns: ten times faster than an orthogonal factorisation of thousands of rows, and
    every use is followed by another round about the result.
    """
    size = np.maximum(np.linalg.norm(equations, axis=0), 1e-300)
    scaled = equations / size
    normal = scaled.T @ scaled
    finite = bool(np.isfinite(normal).all())  # equations of numbers far too large have none
    singular = np.sqrt(np.maximum(np.linalg.eigvalsh(normal), 0.0)) if finite else np.zeros(len(normal))
    ratio = float(singular[0] / singular[-1]) if singular[-1] > 0 else 0.0
    if len(equations) < equations.shape[1] or ratio < SINGULAR:
        raise DegenerateError(
            f"the poses do not determine {what}",
            code="poses-degenerate",
            why=f"smallest over largest singular value: {ratio:.1e}",
            advice="spread the poses over the workspace and turn the flange about several axes",
        )
    return np.asarray(np.linalg.solve(normal, scaled.T @ right) / size)
