"""A solve that was put down and taken up again ends where it would have ended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases.engine import Use, curve, decay, random_parameters, random_residuals, rosenbrock

from calib.engine import Options, Problem, ProblemError, Solution, Status, solve
from calib.engine.checkpoint import load_checkpoint
from calib.engine.damping import Convergent, DampingRule, Marquardt, Nielsen

X = np.linspace(0, 4, 20)


def views() -> Problem:
    members = np.repeat(np.arange(5), 4)
    blocks = (random_parameters("lens", 1, 2, 1), random_parameters("pose", 5, 3, 2))
    uses = {"lens": Use(2), "pose": Use(3, members)}
    return Problem(blocks, (random_residuals("seen", 20, 2, uses, 3, curvature=0.1),))


PROBLEMS = {
    "rosenbrock": lambda: rosenbrock((-12.0, 10.0)),
    "curve": lambda: curve(decay, X, decay(X, np.array([2.0, 1.1, 0.5]))[0] + 0.01 * np.sin(37 * X), [9.0, 5.0, 7.0]),
    "views": views,
}


def equal(a: Solution, b: Solution) -> None:
    assert a.status is b.status
    assert a.cost == b.cost
    for name, value in a.values.items():
        np.testing.assert_array_equal(value, b.values[name])


@pytest.mark.parametrize("rule", [Nielsen(), Marquardt(), Convergent()], ids=repr)
@pytest.mark.parametrize("name", PROBLEMS)
def test_stopped_after_every_iteration(name: str, rule: DampingRule, tmp_path: Path) -> None:
    problem = PROBLEMS[name]()
    whole = solve(problem, Options(damping=rule, max_iterations=40))
    part = solve(problem, Options(damping=rule, max_iterations=1))
    for limit in range(2, 41):
        if part.status is not Status.ITERATIONS:
            break
        part.checkpoint.save(tmp_path / "solve.npz")
        again = load_checkpoint(tmp_path / "solve.npz")
        part = solve(problem, Options(damping=rule, max_iterations=limit), resume=again)
    equal(whole, part)


def test_cancelled_and_resumed() -> None:
    problem = PROBLEMS["rosenbrock"]()
    whole = solve(problem)
    part = solve(problem, on_iteration=lambda iteration: iteration.index == 4)
    assert part.status is Status.CANCELLED
    rest = solve(problem, resume=part.checkpoint)
    equal(whole, rest)
    assert rest.history[0].index == 5
    assert len(part.history) + len(rest.history) == len(whole.history)


def test_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ProblemError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(ProblemError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "text.npz")
    with pytest.raises(ProblemError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "missing.npz")
