"""A file that is dropped in is enough: a measurement, an effect and a compensation are listed, simulated and used."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from calib.cli import app
from calib.engine.derivatives import jacobian_errors
from calib.robot.arm.read import load_geometry
from calib.robot.compensation import load_compensation
from calib.robot.effect import conditions_of, load_effect
from calib.robot.identification.model import Model, model_rows, pose_problem
from calib.robot.measurement import load_measurement
from calib.robot.simulation.simulate import simulate

DUMMIES = {
    "calib.robot.measurements": """
'''Dummy: a dummy of a measurement.'''
from dataclasses import replace
from calib.robot.measurements import position

MEASUREMENT = replace(position.MEASUREMENT, name="dummy", title="a dummy of a measurement")
""",
    "calib.robot.effects": """
'''Dummy: a dummy of a effect.'''
import numpy as np
from calib.engine.label import Label
from calib.robot.effect import Effect

def labels(arm):
    return (Label("bend", "m"),)

def tangent(arm, command, conditions):
    out = np.zeros((len(command), 6, 1))
    out[:, 0, 0] = np.sin(3 * command[:, 1])
    return out

EFFECT = Effect("dummy", "a dummy of an effect", labels, tangent, lambda arm: np.full(1, 1e-3), lambda table: None)
""",
    "calib.compensations": """
'''Dummy: a dummy of a compensation.'''
from calib.robot.compensation import Compensation, TrainingOutcome

COMPENSATION = Compensation(
    "dummy", "a dummy of a compensation",
    lambda joints, errors, by_joint, groups, seed: TrainingOutcome(None, "declined: a dummy learns nothing", 0.0, 0.0),
    lambda learned: {}, lambda document, where: None, lambda rows: None,
)
""",
}


@pytest.fixture(autouse=True)
def dropped_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One file more in each of the packages."""
    for package, source in DUMMIES.items():
        folder = tmp_path / package
        folder.mkdir()
        (folder / "dummy.py").write_text(source)
        module = importlib.import_module(package)
        monkeypatch.setattr(module, "__path__", [*module.__path__, str(folder)])
        importlib.invalidate_caches()
    yield
    for package in DUMMIES:
        sys.modules.pop(f"{package}.dummy", None)


def calib(*arguments: object) -> Result:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize("kind", ["measurements", "effects", "compensations"])
def test_it_is_listed(kind: str) -> None:
    result = calib("list", kind)
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if line.strip().startswith("dummy")]
    assert "a dummy of a" in line


def test_it_keeps_the_contract_of_a_measurement_and_of_an_effect() -> None:
    arm, measurement = load_geometry("ur5e"), load_measurement("dummy")
    simulation = simulate(arm, measurement="dummy", poses=40, effects=("dummy",), seed=1)
    assert set(simulation.effects) == {"dummy"}
    start = measurement.start(arm.base_from_flange(simulation.table.joints), simulation.table, 0)
    model = Model(arm, measurement, arm, (load_effect("dummy"),))
    rows = model_rows(model, simulation.table, conditions_of(simulation.table))
    values = {**start.values, "dummy": np.full((1, 1), 1e-3)}
    problem = pose_problem(model, rows, values, priors=False)
    errors = jacobian_errors(problem, problem.residuals[0], problem.start)
    assert {"arm", "dummy"} < set(errors)
    assert max(errors.values()) < 1e-8
    assert load_compensation("dummy").title == "a dummy of a compensation"


def test_the_commands_work_with_it(tmp_path: Path) -> None:
    sim, out = tmp_path / "sim", tmp_path / "out"
    made = calib("simulate", "robot", "--output", sim, "--measurement", "dummy", "--effects", "dummy", "--poses", 90)
    assert made.exit_code == 0, made.output
    result = calib("robot", "--poses", sim / "poses.csv", "--arm", "ur5e", "--measurement", "dummy", "--model", "auto",
                   "--compensate", "dummy", "--output", out, "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["measurement"] == "dummy"
    assert "dummy" in {trial["effect"] for trial in document["effects"] if trial["added"]}
    assert document["compensation"]["reason"] == "declined: a dummy learns nothing"
    assert "bend_m" in document["parameters"]
