"""What the motions of two bodies share whatever the frames: the screw from each pose to the next.

Between two poses, the angle of the turn and the way along its axis are the same for both bodies, whatever the frames
(H. H. Chen, "A screw motion approach to uniqueness analysis of head-eye geometry", CVPR 1991).
"""

from __future__ import annotations

import numpy as np

from calib.arrays import Array
from calib.geometry import se3, so3


def screws(poses: Array) -> tuple[Array, Array]:
    """Angle (n,) in rad and way along the axis (n,) in m of the motion from each of poses (n, 4, 4) to the next (last
    to first); the way's sign follows the axis that makes the angle positive."""
    steps = se3.inverse(poses) @ np.roll(poses, -1, axis=0)
    turns = so3.log(steps[:, :3, :3])
    angles = np.linalg.norm(turns, axis=1)
    return angles, np.einsum("ni,ni->n", turns, steps[:, :3, 3]) / np.maximum(angles, 1e-9)
