"""The least-squares problem of a camera: lens and poses adjusted to the corners of the views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.camera.adjustment.board_shape import SHAPE_BLOCK, Surface, shape_block, with_shape
from calib.camera.adjustment.reprojection import (
    LENS_BLOCK,
    POSE_BLOCK,
    Corners,
    PosedLens,
    lens_block,
    pose_block,
    reproject,
    reprojection,
    weak_priors,
)
from calib.camera.lens import Lens
from calib.camera.observations import View
from calib.engine import Options, Problem, Solution, Status, huber, solve
from calib.engine.damping import Marquardt

if TYPE_CHECKING:
    from calib.engine import OnIteration

# Zhang's start is close: little damping, and a rule that lets go of it by decades, make the solve Gauss-Newton from
# the second or third step on. Measured on 10 to 1000 views: 5 to 7 evaluations, against 5 to 12 with Nielsen's rule.
QUICK = Options(initial_damping=1e-7, damping=Marquardt(), geodesic="never", max_iterations=30)
# A curved valley (few views, much noise, a rational lens) takes that rule hundreds of steps; Nielsen's, with steps of
# second order, follows it in some tens.
PATIENT = Options(initial_damping=1e-6, max_iterations=200)
# To compare lenses: one that has not settled by then does not describe the views, or a smaller one does as well.
BRIEF = replace(QUICK, max_iterations=20)

Solve = Callable[[Problem, "OnIteration | None"], Solution]


@dataclass(frozen=True, eq=False)
class Adjustment:
    """A camera adjusted to views."""

    lens: Lens
    """The model."""
    views: Sequence[View]
    """What was seen."""
    corners: Corners
    """Of all views in one table."""
    used: Mask
    """(rows,) which of them took part in the solution."""
    parameters: Array
    """(p,) the lens'."""
    camera_from_board: Array
    """(views, 4, 4)"""
    solution: Solution
    """Of the least-squares problem."""
    solve: Solve
    """How it was solved."""
    shape: Array | None = None
    """(7,) coefficients of the board's surface, m, if it was estimated."""

    @property
    def held(self) -> frozenset[str]:
        """Labels held fixed."""
        return self.solution.problem.by_name[LENS_BLOCK].fixed

    @property
    def corners_used(self) -> Corners:
        """The corners that took part, in the board's plane."""
        return select(self.corners, self.used)

    @property
    def corners_bent(self) -> Corners:
        """All corners, those of a board whose shape was estimated on its surface."""
        if self.shape is None:
            return self.corners
        surface = Surface.over(self.corners_used.in_board)  # the extent that its coefficients are for
        return replace(self.corners, in_board=surface.bend(self.shape, self.corners.in_board))

    def residuals_px(self) -> Array:
        """Projected less seen, (rows, 2), also of the corners that took no part."""
        seen, corners = self.corners.px, self.corners_bent
        return np.asarray((reproject(self.lens, self.parameters, self.camera_from_board, corners) - seen).T)

    def norms(self) -> Array:
        """Length (rows,) of every residual in units of its corner's sigma."""
        residuals = self.residuals_px()
        return np.asarray(np.sqrt(np.einsum("md,md->m", residuals, residuals)) / self.corners.sigma_px)

    def again(self, used: Mask, on_iteration: OnIteration | None, huber_at_px: float | None = None) -> Adjustment:
        """Adjusted anew from here, to the corners given."""
        start = PosedLens(self.parameters, self.camera_from_board, shape=self.shape)
        problem = camera_problem(self.lens, self.held, self.views, select(self.corners, used), start, huber_at_px)
        solution = self.solve(problem, on_iteration)
        parameters, poses, shape = _point(solution)
        found = replace(self, used=used, parameters=parameters, camera_from_board=poses)
        return replace(found, shape=shape, solution=solution)


def adjust(
    lens: Lens,
    held: frozenset[str],
    views: Sequence[View],
    corners: Corners,
    start: PosedLens,
    on_iteration: OnIteration | None = None,
    solve: Solve | None = None,
    used: Mask | None = None,
) -> Adjustment:
    """Least squares from the start given. solve: how; None for `solve_bundle`. used: on which corners (rows,); None for
    all."""
    solve = solve or solve_bundle
    used = np.ones(corners.px.shape[1], bool) if used is None else used
    solution = solve(camera_problem(lens, held, views, select(corners, used), start), on_iteration)
    parameters, poses, shape = _point(solution)
    return Adjustment(lens, views, corners, used, parameters, poses, solution, solve, shape)


def _point(solution: Solution) -> tuple[Array, Array, Array | None]:
    """Lens parameters, poses and the board's shape, if it is one of them, of a solution."""
    values = solution.values
    return values[LENS_BLOCK][0], values[POSE_BLOCK], values[SHAPE_BLOCK][0] if SHAPE_BLOCK in values else None


def select(corners: Corners, used: Mask) -> Corners:
    """The corners that are used, in views that stay as many."""
    if used.all():
        return corners
    view = corners.view[used]
    return corners.select(used, view, np.bincount(view, minlength=len(corners.counts)))


def camera_problem(
    lens: Lens,
    held: frozenset[str],
    views: Sequence[View],
    corners: Corners,
    start: PosedLens,
    huber_at_px: float | None = None,
) -> Problem:
    """Least squares, or Huber's loss with the noise given; its board's shape is unknown if the start has one."""
    loss = huber() if huber_at_px else None
    unknown = lens_block(lens, start.parameters, held)
    poses = pose_block(start.camera_from_board, [view.image for view in views])
    unit_px = huber_at_px or 1.0
    seen, priors = reprojection(lens, corners, unit_px, loss), weak_priors(lens, unknown, unit_px)
    if start.shape is None:
        return Problem((unknown, poses), (seen, *priors))
    return Problem((unknown, poses, shape_block(start.shape)), (with_shape(seen, lens, corners), *priors))


def solve_briefly(problem: Problem, on_iteration: OnIteration | None = None) -> Solution:
    """Least squares in a few steps; the status tells whether they were enough."""
    return solve(problem, BRIEF, on_iteration)


def solve_bundle(problem: Problem, on_iteration: OnIteration | None = None) -> Solution:
    """Least squares by the rule that is quick near a solution; by the patient one from there if that takes too long."""
    solution = solve(problem, QUICK, on_iteration)
    if solution.status is Status.ITERATIONS:
        solution = solve(problem.with_values(solution.values), PATIENT, on_iteration)
    return solution
