"""Tables of grids that an arm moves along without turning its flange, or turning it about one axis."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import base_from_flange, flange_jacobian
from calib.robot.arm.read import load_geometry
from calib.robot.table.pose_table import PoseTable

MIDDLE = {"irb120": [-0.2, 0.2, 0.4, 0.3, 0.8, -0.2], "ur5e": [0.4, -1.0, 1.5, -2.0, -1.57, 0.3]}
"""Joint values in the middle of the grid."""
SHAPES = {"cube": (4, 4, 4), "plane": (1, 8, 8), "line": (1, 1, 40)}
"""Points along x, y and z of a cube of 0.25 m."""
BASE = se3.compose(so3.exp(np.array([0.3, -1.1, 2.0])), np.array([2.5, -0.7, 0.4]))
TARGET = se3.compose(so3.exp(np.array([0.4, 1.0, -0.3])), np.array([0.04, -0.03, 0.11]))
STEPS = 12
SIGMA_M, SIGMA_RAD = 5e-5, 1e-4


def grid_table(name: str, shape: str, turn_rad: float = 0.0, seed: int = 0, *, oriented: bool = False) -> PoseTable:
    """What an instrument measures of an arm as built (0.3 mm and 1 mrad off its drawing) on a grid.

    turn_rad: greatest turn of the flange about its z axis, drawn for every point. oriented: poses, not positions.
    """
    rng = np.random.default_rng(seed)
    nominal = load_geometry(name)
    joints = _joints(name, shape, turn_rad, rng)
    off = np.where([label.angular for label in nominal.labels], 1e-3, 3e-4)
    built = nominal.parameters + rng.normal(0, 1, len(off)) * off * np.isin(nominal.labels, nominal.geometry_labels)
    seen = BASE @ base_from_flange(nominal, joints, built) @ TARGET
    rows = len(joints)
    turned = seen[:, :3, :3] @ so3.exp(rng.normal(0, SIGMA_RAD, (rows, 3)))
    return PoseTable(
        joints=joints,
        prismatic=nominal.prismatic,
        target=np.zeros(rows, dtype=np.intp),
        pose=np.arange(rows),
        lines=np.arange(rows) + 2,
        position=seen[:, :3, 3] + rng.normal(0, SIGMA_M, (rows, 3)),
        quaternion_xyzw=so3.quaternion_xyzw(turned) if oriented else None,
    )


def _joints(name: str, shape: str, turn_rad: float, rng: np.random.Generator) -> Array:
    """Joint values (n, joints) of the drawn arm on the grid, by Newton steps from its middle."""
    arm = load_geometry(name)
    middle = base_from_flange(arm, np.array([MIDDLE[name]]))[0]
    axes = [np.linspace(-0.125, 0.125, count) if count > 1 else np.zeros(1) for count in SHAPES[shape]]
    offsets = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    turns = rng.uniform(-turn_rad, turn_rad, len(offsets))[:, None] * [0.0, 0.0, 1.0]
    wanted = se3.compose(middle[:3, :3] @ so3.exp(turns), middle[:3, 3] + offsets)
    joints = np.tile(MIDDLE[name], (len(wanted), 1))
    for _ in range(STEPS):
        flange, _, by_command = flange_jacobian(arm, joints, arm.parameters)
        off = se3.log(se3.inverse(flange) @ wanted)
        joints = joints + np.linalg.solve(by_command, off[..., None])[..., 0]
    assert np.abs(off).max() < 1e-9
    return np.round(joints, 7)
