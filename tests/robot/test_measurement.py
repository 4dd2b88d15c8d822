"""The contract of every measurement: its Jacobians, its closed-form start, and the rank that theory gives it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calib import plugins
from calib.engine import Problem
from calib.engine.derivatives import jacobian_errors
from calib.errors import DegenerateError, UsageError
from calib.geometry import se3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.read import load_geometry
from calib.robot.effect import conditions_of, load_effect
from calib.robot.identification.free_parameters import expected_rank, free_set, hold_redundant, hold_turning
from calib.robot.identification.model import Model, model_rows, pose_problem, residuals_at
from calib.robot.identification.robust_fit import fit
from calib.robot.measurement import load_measurement, measurement_of
from calib.robot.scene import Spread
from calib.robot.simulation.simulate import ArmSimulation, simulate
from calib.robot.table.select import select_rows

KINDS = plugins.discover("calib.robot.measurements")
ARMS = ("ur10e", "irb120", "franka_fr3", "stanford")


def simulated(name: str, kind: str, targets: int, spread: Spread | None = None) -> ArmSimulation:
    poses = 400 if kind in ("distance", "plane") else 80
    return simulate(load_geometry(name), measurement=kind, poses=poses, targets=targets, spread=spread, seed=11)


@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_jacobians_are_those_of_the_residual(kind: str, targets: int) -> None:
    simulation = simulated("franka_fr3", kind, targets)
    measurement, arm = load_measurement(kind), simulation.nominal
    start = measurement.start(base_from_flange(arm, simulation.table.joints), simulation.table, 0)
    model = Model(arm, measurement, arm, (load_effect("compliance"), load_effect("gear_ratio")))
    table = select_rows(simulation.table, np.arange(20))
    rows = model_rows(model, table, conditions_of(table))
    rng = np.random.default_rng(1)
    values = {**start.values, "arm": (arm.parameters + rng.normal(0, 0.01, 5 * arm.joints))[None]}
    values |= {basis.name: rng.normal(0, 2e-3, (1, len(basis.labels))) for basis in rows.bases}
    problem = pose_problem(model, rows, values, priors=False)
    errors = jacobian_errors(problem, problem.residuals[0], problem.start)
    assert set(errors) == {"arm", "compliance", "gear_ratio", *start.values}
    assert max(errors.values()) < 1e-8
    residuals, _ = problem.residuals[0].evaluate(problem.start, np.array([3, 17, 4]))
    np.testing.assert_allclose(residuals, residuals_at(model, rows, problem.start)[[3, 17, 4]], atol=1e-15)


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_the_start_is_exact_for_exact_data(kind: str, targets: int) -> None:
    simulation = simulated("ur10e", kind, targets, Spread(sigma_m=0, sigma_rad=0))
    measurement = load_measurement(kind)
    start = measurement.start(simulation.base_from_flange, simulation.table, 0)
    assert start.inlier.all()
    assert list(start.size) == [component.name for component in measurement.components]
    assert max(size.max() for size in start.size.values()) < 1e-6


@pytest.mark.parametrize("kind", ["point", "plane"])
def test_contact_starts_shrug_off_wrong_rows(kind: str) -> None:
    simulation = simulated("ur10e", kind, 2, Spread(outlier_share=0.2))
    start = load_measurement(kind).start(simulation.base_from_flange, simulation.table, 0)
    far = simulation.outlier & (next(iter(start.size.values())) > 1e-3)
    assert not (start.inlier & far).any()
    assert np.median(next(iter(start.size.values()))[~simulation.outlier]) < 1e-4


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("name", ARMS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_rank_is_what_theory_says(kind: str, name: str, targets: int) -> None:
    simulation = simulated(name, kind, targets)
    measurement, arm = load_measurement(kind), simulation.nominal
    wish = free_set(arm, "geometry", (), ())
    bare = Model(arm, measurement, arm)
    model = replace(bare, held=wish.held_labels(bare))
    start = measurement.start(base_from_flange(arm, simulation.table.joints), simulation.table, 0)
    rows = model_rows(model, simulation.table, conditions_of(simulation.table))
    held, found = hold_redundant(model, rows, start.values, wish.freed)
    if measurement.contact:
        closed = fit(held, rows, start.values, np.ones(len(rows), bool))
        held, found = hold_turning(held, rows, closed.values, wish.freed, found)
    assert found.rank == expected_rank(wish, held, simulation.table)
    # what is left is well determined: the gap to redundant ones is many decades wide
    assert found.singular[-1] / found.singular[0] > 1e-5
    problem = pose_problem(held, rows, start.values)
    assert sum(len(block.free) for block in problem.parameters) == found.rank


@pytest.mark.parametrize(("revolute", "prismatic", "rank"), [(6, 0, 30), (7, 0, 34), (5, 1, 28), (3, 1, 20)])
def test_ranks_of_the_literature(revolute: int, prismatic: int, rank: int) -> None:
    ranks = {kind: load_measurement(kind).rank(revolute, prismatic, 1) for kind in KINDS}
    assert ranks["pose"] == ranks["pose_from_flange"] == rank
    assert (ranks["position"], ranks["distance"]) == (rank - 3, rank - 6)
    assert ranks["plane"] == ranks["point"] == rank - 6 - (prismatic == 0)


def test_a_table_is_taken_for_what_its_columns_hold() -> None:
    pose = simulated("ur10e", "pose", 1).table
    assert measurement_of(pose).name == "pose"
    assert measurement_of(pose, "pose_from_flange").name == "pose_from_flange"
    with pytest.raises(UsageError) as caught:
        measurement_of(pose, "distance")
    assert caught.value.code == "measurement-mismatch"
    with pytest.raises(UsageError) as caught:
        measurement_of(simulated("ur10e", "point", 1).table)
    assert caught.value.code == "measurement-needed"
    with pytest.raises(UsageError) as caught:
        measurement_of(pose, "poze")
    assert caught.value.code == "unknown-measurement"
    assert "pose" in caught.value.advice


def test_contact_needs_poses_that_turn() -> None:
    flange = se3.compose(np.eye(3), np.random.default_rng(0).normal(0, 0.1, (400, 3)))
    for kind in ("point", "plane"):
        table = simulated("ur10e", kind, 1).table
        with pytest.raises(DegenerateError):
            load_measurement(kind).start(flange[: len(table.joints)], table, 0)


def test_problems_are_checked_on_construction() -> None:
    """Blocks and residual agree for every measurement: the engine refuses them otherwise."""
    for kind in KINDS:
        simulation = simulated("ur10e", kind, 2)
        measurement, arm = load_measurement(kind), simulation.nominal
        start = measurement.start(simulation.base_from_flange, simulation.table, 0)
        model = Model(arm, measurement, arm)
        problem = pose_problem(
            model, model_rows(model, simulation.table, conditions_of(simulation.table)), start.values
        )
        assert isinstance(problem, Problem)
        assert problem.residuals[0].dimension == measurement.dimension
