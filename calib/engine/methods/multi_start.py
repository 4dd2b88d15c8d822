"""Where no good start is known: a global search polished by Levenberg-Marquardt, many starts, or other strategies.

R. Storn, K. Price, "Differential evolution", J. Global Optimization 11, 1997, by way of scipy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine.iterate import quiet
from calib.engine.levenberg_marquardt.options import Options
from calib.engine.levenberg_marquardt.solve import solve
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.products import cost
from calib.engine.problem import ParameterBlock, Problem, ProblemError
from calib.engine.status import Status

if TYPE_CHECKING:
    from calib.engine.solution import Solution

# What a second strategy should do differently: Levenberg's unscaled damping and uncorrected steps take other paths.
SECOND = (
    Options(scaling="identity", geodesic="never", max_iterations=300),
    Options(scaling="more", geodesic="always", initial_damping=1.0, max_iterations=300),
)
SHRUNK = (0.1, 0.01, -1.0)  # of the whole start: one that is too far out, or on the wrong side
SPREAD = (-2.0, 0.5)  # decades by which a scattered coordinate is smaller or larger than the start's
FLIPPED = 0.25  # share of scattered coordinates that change sign
SKETCH = 100  # iterations that a scattered start is given before it is compared


@dataclass(frozen=True)
class Attempt:
    """One solve of several."""

    name: str
    """The strategy or start."""
    solution: Solution
    """What it reached."""


def best(attempts: Sequence[Attempt]) -> Attempt:
    """The attempt of lowest finite cost; among equals the first."""
    return min(attempts, key=lambda a: a.solution.cost if np.isfinite(a.solution.cost) else np.inf)


def global_start(
    problem: Problem,
    bounds: Mapping[str, tuple[float, float]],
    *,
    seed: int = 0,
    generations: int = 200,
    population: int = 15,
    options: Options | None = None,
    on_generation: Callable[[int, float], object] | None = None,
) -> Solution:
    """Search the box `bounds` (by label, of single-member vector blocks) by differential evolution, then solve.

    Free coordinates without bounds keep their start in the search and are freed for the solve. population: per
    coordinate. on_generation(generation, cost) stops the search by returning True. Raises ProblemError for a label
    that is unknown, held or without a finite box.
    """
    where = _places(problem, bounds)
    layout = layout_of(problem)

    def values_of(x: Array) -> dict[str, Array]:
        values = {name: value.copy() for name, value in problem.start.items()}
        for (name, coordinate), number in zip(where, x, strict=True):
            values[name][0, coordinate] = number
        return values

    found = search(
        lambda x: cost(layout, values_of(x)),
        tuple(bounds.values()),
        seed=seed,
        generations=generations,
        population=population,
        on_generation=on_generation,
    )
    return solve(problem.with_values(values_of(found)), options)


def search(
    objective: Callable[[Array], float],
    box: Sequence[tuple[float, float]],
    *,
    seed: int = 0,
    generations: int = 200,
    population: int = 15,
    on_generation: Callable[[int, float], object] | None = None,
) -> Array:
    """The point (k,) of a box where an objective is least, by differential evolution; what is not finite is worst.

    population: per coordinate. on_generation(generation, least) stops the search by returning True.
    """
    from scipy.optimize import Bounds, OptimizeResult, differential_evolution

    def finite(x: Array) -> float:
        found = objective(x)
        return found if np.isfinite(found) else 1e300

    generation = 0

    def watch(intermediate_result: OptimizeResult) -> None:
        nonlocal generation
        generation += 1
        if on_generation is not None and on_generation(generation, float(intermediate_result["fun"])) is True:
            raise StopIteration

    with quiet():
        found = differential_evolution(
            finite,
            Bounds(*np.array(box).T),
            maxiter=generations,
            popsize=population,
            rng=np.random.default_rng(seed),
            polish=False,
            callback=watch,
        )
    return np.asarray(found.x)


def multi_start(
    problem: Problem, count: int = 10, *, seed: int = 0, options: Options | None = None
) -> tuple[Attempt, ...]:
    """Solve from the start given, from three multiples of it, and from `count` scattered about it in size and sign.

    A scattered start gets a few iterations; the best of them is then solved to the end. Blocks that are not plain
    vectors keep their start. Returns every attempt; see `best`.
    """
    options = options or Options()
    sketch = Options(max_iterations=SKETCH, polish=None)
    tried = [Attempt(f"start x {share:g}", solve(_scale_start(problem, share), sketch)) for share in SHRUNK]
    rng = np.random.default_rng(seed)
    tried += [Attempt(f"scattered {i + 1}", solve(_scatter_start(problem, rng), sketch)) for i in range(count)]
    lowest = best(tried)
    finished = Attempt(lowest.name, solve(problem.with_values(lowest.solution.values), options))
    return (Attempt("start", solve(problem, options)), *tried, finished)


def portfolio(
    problem: Problem, count: int = 10, *, seed: int = 0, options: Options | None = None
) -> tuple[Attempt, ...]:
    """Other strategies and other starts where the first leaves residuals: each keeps what it found, see `best`.

    The first attempt is the plain solve; if its residuals are zero it is the only one.
    """
    options = options or Options()
    attempts = [Attempt("start", solve(problem, options))]
    for second in SECOND:
        if attempts[-1].solution.status is Status.ZERO:
            return tuple(attempts)
        name = f"{second.scaling} scaling, acceleration {second.geodesic}"
        attempts.append(Attempt(name, solve(problem, second)))
    if attempts[-1].solution.status is Status.ZERO:
        return tuple(attempts)
    return tuple(attempts) + multi_start(problem, count, seed=seed, options=options)[1:]


def _places(problem: Problem, bounds: Mapping[str, tuple[float, float]]) -> list[tuple[str, int]]:
    places = []
    for label, (low, high) in bounds.items():
        homes = [b for b in problem.parameters if _plain(b) and b.count == 1 and label in b.labels]
        if len(homes) != 1 or label in homes[0].fixed:
            raise ProblemError(f"{label}: no free label of this name in a single-member vector block")
        if not (np.isfinite([low, high]).all() and low < high):
            raise ProblemError(f"{label}: a search needs a finite box, not {low:g} to {high:g}")
        places.append((homes[0].name, homes[0].labels.index(label)))
    return places


def _plain(block: ParameterBlock) -> bool:
    return block.values.shape == (block.count, block.tangent)


def _within(block: ParameterBlock, values: Array) -> Array:
    """Values moved into the block's bounds, its fixed coordinates as they were."""
    moved = np.where(np.isin(np.arange(block.tangent), block.free), values, block.values)
    for label, (low, high) in block.bounds.items():
        i = block.labels.index(label)
        moved[:, i] = np.clip(moved[:, i], low, high)
    return moved


def _scale_start(problem: Problem, share: float) -> Problem:
    plain = [block for block in problem.parameters if _plain(block)]
    return problem.with_values({**problem.start, **{b.name: _within(b, share * b.values) for b in plain}})


def _scatter_start(problem: Problem, rng: np.random.Generator) -> Problem:
    values = dict(problem.start)
    for block in problem.parameters:
        if _plain(block):
            start = block.values
            typical = np.abs(start).max(initial=0.0) or 1.0
            size = np.where(start == 0, typical, start) * 10 ** rng.uniform(*SPREAD, size=start.shape)
            sign = np.where(rng.random(start.shape) < FLIPPED, -1.0, 1.0)
            values[block.name] = _within(block, sign * size)
    return problem.with_values(values)
