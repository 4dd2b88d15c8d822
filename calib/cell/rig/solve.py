"""The solve of several cameras: the robot's noise and bundle adjustment in turn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from calib.cell.adjustment.settle import require_converged, settle
from calib.cell.adjustment.variance_components import ReducedProblem, RobotNoise, estimate_noise
from calib.cell.rig.bundle_adjustment import Rig, RigState, adjust, reduce

if TYPE_CHECKING:
    from calib.engine import OnIteration, Solution
    from calib.engine.covariance import Uncertainty


@dataclass(frozen=True, eq=False)
class RigProblem:
    """Several cameras, the values of the unknowns, and the noise by which the robot's poses are weighted."""

    rig: Rig
    state: RigState
    noise: RobotNoise


@dataclass(frozen=True, eq=False)
class RigSolution:
    """A solution with the robot's noise that goes with it."""

    problem: RigProblem
    """About the solution."""

    solution: Solution

    reduced: ReducedProblem
    """The problem reduced about the solution."""

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """By the noise found, whose degrees of freedom are the robot's, and by what the images at one pose share."""
        return self.solution.uncertainty_for(1.0, 6 * len(self.problem.rig.poses) - 12)


def solve_rig(problem: RigProblem, on_iteration: OnIteration | None = None) -> RigSolution:
    """Solve, with the robot's noise estimated unless it is stated. Raises ConvergenceError `hand-eye-not-converged`."""
    return settle(partial(solve_once, on_iteration=on_iteration), problem)


def solve_once(problem: RigProblem, on_iteration: OnIteration | None = None) -> tuple[RigSolution, RigProblem, float]:
    """The solution, the problem about it with the noise by it, and by how much that noise has changed."""
    rig, before = problem.rig, problem.noise
    solution = adjust(rig, problem.state, before, on_iteration)
    require_converged(
        solution,
        "the calibration of all cameras together",
        "calibrate each alone and inspect the rejected images",
    )
    state = RigState.of(solution.values, rig)
    reduced = reduce(rig, state)
    noise = estimate_noise(reduced, before)
    after = RigProblem(rig, state, noise)
    return RigSolution(after, solution, reduced), after, noise.change(before)
