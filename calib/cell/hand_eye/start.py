"""The closed-form start of a hand-eye: images that agree, then the method that leaves least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.cell.hand_eye.closed_forms import METHODS, read_method
from calib.cell.hand_eye.frame_loop import discrepancy, mount_from_rest, sizes
from calib.errors import DegenerateError
from calib.geometry import se3, so3
from calib.robot.start.pose import pose_start, reach, within

if TYPE_CHECKING:
    from calib.cell.hand_eye.frame_loop import Setup


FEWEST_FOR_VOTE = 6  # images below which a random subset of five cannot tell who is wrong


@dataclass(frozen=True, eq=False)
class Start:
    """method: by name. x: mount_from_camera, y: rest_from_board (4, 4). off_m, off_rad: (n,) what the robot's poses
    miss. motion_m: rms motion of the flange. agree: (n,) images of one opinion. tried: size per method."""

    method: str
    x: Array
    y: Array
    off_m: Array
    off_rad: Array
    motion_m: float
    agree: Mask
    tried: dict[str, float]

    @property
    def median_m(self) -> float:
        """Median distance in m."""
        return float(np.median(self.off_m))

    @property
    def median_rad(self) -> float:
        """Median angle in rad."""
        return float(np.median(self.off_rad))

    @property
    def size(self) -> float:
        """Both as one figure: shares of the motion, and radians."""
        return self.median_m / self.motion_m + self.median_rad

    def __str__(self) -> str:
        return f"{1000 * self.median_m:.3g} mm and {np.degrees(self.median_rad):.3g} deg"


def hand_eye_start(setup: Setup, base_from_flange: Array, camera_from_board: Array, method: str | None = None) -> Start:
    """X and Y from poses (n, 4, 4), by the method named or the one with the smallest residual.

    Raises UsageError `unknown-method`, DegenerateError `closed-form-failed`, `poses-degenerate`.
    """
    if method is not None:
        read_method(method)
    g, c = mount_from_rest(base_from_flange, setup), camera_from_board
    motion = reach(base_from_flange)
    agree = _vote(g, c, motion) if len(g) >= FEWEST_FOR_VOTE else np.ones(len(g), bool)
    best: Start | None = None
    tried: dict[str, float] = {}
    failure: DegenerateError | None = None
    for name in METHODS if method is None else (method,):
        try:
            x = METHODS[name](g[agree], c[agree])
        except DegenerateError as error:
            failure = error
            continue
        y = board_of(g[agree], c[agree], x)
        off_m, off_rad = sizes(discrepancy(setup, base_from_flange, x, y, c).residuals)
        tried[name] = float(np.sqrt(np.mean((off_m[agree] / motion) ** 2 + off_rad[agree] ** 2)))
        if best is None or tried[name] < tried[best.method]:
            best = Start(name, x, y, off_m, off_rad, motion, agree, tried)
    if best is None:
        assert failure is not None
        raise failure
    return best


def _vote(g: Array, c: Array, motion: float) -> Mask:
    """Images (n,) that agree with the half that agrees best.

    That half was chosen to agree, the more so the fewer images there are: its median is enlarged as P. J. Rousseeuw
    and A. Leroy do (Robust Regression, 1987, p. 202), with the two poses that are estimated for unknowns.
    """
    found = pose_start(g, c)
    enlarged = 1 + 5 / (len(g) - 2)
    return within(found.residual_m / enlarged, motion) & within(found.residual_rad / enlarged, 1.0)


def board_of(g: Array, c: Array, x: Array) -> Array:
    """rest_from_board (4, 4) of X: the mean over poses of inverse(G) X C."""
    said = se3.inverse(g) @ x @ c
    return se3.compose(so3.nearest(said[:, :3, :3].mean(axis=0)), said[:, :3, 3].mean(axis=0))
