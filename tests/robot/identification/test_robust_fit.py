"""Tables too large to be solved more than once: what a sample of the rows finds, the whole table only confirms."""

from __future__ import annotations

import numpy as np
import pytest

from calib.engine import solve
from calib.robot import calibrate, simulate
from calib.robot.effect import conditions_of
from calib.robot.identification import robust_fit
from calib.robot.identification.model import model_rows, pose_problem
from calib.robot.identification.robust_fit import TO_THE_LAST_DIGIT
from calib.robot.scene import Spread
from calib.robot.table.select import select_rows

SCOUTS, POSES = 500, 1200


@pytest.mark.parametrize("share", [0.0, 0.02])
def test_a_large_table_is_at_the_minimum_without_its_outliers(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated: list[int] = []

    def counted(problem, *arguments):  # type: ignore[no-untyped-def]
        found = solve(problem, *arguments)
        if len(problem.parameters[0].free) and problem.residuals[0].rows > SCOUTS:
            evaluated.append(found.evaluations)
        return found

    monkeypatch.setattr(robust_fit, "solve", counted)
    monkeypatch.setattr(robust_fit, "SCOUTS", SCOUTS)
    simulation = simulate("ur5e", poses=POSES, spread=Spread(outlier_share=share, outlier_m=0.005), seed=3)
    found = calibrate(simulation.table, "ur5e", holdout=0.0).fit
    np.testing.assert_array_equal(~found.used, simulation.outlier)
    kept = select_rows(simulation.table, found.used)
    rows = model_rows(found.model, kept, conditions_of(kept))
    exact = solve(pose_problem(found.model, rows, found.values, found.noise.sigma[found.used]), TO_THE_LAST_DIGIT)
    for name, value in found.values.items():
        np.testing.assert_allclose(value, exact.values[name], rtol=0, atol=1e-9)
    for name, sigma in (("position", 5e-5), ("orientation", 1e-4)):
        assert found.noise.common[name] == pytest.approx(sigma, rel=0.05)
    assert sum(evaluated) <= (2 if share == 0 else 12)
