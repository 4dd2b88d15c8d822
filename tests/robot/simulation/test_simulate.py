"""Simulated arms: what was asked is what is there, and the same seed gives the same numbers."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from calib.errors import UsageError
from calib.geometry import se3, so3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.arm.read import load_geometry
from calib.robot.effect import load_effect, shipped_effects
from calib.robot.measurement import load_measurement, shipped_measurements
from calib.robot.scene import Spread
from calib.robot.simulation.documents import rounded_table, settings, truth
from calib.robot.simulation.simulate import ArmSimulation, simulate

MEASUREMENTS = shipped_measurements()
EXACT = Spread(error_m=0, error_rad=0, sigma_m=0, sigma_rad=0)


def exact_residual(simulation: ArmSimulation) -> dict[str, np.ndarray]:
    """What the measurement's own residual makes of the true flange poses and frames, per component."""
    measurement = load_measurement(simulation.measurement)
    frames = {name: values[None] if values.ndim > 1 or name == "world_from_base" else values.reshape(1, -1)
              for name, values in simulation.frames.items()}  # fmt: skip
    for name in ("target_in_flange", "point_in_base"):
        if name in frames:
            frames[name] = frames[name].reshape(1, -1)
    linearise = measurement.residual(simulation.table)
    residuals = linearise(frames, simulation.base_from_flange, slice(0, len(simulation.table.joints))).residuals
    return {component.name: residuals[component.part] for component in measurement.components}


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("measurement", MEASUREMENTS)
def test_noise_is_as_stated_and_nothing_else_is_wrong(measurement: str, targets: int) -> None:
    simulation = simulate(load_geometry("ur5e"), measurement=measurement, poses=200, targets=targets,
                          effects=("gear_ratio", "compliance"), seed=3)  # fmt: skip
    rows = 200 * (1 if load_measurement(measurement).contact else targets)
    assert len(simulation.table.joints) == rows
    assert not simulation.nominal.outside_limits(simulation.table.joints).any()
    for name, off in exact_residual(simulation).items():
        sigma = 1e-4 if name == "orientation" else 5e-5
        count = off.size
        assert abs(off.std() / sigma - 1) < 4 / np.sqrt(2 * count), name
        assert abs(off.mean()) < 4 * sigma / np.sqrt(count), name


@pytest.mark.parametrize("measurement", MEASUREMENTS)
def test_outliers_are_those_named(measurement: str) -> None:
    spread = Spread(outlier_share=0.1, outlier_m=0.02, outlier_rad=0.05)
    simulation = simulate(load_geometry("irb120"), measurement=measurement, poses=50, spread=spread, seed=4)
    assert simulation.outlier.sum() == 5
    off = exact_residual(simulation)
    size = np.linalg.norm(off.get("position", off.get("distance")), axis=0)
    np.testing.assert_array_equal(size > 0.01, simulation.outlier)
    np.testing.assert_allclose(size[simulation.outlier], 0.02, atol=5e-4)
    if measurement == "pose":
        angle = np.linalg.norm(off["orientation"], axis=0)
        np.testing.assert_allclose(angle[simulation.outlier], 0.05, atol=1e-3)
    np.testing.assert_array_equal(truth(simulation)["outlier_lines"], np.flatnonzero(simulation.outlier) + 2)


def test_the_flange_stands_where_arm_and_effects_put_it() -> None:
    arm = load_geometry("franka_panda")
    simulation = simulate(arm, poses=30, effects=shipped_effects(), seed=5)
    table = simulation.table
    assert table.temperature_degc is not None
    assert table.payload_kg is not None
    assert np.ptp(table.temperature_degc) > 5
    assert len(set(table.payload_kg.tolist())) == 3
    rigid = base_from_flange(simulation.arm, table.joints)
    bend = se3.log(se3.inverse(rigid) @ simulation.base_from_flange)
    assert 1e-4 < np.abs(bend).max() < 2e-2
    assert set(simulation.effects) == set(shipped_effects())
    for name, values in simulation.effects.items():
        assert values.shape == (len(load_effect(name).labels(arm)),)
    assert (simulation.effects["compliance"] > 0).all()


def test_errors_are_of_the_geometry_only() -> None:
    arm = load_geometry("ur5e")
    simulation = simulate(arm, spread=Spread(error_m=1e-3, error_rad=1e-3), seed=6)
    off = simulation.arm.parameters - arm.parameters
    moved = {label for label, error in zip(arm.labels, off, strict=True) if error != 0}
    assert moved == set(arm.geometry_labels)
    assert 3e-4 < off[off != 0].std() < 2e-3


@pytest.mark.parametrize("measurement", MEASUREMENTS)
def test_without_errors_nothing_is_left(measurement: str) -> None:
    simulation = simulate(load_geometry("stanford"), measurement=measurement, poses=40, spread=EXACT, seed=7)
    np.testing.assert_array_equal(simulation.arm.parameters, simulation.nominal.parameters)
    for off in exact_residual(simulation).values():
        assert np.abs(off).max() < 1e-9


def test_joints_scatter_about_their_commands() -> None:
    spread = Spread(joint_noise_rad=1e-3, joint_noise_m=1e-4)
    simulation = simulate(load_geometry("stanford"), poses=200, spread=spread, seed=8)
    clean = simulate(load_geometry("stanford"), poses=200, spread=Spread(), seed=8)
    np.testing.assert_array_equal(simulation.table.joints, clean.table.joints)
    turned = so3.log(clean.base_from_flange[:, :3, :3].swapaxes(1, 2) @ simulation.base_from_flange[:, :3, :3])
    assert 1e-3 < np.linalg.norm(turned, axis=1).mean() < 4e-3
    assert clean.spread.joint_noise_rad == 0


@pytest.mark.parametrize("measurement", MEASUREMENTS)
def test_a_seed_is_repeatable(measurement: str) -> None:
    first, again = (
        simulate(load_geometry("irb120"), measurement=measurement, targets=2, poses=20, seed=9) for _ in "ab"
    )
    other = simulate(load_geometry("irb120"), measurement=measurement, targets=2, poses=20, seed=10)
    for field in fields(first.table):
        np.testing.assert_array_equal(getattr(first.table, field.name), getattr(again.table, field.name))
    np.testing.assert_equal(truth(first), truth(again))
    assert (first.table.joints != other.table.joints).any()


def test_rounding_is_far_below_the_noise() -> None:
    simulation = simulate(load_geometry("ur5e"), seed=11)
    table = rounded_table(simulation.table)
    assert 0 < np.abs(table.position - simulation.table.position).max() < 1e-9
    assert 0 < np.abs(table.joints - simulation.table.joints).max() < 1e-9
    assert settings(simulation) == {"arm": "ur5e"}
    contact = simulate(load_geometry("ur5e"), measurement="plane", poses=10, seed=11)
    assert settings(contact) == {"arm": "ur5e", "measurement": "plane"}


def test_what_cannot_be_simulated_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown measurement 'poses'") as caught:
        simulate(load_geometry("ur5e"), measurement="poses")
    assert caught.value.code == "unknown-measurement"
    with pytest.raises(UsageError) as caught:
        simulate(load_geometry("ur5e"), effects=("backlash",))
    assert caught.value.code == "unknown-effect"


def test_a_place_out_of_reach_is_given_up_for_another() -> None:
    """The first place this arm is given lies at the end of its reach: rows that miss it by centimetres have no pose."""
    simulation = simulate(
        load_geometry("irb120"), measurement="point", poses=300, spread=Spread(outlier_share=0.1), seed=1044
    )
    tip = simulation.frames["tip_in_flange"].reshape(3)
    off = se3.apply(simulation.base_from_flange, tip) - simulation.frames["point_in_base"].reshape(3)
    assert np.linalg.norm(off[~simulation.outlier], axis=1).max() < 1e-3
    assert np.linalg.norm(off[simulation.outlier], axis=1).min() > 1e-3
    assert not simulation.nominal.outside_limits(simulation.table.joints).any()
