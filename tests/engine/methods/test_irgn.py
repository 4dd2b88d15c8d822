"""IRGN reaches Landweber's quality in few steps."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import dense, ill_posed

from calib.engine import ParameterBlock, Problem, ProblemError, Status, solve
from calib.engine.methods.irgn import irgn
from calib.engine.methods.landweber import NoiseBounds, landweber


def test_irgn_reaches_the_same_quality_in_few_steps() -> None:
    problem, truth, delta, _ = ill_posed(1e-3)
    slow, fast = landweber(problem, NoiseBounds(delta)), irgn(problem, NoiseBounds(delta))
    assert fast.status is Status.DISCREPANCY
    assert len(fast.history) < 0.1 * len(slow.history)
    error = [np.linalg.norm(s.values["b"][0] - truth) for s in (slow, fast)]
    assert error[1] < 1.5 * error[0]


def test_regularised_beats_the_plain_solve() -> None:
    problem, truth, delta, _ = ill_posed(1e-2)
    plain = np.linalg.norm(solve(problem).values["b"][0] - truth)
    assert np.linalg.norm(irgn(problem, NoiseBounds(delta)).values["b"][0] - truth) < 0.1 * plain


def test_irgn_ends_in_words() -> None:
    problem, _, delta, _ = ill_posed(1e-3)
    assert irgn(problem, NoiseBounds(1e-15), max_iterations=3).status is Status.ITERATIONS
    assert irgn(problem, NoiseBounds(delta), on_iteration=lambda i: True).status is Status.CANCELLED
    rotation = ParameterBlock("b", np.eye(3)[None], ("wx", "wy", "wz"))
    with pytest.raises(ProblemError, match="plain vector"):
        irgn(Problem((rotation,), ()), NoiseBounds(1.0))


def test_the_cosine_it_tells_is_that_of_the_point() -> None:
    """Before each step, from the Jacobian there."""
    problem, _, delta, _ = ill_posed(1e-3)
    for count in (1, 3):
        before = irgn(problem, NoiseBounds(delta), max_iterations=count - 1)
        reference = dense(problem, before.values)
        slope = np.abs(reference.jacobian.T @ reference.residuals) / np.linalg.norm(reference.jacobian, axis=0)
        told = irgn(problem, NoiseBounds(delta), max_iterations=count).history[-1].gradient
        assert told == pytest.approx(slope.max() / np.linalg.norm(reference.residuals), rel=1e-10)
