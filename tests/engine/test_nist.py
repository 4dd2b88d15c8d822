"""Certified values: a third of NIST's regression problems here, all of them by tools/nist.py."""

from __future__ import annotations

import nist
import numpy as np
import pytest

from calib.engine import Options

needs_data = pytest.mark.skipif(not (nist.DATA / "Misra1a.dat").exists(), reason=f"no NIST data in {nist.DATA}")


@needs_data
@pytest.mark.parametrize("name", nist.QUICK)
def test_certified_digits(name: str) -> None:
    data = nist.read(nist.DATA / f"{name}.dat")
    for start in range(2):
        run, solution = nist.run_calib(data, start, Options())
        assert run.digits >= 9
        assert run.error_digits >= 9
        assert solution.status.converged
        assert solution.uncertainty.unobservable == ()


@needs_data
@pytest.mark.parametrize("name", [name for name in nist.MODELS if name != "Lanczos1"])  # no residuals to speak of
def test_certified_values_are_a_minimum(name: str) -> None:
    """The files are read right: the model at the certified values is stationary."""
    data = nist.read(nist.DATA / f"{name}.dat")
    problem = nist.pose(data, data.values)
    r, (jacobian,) = problem.residuals[0].evaluate(problem.start, slice(0, len(data.y)))
    J = jacobian[:, 0]
    cosines = J.T @ r[:, 0] / np.linalg.norm(J, axis=0) / np.linalg.norm(r)
    assert np.abs(cosines).max() < 1e-4
