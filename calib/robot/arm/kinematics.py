"""Forward kinematics of a serial arm and its derivatives, for thousands of poses at once.

An arm is a product of constants and joint motions,

    base_from_flange = C0 M1(q1) C1 M2(q2) ... Mn(qn) Cn,

M a rotation about z or a slide along it, C built from the table. Arrays hold one matrix column per leading index and
poses along the last axis, (4 columns, 3, poses): a motion then mixes two rows of long vectors, and a constant is one
small matrix product. Everything is analytic, so complex parameters and joints give complex-step derivatives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.geometry import se3
from calib.robot.arm.dh_row import ALPHA, BETA, THETA, A, D

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm


CHUNK = 512  # poses: (4, 3, 512) doubles are 49 kB, in a level-2 cache; at 1024 the allocator faults 110 pages a call


def about_z(theta: Any, d: Any) -> Array:
    """Rz(theta) Tz(d), (..., 4, 4), of theta and d (...)."""
    c, s = np.cos(theta), np.sin(theta)
    out = np.zeros((*np.shape(c), 4, 4), np.result_type(c, d))
    out[..., 0, 0] = out[..., 1, 1] = c
    out[..., 0, 1], out[..., 1, 0] = -s, s
    out[..., 2, 3] = d
    out[..., 2, 2] = out[..., 3, 3] = 1
    return out


def along_x(a: Any, alpha: Any, beta: Any) -> Array:
    """Tx(a) Rx(alpha) Ry(beta), (..., 4, 4), of a, alpha and beta (...)."""
    ca, sa, cb, sb = np.cos(alpha), np.sin(alpha), np.cos(beta), np.sin(beta)
    out = np.zeros((*np.shape(ca), 4, 4), np.result_type(a, ca, cb))
    out[..., 0, 0], out[..., 0, 2], out[..., 0, 3] = cb, sb, a
    out[..., 1, 0], out[..., 1, 1], out[..., 1, 2] = sa * sb, ca, -sa * cb
    out[..., 2, 0], out[..., 2, 1], out[..., 2, 2] = -ca * sb, sa, ca * cb
    out[..., 3, 3] = 1
    return out


def link_constants(arm: SerialArm, parameters: Array | None = None) -> Array:
    """The constants C0 ... Cn (joints + 1, 4, 4) between the joint motions, for parameters (5 joints,)."""
    table = arm.table if parameters is None else np.reshape(parameters, (arm.joints, 5))
    z = about_z(table[:, THETA], table[:, D])
    x = along_x(table[:, A], table[:, ALPHA], table[:, BETA])
    constants = np.empty((arm.joints + 1, 4, 4), z.dtype)
    if arm.convention == "standard_dh":
        constants[0] = arm.base
        constants[1:] = z @ x
    else:
        constants[0] = arm.base @ x[0]
        constants[1:-1] = z[:-1] @ x[1:]
        constants[-1] = z[-1]
    constants[-1] = constants[-1] @ arm.tool
    return constants


def base_from_flange(arm: SerialArm, command: Array, parameters: Array | None = None) -> Array:
    """Flange poses (..., 4, 4) of commanded joint values (..., joints), rad or m.

    parameters: (5 joints,) in the order of `arm.labels`, the arm's own if None.
    Raises InputError `joint-count`.
    """
    motion = arm.motions(command)
    constants = link_constants(arm, parameters)
    rows = motion.reshape(-1, arm.joints)
    out = np.zeros((len(rows), 4, 4), np.result_type(rows, constants, float))
    out[:, 3, 3] = 1
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        columns = _forward(constants, np.ascontiguousarray(rows[part].T), arm.prismatic, out.dtype)
        out[part, :3, :] = columns.transpose(2, 1, 0)
    return out.reshape(*motion.shape[:-1], 4, 4)


def flange_jacobian(arm: SerialArm, command: Array, parameters: Array | None = None) -> tuple[Array, Array, Array]:
    """Flange poses and their derivatives with respect to every parameter and every commanded joint value.

    command: (n, joints), rad or m. parameters: (5 joints,) or None as in `base_from_flange`.
    Returns base_from_flange (n, 4, 4); by_parameter (n, 6, 5 joints), columns as `arm.labels`; by_command
    (n, 6, joints). A column is the right tangent vx vy vz wx wy wz of the pose: pose(p + dp) = pose(p) exp(J dp). The
    arrays are views of contiguous (columns, 6, n) memory.

    Each parameter turns or moves what follows it about a constant axis of an intermediate frame, so its column is that
    axis seen from the flange (K. Lynch, F. Park, "Modern Robotics", 2017, sec. 5.1.2): for an axis u through the point
    t in flange coordinates, (t x u, u) where it turns and (u, 0) where it slides.
    """
    pose, columns = parameter_columns(arm, command, parameters)
    moving = columns[[5 * joint + (D if slides else THETA) for joint, slides in enumerate(arm.prismatic)]]
    by_command = np.einsum("jk,jcn->kcn", arm.motion_from_command, moving)
    return pose, columns.transpose(2, 1, 0), by_command.transpose(2, 1, 0)


def parameter_columns(arm: SerialArm, command: Array, parameters: Array | None = None) -> tuple[Array, Array]:
    """Poses and parameter derivatives of `flange_jacobian`, as laid out in memory: (n, 4, 4) and (5 joints, 6, n)."""
    motion = arm.motions(command)
    constants = link_constants(arm, parameters)
    table = arm.table if parameters is None else np.reshape(parameters, (arm.joints, 5))
    n = len(motion)
    dtype = np.result_type(motion, constants, float)
    pose = np.zeros((n, 4, 4), dtype)
    pose[:, 3, 3] = 1
    columns = np.zeros((5 * arm.joints, 6, n), dtype)
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        _backward(arm, constants, table[:, BETA], np.ascontiguousarray(motion[part].T), pose[part], columns[:, :, part])
    return pose, columns


def _forward(constants: Array, motion: Array, prismatic: tuple[bool, ...], dtype: Any) -> Array:
    """Matrix columns (4, 3, n) of base_from_flange for motions (joints, n)."""
    n = motion.shape[1]
    cosine, sine = np.cos(motion), np.sin(motion)
    now, then = np.empty((4, 3, n), dtype), np.empty((4, 3, n), dtype)
    scratch = np.empty((3, n), dtype)
    now[...] = constants[0, :3, :].T[:, :, None]
    for joint, slides in enumerate(prismatic):
        if slides:
            now[3] += now[2] * motion[joint]
        else:
            _turn(now, cosine[joint], sine[joint], scratch)
        np.matmul(constants[joint + 1].T, now.reshape(4, -1), out=then.reshape(4, -1))
        now, then = then, now
    return now


def _turn(columns: Array, cosine: Array, sine: Array, scratch: Array) -> None:
    """columns <- columns Rz, in place: x' = x cos + y sin, y' = y cos - x sin. scratch: (3, n)."""
    x, y = columns[0], columns[1]
    np.multiply(x, sine, out=scratch)
    x *= cosine
    x += y * sine
    y *= cosine
    y -= scratch


def _backward(arm: SerialArm, constants: Array, beta: Array, motion: Array, pose: Array, columns: Array) -> None:
    """Walk from the flange to the base, writing pose (n, 4, 4) and parameter columns (5 joints, 6, n).

    The frames met on the way are flange_from_frame, so their axes are already seen from the flange.
    """
    n = motion.shape[1]
    cosine, sine = np.cos(motion), np.sin(motion)
    inverses = se3.inverse(constants)
    frame, then = np.empty((4, 3, n), columns.dtype), np.empty((4, 3, n), columns.dtype)
    scratch = np.empty((3, n), columns.dtype)
    modified = arm.convention == "modified_dh"
    if not modified:  # the last row's a, alpha, beta come before the tool
        frame[...] = se3.inverse(arm.tool)[:3, :].T[:, :, None]
        _write_x(frame, beta[-1], columns[5 * arm.joints - 5 :])
    frame[...] = inverses[-1, :3, :].T[:, :, None]
    for joint in reversed(range(arm.joints)):
        _write_z(frame, columns[5 * joint :])
        if arm.prismatic[joint]:
            frame[3] -= frame[2] * motion[joint]
        else:
            _turn(frame, cosine[joint], -sine[joint], scratch)
        row = joint if modified else joint - 1
        if row >= 0:
            _write_x(frame, beta[row], columns[5 * row :])
        np.matmul(inverses[joint].T, frame.reshape(4, -1), out=then.reshape(4, -1))
        frame, then = then, frame
    # frame is flange_from_base; its inverse is the pose
    rotation = frame[:3]
    pose[:, :3, :3] = rotation.transpose(2, 0, 1)
    pose[:, :3, 3] = -np.einsum("kcn,cn->nk", rotation, frame[3])


def _write_z(frame: Array, columns: Array) -> None:
    """theta turns about z of the joint's frame, d slides along it."""
    axis = frame[2]
    _turning(frame[3], axis, columns[THETA])
    columns[D, :3] = axis


def _write_x(frame: Array, beta: Any, columns: Array) -> None:
    """a slides along x, alpha turns about it, both before beta; beta turns about y of the frame after it."""
    axis = frame[0] if beta == 0 else np.cos(beta) * frame[0] + np.sin(beta) * frame[2]
    columns[A, :3] = axis
    _turning(frame[3], axis, columns[ALPHA])
    _turning(frame[3], frame[1], columns[BETA])


def _turning(point: Array, axis: Array, out: Array) -> None:
    """The twist (6, n) of a turn about axis (3, n) through point (3, n)."""
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        np.multiply(point[j], axis[k], out=out[i])
        out[i] -= point[k] * axis[j]
    out[3:] = axis
