"""Hand-eye in closed form: X with A X = X B for the motions A of the mount and B of the camera, between all pairs.

Every method takes mount_from_fixture G (n, 4, 4) and camera_from_board C (n, 4, 4) with inverse(X) G Y = C and returns
X = mount_from_camera (4, 4). The motion from pose j to i is A = G_i inverse(G_j), B = C_i inverse(C_j).
Raises DegenerateError `closed-form-failed` rather than return what is no rigid transform.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Index
from calib.errors import DegenerateError, UsageError, did_you_mean
from calib.geometry import se3, so3
from calib.robot.start.closed_forms import frames_of_poses
from calib.robot.start.inliers import reach

# Below 5 degrees the axis of a turn is mostly noise; near 180 degrees the two ends of the axis cannot be told apart.
LEAST_TURN_RAD, MOST_TURN_RAD = np.deg2rad(5.0), np.deg2rad(170.0)
HALF_TURNS = np.stack([np.diag(d) for d in ([1.0, 1, 1], [1.0, -1, -1], [-1.0, 1, -1], [-1.0, -1, 1])])


@dataclass(frozen=True, eq=False)
class Motions:
    """Relative motions of all pairs that turn enough, pairs along the last axis.

    i, j: (m,) the poses. a, b: unit quaternions of mount and camera, vector (3, m), and scalar (m,).
    """

    i: Index
    j: Index
    a: Array
    scalar_a: Array
    b: Array
    scalar_b: Array


def motions(g: Array, c: Array) -> Motions:
    """All pairs i < j of poses (n, 4, 4); raises DegenerateError `closed-form-failed` if none turns enough."""
    _require_finite(g, c)
    i, j = np.triu_indices(len(g), 1)
    qa, qb = (np.ascontiguousarray(so3.quaternion_xyzw(poses[:, :3, :3]).T) for poses in (g, c))
    inside = np.ones(len(i), bool)
    for q in (qa, qb):
        cosine = np.abs(np.take(q.T @ q, i * len(g) + j))  # of half the turn
        inside &= (cosine < np.cos(LEAST_TURN_RAD / 2)) & (cosine > np.cos(MOST_TURN_RAD / 2))
    if not inside.any():
        raise _failure("no pair of poses turns between 5 and 170 degrees")
    i, j = i[inside], j[inside]
    return Motions(i, j, *_turns(qa, i, j), *_turns(qb, i, j))


def shah(g: Array, c: Array) -> Array:
    """M. Shah, "Solving the robot-world/hand-eye calibration problem using the Kronecker product", J. Mechanisms and
    Robotics 5, 2013: rotations by a singular value decomposition over all poses, then both translations at once."""
    _require_finite(g, c)
    return _rigid(se3.inverse(frames_of_poses(g[None], c[None])[0][0]))


def park(g: Array, c: Array) -> Array:
    """F. Park, B. Martin, "Robot sensor calibration: solving AX = XB on the Euclidean group", IEEE Trans. Robotics and
    Automation 10, 1994: the rotation that turns the logarithms of B into those of A, by least squares."""
    m = motions(g, c)
    # logarithms are the quaternions' vectors, longer by angle / sin(angle / 2)
    longer = [np.arccos(scalar) / np.sqrt(1 - scalar * scalar) for scalar in (m.scalar_a, m.scalar_b)]
    return _with_translation(so3.nearest((m.a * (longer[0] * longer[1])) @ m.b.T), m, g, c)


def tsai_lenz(g: Array, c: Array) -> Array:
    """R. Tsai, R. Lenz, "A new technique for fully autonomous and efficient 3D robotics hand/eye calibration", IEEE
    Trans. Robotics and Automation 5, 1989, eqs. 12-15.

    The modified Rodrigues vector of X is infinite for half turns. So X is sought with the camera turned by none or one
    of the three half turns about its axes beforehand, whichever leaves the equations best determined.
    """
    m = motions(g, c)
    aa, ab, bb = m.a @ m.a.T, m.a @ m.b.T, m.b @ m.b.T
    found = []
    for turn in HALF_TURNS:
        # cross(t, p) = b - a with t = a + b of the turned b; normal equations: sum(|t|^2 I - t t') p = sum((b - a) x t)
        across = ab @ turn
        squares = aa + across + across.T + turn @ bb @ turn
        found.append((*np.linalg.eigh(np.trace(squares) * np.eye(3) - squares), -2 * _crosses(across)))
    best = int(np.argmax([values[0] for values, _, _ in found]))
    values, vectors, right = found[best]
    p = vectors @ (vectors.T @ right / np.maximum(values, 1e-300))
    return _with_translation(so3.from_quaternion_xyzw(np.append(p, 1.0)) @ HALF_TURNS[best], m, g, c)


def daniilidis(g: Array, c: Array) -> Array:
    """K. Daniilidis, "Hand-eye calibration using dual quaternions", Int. J. Robotics Research 18, 1999, eqs. 31-36."""
    m = motions(g, c)
    length = reach(g)  # so that the dual part weighs as the real one
    a, b = (_dual(v, s, poses[:, :3, 3] / length, m) for v, s, poses in ((m.a, m.scalar_a, g), (m.b, m.scalar_b, c)))
    stacked = np.empty((12, m.a.shape[1]))
    for first, (left, right) in ((0, (m.a, m.b)), (6, (a, b))):
        np.subtract(left, right, out=stacked[first : first + 3])
        np.add(left, right, out=stacked[first + 3 : first + 6])
    sums = stacked @ stacked.T
    squares, across = _products(sums[:6, :6]), _products(sums[6:, :6])
    equations = np.block([[squares + _products(sums[6:, 6:]), across], [across.T, squares]])
    vectors = np.linalg.eigh(equations)[1]
    (u1, v1), (u2, v2) = ((vectors[:4, k], vectors[4:, k]) for k in (0, 1))
    roots = np.roots([u1 @ v1, u1 @ v2 + u2 @ v1, u2 @ v2])
    if not len(roots) or not np.isfinite(roots).all():
        raise _failure("the dual quaternion of X is not determined")
    # noise may leave no real root; its real part is then the double root
    mixed = [s * u1 + u2 for s in np.real(roots)]
    s = np.real(roots)[int(np.argmax([q @ q for q in mixed]))]
    q, d = s * u1 + u2, s * v1 + v2
    q, d = q / np.linalg.norm(q), d / np.linalg.norm(q)
    translation = 2 * length * (q[0] * d[1:] - d[0] * q[1:] + np.cross(q[1:], d[1:]))
    return _rigid(se3.compose(so3.from_quaternion_xyzw(np.append(q[1:], q[0])), translation))


METHODS: dict[str, Callable[[Array, Array], Array]] = {
    "shah": shah,
    "park": park,
    "daniilidis": daniilidis,
    "tsai-lenz": tsai_lenz,
}


def load_method(name: str) -> Callable[[Array, Array], Array]:
    """The closed form of that name. Raises UsageError `unknown-method`."""
    if name not in METHODS:
        raise UsageError(f"unknown method {name!r}", code="unknown-method", advice=did_you_mean(name, METHODS))
    return METHODS[name]


def _turns(q: Array, i: Index, j: Index) -> tuple[Array, Array]:
    """Quaternions, vector (3, m) and scalar (m,) >= 0, of R_i R_j', from those xyzw (4, n) of all poses."""
    left, right = np.take(q, i, axis=1), np.take(q, j, axis=1)  # several times as fast as an index in brackets
    v, s, w, r = left[:3], left[3], right[:3], right[3]
    scalar = s * r + v[0] * w[0] + v[1] * w[1] + v[2] * w[2]
    vector = r * v - s * w - _cross(v, w)
    sign = np.where(scalar < 0, -1.0, 1.0)
    return vector * sign, scalar * sign


def _cross(a: Array, b: Array) -> Array:
    """Cross products of columns (3, m)."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def _crosses(products: Array) -> Array:
    """Sum (3,) of cross(u, v) from the sum (3, 3) of u v'."""
    d = products - products.T
    return np.array([d[1, 2], d[2, 0], d[0, 1]])


def _products(sums: Array) -> Array:
    """Sum (4, 4) over pairs of S' T for S = [d, hat(e)] and T = [f, hat(h)], from the sum (6, 6) of (d, e) (f, h)'."""
    df, dh, ef, eh = sums[:3, :3], sums[:3, 3:], sums[3:, :3], sums[3:, 3:]
    out = np.empty((4, 4))
    out[0, 0] = np.trace(df)
    out[0, 1:], out[1:, 0] = _crosses(dh), _crosses(ef.T)
    out[1:, 1:] = np.trace(eh) * np.eye(3) - eh.T
    return out


def _dual(vector: Array, scalar: Array, at: Array, m: Motions) -> Array:
    """Vectors (3, m) of the dual parts of motions that turn by quaternions, between places (n, 3)."""
    ends = np.ascontiguousarray(at.T)
    point = np.take(ends, m.j, axis=1)
    twice = 2 * _cross(vector, point)
    shift = np.take(ends, m.i, axis=1) - point - scalar * twice - _cross(vector, twice)
    return np.asarray(0.5 * (scalar * shift + _cross(shift, vector)))


def _with_translation(rotation: Array, m: Motions, g: Array, c: Array) -> Array:
    """X of its rotation: (R_A - I) t = R_X t_B - t_A over all motions, by least squares.

    With R_A = R_i R_j', t_A = p_i - R_A p_j, and B likewise of S and q, every sum over pairs of the normal equations is
    one over poses of what the pairs' matrix makes of the others.
    """
    count = len(g)
    pairs = np.zeros((count, count))
    pairs[m.i, m.j] = 1.0
    r, p, s, q = g[:, :3, :3], g[:, :3, 3], c[:, :3, :3], c[:, :3, 3]
    first, second = pairs.sum(axis=1), pairs.sum(axis=0)
    turns = np.einsum("iab,icb->ac", r, (pairs @ r.reshape(count, 9)).reshape(count, 3, 3))
    normal = 2 * len(m.i) * np.eye(3) - turns - turns.T
    y, z = np.einsum("iba,ib->ia", r, p), np.einsum("iba,ib->ia", s, q)
    by_a = _sum_rotated(r, pairs.T @ y) + _sum_rotated(r, pairs @ y) - second @ p - first @ p
    in_camera = np.swapaxes(r, 1, 2) @ rotation
    crossed = (pairs.T @ (in_camera @ s).reshape(count, 9)).reshape(count, 3, 3)
    by_b = _sum_rotated(r, pairs.T @ np.einsum("iab,ib->ia", in_camera, q) - np.einsum("jab,jb->ja", crossed, z))
    by_b += rotation @ (_sum_rotated(s, pairs @ z) - first @ q)
    with np.errstate(all="ignore"):
        translation = np.linalg.lstsq(normal, by_b - by_a, rcond=None)[0]
    return _rigid(se3.compose(rotation, translation))


def _sum_rotated(rotations: Array, vectors: Array) -> Array:
    """Sum (3,) of rotations (n, 3, 3) times vectors (n, 3)."""
    return np.asarray(np.einsum("iab,ib->a", rotations, vectors))


def _require_finite(g: Array, c: Array) -> None:
    if not (np.isfinite(g).all() and np.isfinite(c).all()):
        raise _failure("a pose is not finite")


def _rigid(x: Array) -> Array:
    """x, if it is a rigid transform."""
    rotation = x[:3, :3]
    sound = np.isfinite(x).all() and np.linalg.det(rotation) > 0 and np.allclose(rotation @ rotation.T, np.eye(3))
    if not sound:
        raise _failure("what came out is no rigid transform")
    return x


def _failure(why: str) -> DegenerateError:
    advice = "turn the flange by 30 degrees or more about several axes between the images"
    return DegenerateError("the closed form gives no answer", code="closed-form-failed", why=why, advice=advice)
