"""The closed-form start of a hand-eye: the images that agree, then the method that leaves the smallest error."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.cell.frame_loop import SETUPS, lengths_and_angles, loop_error, mount_from_fixture
from calib.cell.start.closed_forms import METHODS, load_method
from calib.cell.start.motion import turns
from calib.errors import DegenerateError
from calib.geometry import se3, so3
from calib.robot.start.inliers import reach, within
from calib.robot.start.pose import pose_start

if TYPE_CHECKING:
    from calib.cell.frame_loop import Setup
    from calib.cell.pairing.paired_views import PairedViews


POSITIONS = "positions"  # the method of robots that do not turn about two axes
FEW_AXES_STEPS = 5  # of Gauss and Newton, from a start by positions alone
OPEN_RATIO = 1e-6  # of singular values, below which a direction is left where it is
FEWEST_FOR_VOTE = 6  # images below which random subsets of five do not single out an outlier


@dataclass(frozen=True, eq=False)
class ClosedFormStart:
    """A hand-eye in closed form, and what it leaves."""

    method: str
    """Its name."""

    mount_from_camera: Array
    """(4, 4)."""

    fixture_from_board: Array
    """(4, 4)."""

    off_m: Array
    """(n,) lengths of the loop errors of the images."""

    off_rad: Array
    """(n,) angles of the loop errors."""

    motion_m: float
    """rms motion of the flange, to compare with."""

    inliers: Mask
    """(n,) images whose poses agree, by which it was computed."""

    rms_by_method: dict[str, float]
    """rms loop error of each method tried: shares of the motion, and radians."""

    @property
    def median_m(self) -> float:
        """Median length of the loop errors in m."""
        return float(np.median(self.off_m))

    @property
    def median_rad(self) -> float:
        """Median angle of the loop errors in rad."""
        return float(np.median(self.off_rad))

    @property
    def size(self) -> float:
        """Both as one figure: share of the motion, and radians."""
        return self.median_m / self.motion_m + self.median_rad

    def __str__(self) -> str:
        return f"{1000 * self.median_m:.3g} mm and {np.degrees(self.median_rad):.3g} deg"


@dataclass(frozen=True, eq=False)
class SetupStart:
    """The set-up given or found, and the closed forms."""

    setup: Setup

    start: ClosedFormStart

    other: ClosedFormStart | None
    """That of the other set-up, if both were tried."""


def start_of_setup(pairs: PairedViews, setup: Setup | None, method: str | None = None) -> SetupStart:
    """The start of the set-up given, or of the one that fits better. Raises as `hand_eye_start`."""
    poses = pairs.base_from_flange, pairs.seen.camera_from_board
    if setup is not None:
        return SetupStart(setup, hand_eye_start(setup, *poses, method), None)
    starts = {each: hand_eye_start(each, *poses, method) for each in SETUPS}
    best, other = sorted(SETUPS, key=lambda each: starts[each].size)
    return SetupStart(best, starts[best], starts[other])


def hand_eye_start(
    setup: Setup, base_from_flange: Array, camera_from_board: Array, method: str | None = None
) -> ClosedFormStart:
    """A hand-eye from poses (n, 4, 4), by the method named or the one with the smallest residual.

    Raises UsageError `unknown-method`, DegenerateError `closed-form-failed`, `poses-degenerate`.
    """
    if method is not None:
        load_method(method)
    g, c = mount_from_fixture(base_from_flange, setup), camera_from_board
    if len(turns(g).open):
        return _of_few_axes(setup, base_from_flange, c)
    everything = np.ones(len(g), bool)
    voted = _vote(g, c, reach(base_from_flange)) if len(g) >= FEWEST_FOR_VOTE else everything
    starts: list[ClosedFormStart] = []
    failure: DegenerateError | None = None
    # where the flange turns little, those that agree may be those that determine little: all are asked as well
    for inliers in (voted,) if voted.all() else (voted, everything):
        for name in METHODS if method is None else (method,):
            try:
                starts.append(_closed_form(setup, base_from_flange, c, inliers, name))
            except DegenerateError as error:
                failure = error
    if not starts:
        assert failure is not None
        raise failure
    best = [min(each, key=lambda start: start.rms_by_method[start.method]) for each in _by_inliers(starts)]
    return min(best, key=lambda start: start.size)


def _closed_form(
    setup: Setup, base_from_flange: Array, camera_from_board: Array, inliers: Mask, method: str
) -> ClosedFormStart:
    """The hand-eye by one method from the inliers. Raises DegenerateError."""
    g, c, motion = mount_from_fixture(base_from_flange, setup), camera_from_board, reach(base_from_flange)
    x = METHODS[method](g[inliers], c[inliers])
    y = mean_fixture_from_board(g[inliers], c[inliers], x)
    off_m, off_rad = lengths_and_angles(loop_error(setup, base_from_flange, x, y, c).residuals)
    rms = float(np.sqrt(np.mean((off_m[inliers] / motion) ** 2 + off_rad[inliers] ** 2)))
    return ClosedFormStart(method, x, y, off_m, off_rad, motion, inliers, {method: rms})


def _of_few_axes(setup: Setup, base_from_flange: Array, camera_from_board: Array) -> ClosedFormStart:
    """The hand-eye of a robot whose turns do not separate camera and board: a start that keeps the board near what
    carries it. Raises DegenerateError."""
    found = pose_start(mount_from_fixture(base_from_flange, setup), camera_from_board)
    x, y, motion = se3.inverse(found.world_from_base), found.flange_from_target[0], reach(base_from_flange)
    scale = np.repeat([1 / motion, 1.0], 3)[:, None]
    for _ in range(FEW_AXES_STEPS):
        off = loop_error(setup, base_from_flange, x, y, camera_from_board)
        by = (scale * np.concatenate([off.by_camera, off.by_board], axis=2))[found.inlier].reshape(-1, 12)
        right = (scale[:, 0] * off.residuals)[found.inlier].ravel()
        step = -np.linalg.lstsq(by, right, rcond=OPEN_RATIO)[0]  # the shortest: nothing along what is open
        x, y = se3.retract(x, step[:6]), se3.retract(y, step[6:])
    off_m, off_rad = lengths_and_angles(loop_error(setup, base_from_flange, x, y, camera_from_board).residuals)
    rms = float(np.sqrt(np.mean((off_m / motion) ** 2 + off_rad**2)))
    return ClosedFormStart(POSITIONS, x, y, off_m, off_rad, motion, found.inlier, {POSITIONS: rms})


def _by_inliers(starts: list[ClosedFormStart]) -> list[list[ClosedFormStart]]:
    """Starts from the same inliers together, each with the errors of all their methods."""
    groups: dict[bytes, list[ClosedFormStart]] = {}
    for start in starts:
        groups.setdefault(start.inliers.tobytes(), []).append(start)
    merged = []
    for group in groups.values():
        rms = {name: error for start in group for name, error in start.rms_by_method.items()}
        merged.append([replace(start, rms_by_method=rms) for start in group])
    return merged


def _vote(g: Array, c: Array, motion: float) -> Mask:
    """Images (n,) that agree with the half that agrees best.

    That half was chosen to agree, the more so the fewer images there are: its median is enlarged as P. J. Rousseeuw
    and A. Leroy do (Robust Regression, 1987, p. 202), with the two poses that are estimated for unknowns.
    """
    found = pose_start(g, c)
    enlarged = 1 + 5 / (len(g) - 2)
    return within(found.residual_m / enlarged, motion) & within(found.residual_rad / enlarged, 1.0)


def mean_fixture_from_board(mount_from_fixture: Array, camera_from_board: Array, mount_from_camera: Array) -> Array:
    """fixture_from_board (4, 4), the mean over poses (n, 4, 4) of the loop closed by each."""
    each = se3.inverse(mount_from_fixture) @ mount_from_camera @ camera_from_board
    return se3.compose(so3.nearest(each[:, :3, :3].mean(axis=0)), each[:, :3, 3].mean(axis=0))
