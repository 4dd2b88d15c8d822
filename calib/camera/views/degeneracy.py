"""When views do not determine a camera: reported before any number is.

A plane seen from one direction fixes two relations between five intrinsics; parallel planes all fix the same two
(P. Sturm, S. Maybank, "On plane-based camera calibration", CVPR 1999; Zhang 2000, sec. 2.4). With noise the equations
look solvable, and a solver returns a confident wrong focal length.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.camera.adjustment.reprojection import LENS_BLOCK, POSE_BLOCK, Corners, lens_block, reprojection
from calib.camera.start.resection import is_solid
from calib.engine import Options, ParameterBlock, Problem, ResidualBlock, solve
from calib.errors import DegenerateError
from calib.geometry import se3, so3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.lens import Lens
    from calib.engine import Solution
    from calib.engine.problem import Rows, Values

# Boards whose normals differ by more than this are plainly not parallel; below it, a test on the data decides.
PLAINLY_TILTED_DEG = 12.0
# Variance ratio from which separate tilts explain the data better than one common tilt. Noise alone gives 1; errors
# that no camera model explains (a bent board) give a few.
TILTS_NEEDED = 5.0
FINEST_PX = 1e-3  # no corner is known better; what explains less than this explains nothing, also in exact data
WEAKEST_FOCAL = 0.1  # relative standard deviation beyond which a focal length is no answer


def check_views(corners: Corners) -> None:
    """Raise DegenerateError `one-view` for a single view, unless it is of a target that is not flat."""
    if len(corners.counts) < 2 and not is_solid(corners):
        raise DegenerateError(
            "one view of a board cannot determine a camera",
            code="one-view",
            why="a plane seen once gives two equations for the focal lengths and the principal point",
            advice="take at least 8 images with the board tilted 20 to 45 degrees in different directions",
        )


def check_corners(coordinates: int, unknowns: int) -> None:
    """Raise DegenerateError `too-few-corners` unless the corners' coordinates outnumber the unknowns."""
    if coordinates <= unknowns:
        raise DegenerateError(
            "there are too few corners for the unknowns",
            code="too-few-corners",
            why=f"{coordinates} coordinates measured, {unknowns} unknowns of the lens and the poses",
            advice="add views or corners, or hold parameters with --fix",
        )


def check_tilts(lens: Lens, corners: Corners, solution: Solution) -> None:
    """Raise DegenerateError if the boards are parallel, or the camera never moved, within what the noise allows.

    Where the normals found are close together, a second solve forces one common normal on all views; unless it fits
    significantly worse (F test), the tilts are noise and with them the focal length.
    """
    weakest = focal_weakness(solution)
    if weakest is None:
        return  # the focal lengths are held: the tilts need not determine them
    poses = solution.values[POSE_BLOCK]
    spread = np.degrees(_largest_angle(poses[:, :3, 2]))
    sound = solution.status.converged and weakest < WEAKEST_FOCAL
    solid = is_solid(corners)  # which a single direction shows as well
    if (spread > PLAINLY_TILTED_DEG or solid) and sound:
        return
    if not solid and (ratio := _tilt_ratio(lens, corners, solution)) < TILTS_NEEDED:
        still = _never_moved(corners)
        what = "neither the camera nor the board moved" if still else "the boards are parallel in all views"
        raise DegenerateError(
            f"{what}: the focal length cannot be determined",
            code="static-camera" if still else "parallel-boards",
            why=f"one common orientation of the board explains the corners as well as {len(poses)} separate ones "
            f"(variance ratio {ratio:.2f}, needed {TILTS_NEEDED:g})",
            advice="tilt the board 20 to 45 degrees, in a different direction in each image",
        )
    unseen = weakest >= WEAKEST_FOCAL
    if unseen or (solution.status.converged and not sound):
        share = f"is {100 * weakest:.0f} % of its value" if np.isfinite(weakest) else "has no bound"
        raise DegenerateError(
            "the views do not determine the focal length",
            code="focal-length-unobservable",
            why=f"its standard deviation {share}; the board's directions differ by {spread:.1f} degrees",
            advice="add images with the board tilted 20 to 45 degrees, or hold parameters with --fix",
        )


def focal_weakness(solution: Solution) -> float | None:
    """The relative standard deviation of the focal length that is determined worse, infinite for one that is not above
    0; None where both are held."""
    labels = [label for label in ("fx_px", "fy_px") if label in solution.uncertainty.labels]
    focal = [solution.value(label) for label in labels]
    if not labels:
        return None
    if min(focal) <= 0:
        return float("inf")
    factor = np.sqrt(solution.variance_factor)
    return float(max(factor * solution.uncertainty.sigma(label) / f for label, f in zip(labels, focal, strict=True)))


def _largest_angle(normals: Array) -> float:
    """Twice the largest angle between a normal and their mean, radians; flipped normals count as the same plane."""
    aligned = normals * np.where(normals @ normals[0] < 0, -1.0, 1.0)[:, None]
    mean = aligned.mean(axis=0)
    cosine = np.clip(aligned @ mean / np.linalg.norm(mean), -1.0, 1.0)
    return float(2 * np.arccos(np.sort(cosine)[len(cosine) // 10]))


def _never_moved(corners: Corners) -> bool:
    """Whether every view shows the same corners within a pixel or so of where the first one does."""
    if (corners.counts != corners.counts[0]).any():
        return False
    stacked = corners.px.reshape(2, len(corners.counts), -1)
    return bool(np.sqrt(np.mean(np.var(stacked, axis=1))) < 1.0)


def _tilt_ratio(lens: Lens, corners: Corners, solution: Solution) -> float:
    """How much worse, per parameter saved and in units of the noise, one common tilt fits than separate ones."""
    common = solve(_common_tilt(lens, corners, solution), Options(initial_damping=1e-3, max_iterations=60))
    views = len(corners.counts)
    saved = 2 * (views - 1) - 1  # two tilts per view but one, less the focal length that is held
    return float(2 * (common.cost - solution.cost) / max(saved, 1) / max(solution.variance_factor, FINEST_PX**2))


def _common_tilt(lens: Lens, corners: Corners, solution: Solution) -> Problem:
    """The same residuals with one rotation for all views but for turns about the board's normal.

    camera_from_board = [exp(tilt) R0 exp(turn z), t]. A focal length is held: with parallel boards it is a gauge.
    """
    poses = solution.values[POSE_BLOCK]
    block = solution.problem.by_name[LENS_BLOCK]
    first = poses[0, :3, :3]
    turns = so3.log(first.T @ poses[:, :3, :3])[:, 2:]
    plain = reprojection(lens, corners)

    def poses_at(values: Values) -> Array:
        turn = np.zeros((len(poses), 3))
        turn[:, 2] = values["turn"][:, 0]
        tilt = np.append(values["tilt"][0], 0.0)
        return se3.compose(so3.exp(tilt) @ first @ so3.exp(turn), values["turn"][:, 1:])

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        camera_from_board = poses_at(values)
        inner = {LENS_BLOCK: values[LENS_BLOCK], POSE_BLOCK: camera_from_board}
        residuals, (by_lens, by_pose) = plain.evaluate(inner, rows)
        back = np.swapaxes(camera_from_board[corners.view[rows], :3, :3], 1, 2)  # board_from_camera
        tilted = so3.left_jacobian(np.append(values["tilt"][0], 0.0))[:, :2]
        by_tilt = by_pose[:, :, 3:] @ (back @ tilted)
        by_turn = np.concatenate([by_pose[:, :, 5:], by_pose[:, :, :3] @ back], axis=2)
        return residuals, (by_lens, by_tilt, by_turn)

    start = np.concatenate([turns, poses[:, :3, 3]], axis=1)
    members = {LENS_BLOCK: None, "tilt": None, "turn": corners.view}
    lens_parameters = solution.values[LENS_BLOCK][0]
    held = lens_block(lens, lens_parameters, block.fixed | {"fx_px"})
    return Problem(
        (
            replace(held, retract=block.retract),
            ParameterBlock("tilt", np.zeros((1, 2)), ("tilt_x_rad", "tilt_y_rad")),
            ParameterBlock("turn", start, ("turn_rad", "x_m", "y_m", "z_m")),
        ),
        (ResidualBlock(plain.name, plain.rows, 2, members, evaluate, plain.sigma),),
    )
