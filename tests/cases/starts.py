"""Arms, frames and poses from which starts are computed."""

from __future__ import annotations

import numpy as np

from calib.arrays import Array, Mask
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.read import load_geometry

ARMS = ["ur10e", "franka_fr3", "irb120", "stanford"]
BASE = se3.compose(so3.exp(np.array([0.3, -1.1, 2.0])), np.array([2.5, -0.7, 0.4]))
TARGETS = se3.exp(np.array([[0.03, -0.05, 0.12, 0.4, -0.2, 1.0], [0.1, 0.02, 0.2, -1.0, 2.0, 0.1]]))

UNDETERMINED = ["all poses are alike", "the orientation never changes", "the flange turns about one axis only"]
"""What errors say of `undetermined` poses."""


def flange(name: str, rows: int, seed: int) -> Array:
    """base_from_flange (rows, 4, 4) of an arm at random joint values."""
    arm = load_geometry(name)
    return base_from_flange(arm, np.random.default_rng(seed).uniform(-1.5, 1.5, (rows, arm.joints)))


def wrong_rows(rows: int, seed: int) -> Mask:
    """A fifth of the rows."""
    return np.asarray(np.random.default_rng(seed).permutation(rows) < rows // 5)


def undetermined(case: str) -> Array:
    """Flange poses (50, 4, 4) that leave base and target undetermined, as `case` says."""
    f = flange("ur10e", 50, seed=3)
    random = np.random.default_rng(4)
    if case == "all poses are alike":
        return f[0] @ se3.exp(random.normal(0, 1e-6, (50, 6)))
    if case == "the orientation never changes":
        f[:, :3, :3] = f[0, :3, :3]
        return f
    turns = so3.exp(random.uniform(-3, 3, (50, 1)) * np.array([0.6, 0.0, 0.8]))
    return se3.compose(f[0, :3, :3] @ turns, f[:, :3, 3])
