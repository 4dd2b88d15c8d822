"""Noise and least squares in turn, until the noise stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from calib.errors import ConvergenceError

if TYPE_CHECKING:
    from calib.engine import Solution

ROUNDS = 12  # two or three settle it, a bent board with an unknown lens takes more
SETTLED = 0.02  # relative change of the noise that no interval shows

P = TypeVar("P")
S = TypeVar("S")


def settle(solve: Callable[[P], tuple[S, P, float]], problem: P) -> S:
    """The solution of a problem, or of the problem about its solution and so on, until the noise stays.

    solve: returns a solution, the problem about it with the noise by it, and by how much that noise has changed:
    relative, or in standard deviations.
    """
    solution, problem, change = solve(problem)
    for _ in range(ROUNDS - 1):
        if change < SETTLED:
            break
        solution, problem, change = solve(problem)
    return solution


def require_converged(solution: Solution, what: str, advice: str) -> None:
    """Raise ConvergenceError `hand-eye-not-converged` for a solve that did not converge."""
    if not solution.status.converged:
        message = f"{what} did not converge"
        raise ConvergenceError(message, code="hand-eye-not-converged", why=solution.sentence(), advice=advice)
