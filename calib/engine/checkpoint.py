"""The state of a solve besides its point: what the loop carries from step to step, and how to store and resume it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calib.arrays import Array
from calib.engine.damping import Damping
from calib.engine.normal_equations.tangent import Tangent
from calib.engine.problem import ProblemError


@dataclass(frozen=True)
class Progress:
    """What the loop of Levenberg-Marquardt carries from one iteration to the next."""

    damping: Damping
    """Of the next step."""
    start: float
    """Cost at the start."""
    hand_over: float
    """Relative decrease expected of the next step at which the polish is tried."""
    curved: bool
    """Whether the next step is corrected by geodesic acceleration."""
    index: int = 0
    """Iterations done."""
    predicted_decrease: float = np.inf
    """By the first step tried at the current point; rejections only shrink those that follow."""
    achieved: float = 0.0
    """Decrease of the last step tried."""
    accepted: bool = True
    """Whether it was taken."""
    last: float = 0.0
    """Decrease of the step taken before it; at first the cost at the start."""

    @property
    def expected(self) -> float:
        """The decrease that the next step should achieve, if decreases go on shrinking as they did."""
        if not self.accepted or self.last <= 0 or self.index == 0:
            return np.inf
        return self.achieved * min(self.achieved / self.last, 1.0)


@dataclass(frozen=True, eq=False, repr=False)
class Checkpoint:
    """A solve put down.

    `solve(problem, options, resume=checkpoint)` takes the same path to the same answer as if it had not stopped.
    """

    values: dict[str, Array]
    """Per block."""
    remembered: Tangent
    """Squared column norms that the scaling goes by."""
    progress: Progress
    """Of the loop."""
    evaluations: int
    """So far."""

    def __repr__(self) -> str:
        return f"Checkpoint({self.progress.index} iterations, {self.evaluations} evaluations)"

    def save(self, path: Path) -> None:
        """Write a .npz file: plain arrays, no pickle."""
        p = self.progress
        numbers = np.array(
            [p.damping.mu, p.damping.growth, p.start, p.hand_over, p.predicted_decrease, p.achieved, p.last]
        )
        counts = np.array([p.curved, p.index, p.accepted, self.evaluations], float)
        arrays = {f"value {name}": value for name, value in self.values.items()}
        arrays |= {f"norms {name}": value for name, value in self.remembered.private.items()}
        arrays |= {"numbers": numbers, "counts": counts, "norms": self.remembered.shared}
        np.savez(path, allow_pickle=False, **arrays)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what `Checkpoint.save` wrote. Raises ProblemError if the file is something else."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        mu, growth, start, hand_over, predicted_decrease, achieved, last = arrays["numbers"].tolist()
        curved, index, accepted, evaluations = map(int, arrays["counts"])
        norms = arrays["norms"]
    except (KeyError, ValueError, OSError) as error:
        raise ProblemError(f"{path} is not a checkpoint of a solve: {error}") from error
    progress = Progress(
        Damping(mu, growth), start, hand_over, bool(curved), index, predicted_decrease, achieved, bool(accepted), last
    )
    return Checkpoint(
        _arrays_under(arrays, "value "), Tangent(norms, _arrays_under(arrays, "norms ")), progress, evaluations
    )


def _arrays_under(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
