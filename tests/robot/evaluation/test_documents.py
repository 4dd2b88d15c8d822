"""Results: documents that scripts read, arms that load again and are used, verdicts, summaries."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calib.documents import to_json
from calib.errors import CalibError, ConvergenceError, UsageError
from calib.geometry import se3, so3
from calib.robot.arm.read import load_geometry
from calib.robot.arm.workspace import random_commands
from calib.robot.arm_file import load_arm, save_arm
from calib.robot.arm_model import Arm
from calib.robot.calibration import calibrate
from calib.robot.evaluation.arm_calibration import ArmCalibration
from calib.robot.inverse import inverse_kinematics
from calib.robot.scene import Spread
from calib.robot.simulation.simulate import ArmSimulation, simulate

KEYS = ("schema", "kind", "status", "verdict", "reason", "advice", "inputs", "parameters", "unobservable", "notes",
        "solver", "rows", "errors", "rank", "outliers", "model", "arm")  # fmt: skip


@pytest.fixture(scope="module")
def simulation() -> ArmSimulation:
    return simulate(
        load_geometry("ur5e"), poses=200, effects=("gear_harmonics",), seed=7, spread=Spread(outlier_share=0.02)
    )


@pytest.fixture(scope="module")
def bent(simulation: ArmSimulation) -> ArmCalibration:
    return calibrate(simulation.table, load_geometry("ur5e"), model="auto")


@pytest.fixture(scope="module")
def plain() -> ArmCalibration:
    return calibrate(simulate(load_geometry("ur5e"), poses=80, seed=7).table, load_geometry("ur5e"))


def test_the_document_holds_what_was_promised(plain: ArmCalibration) -> None:
    document = json.loads(to_json(plain.document()))
    assert set(KEYS) <= set(document)
    assert (document["status"], document["arm"], document["model"], document["rows"]) == ("ok", "ur5e", "geometry", 80)
    errors = document["errors"]
    for accuracy in (errors[rows][state] for rows in ("fitted", "heldout") for state in ("before", "after")):
        for part in ("position_mm", "orientation_deg"):
            assert set(accuracy[part]) == {"mean", "rms", "median", "p95", "max"}
            assert 0 < accuracy[part]["median"] <= accuracy[part]["p95"] <= accuracy[part]["max"]
    assert document["rank"] == document["expected_rank"] == 30
    assert len(document["unobservable"]) == 6
    for label, parameter in document["parameters"].items():
        assert {"nominal", "value", "sigma"} <= set(parameter)
        redundant = any(text.startswith(f"{label} ") for text in document["unobservable"])
        assert (parameter["sigma"] is None) == redundant
        assert not redundant or parameter["interval_95"] == [None, None]
    assert document["rows_fitted"] + document["rows_heldout"] == 80


def test_outliers_carry_their_lines(simulation: ArmSimulation, bent: ArmCalibration) -> None:
    document = bent.document()
    assert {each["line"] for each in document["outliers"]} == set(simulation.table.lines[simulation.outlier].tolist())
    assert all(each["part"] in ("fitted", "held out") for each in document["outliers"])


def test_a_summary_fits_a_screen(plain: ArmCalibration, bent: ArmCalibration) -> None:
    for calibration in (plain, bent):
        lines = str(calibration).splitlines()
        assert len(lines) <= 25
        assert max(map(len, lines)) <= 240
        text = "\n".join(lines)
        for words in ("held out, nominal arm", "held out, identified arm", "verdict: good", "not separable from"):
            assert words in text


def test_an_arm_without_effects_loads_as_any_arm(plain: ArmCalibration, tmp_path: Path) -> None:
    save_arm(plain.arm, tmp_path / "arm.yaml")
    arm = load_geometry(tmp_path / "arm.yaml")
    np.testing.assert_array_equal(arm.table, plain.arm.geometry.table)
    again = load_arm(tmp_path / "arm.yaml")
    command = random_commands(arm, 5, np.random.default_rng(0))
    np.testing.assert_array_equal(again.base_from_flange(command), plain.arm.base_from_flange(command))
    with pytest.raises(UsageError) as caught:
        save_arm(plain.arm, tmp_path / "arm.yaml")
    assert caught.value.code == "file-exists"


def test_an_arm_with_effects_loads_with_them(bent: ArmCalibration, tmp_path: Path) -> None:
    assert set(bent.arm.effects) == {"gear_harmonics"}
    save_arm(bent.arm, tmp_path / "arm.yaml")
    with pytest.raises(UsageError) as caught:
        load_geometry(tmp_path / "arm.yaml")
    assert caught.value.code == "arm-effects"
    again = load_arm(tmp_path / "arm.yaml")
    command = random_commands(bent.arm.geometry, 5, np.random.default_rng(0))
    np.testing.assert_array_equal(again.base_from_flange(command), bent.arm.base_from_flange(command))
    plain = Arm(bent.arm.geometry).base_from_flange(command)
    assert 1e-5 < np.abs(plain - again.base_from_flange(command)).max() < 1e-2


def test_the_arm_predicts_what_the_fit_predicted(simulation: ArmSimulation, bent: ArmCalibration) -> None:
    frames = {name: np.asarray(values).reshape(-1, 4, 4)[0] for name, values in bent.frames.items()}
    seen = frames["world_from_base"] @ bent.arm.base_from_flange(simulation.table.joints) @ frames["flange_from_target"]
    assert simulation.table.position is not None
    off = np.linalg.norm(seen[:, :3, 3] - simulation.table.position, axis=1)
    assert np.median(off[~simulation.outlier]) == pytest.approx(1.538 * bent.noise["position"], rel=0.15)


def test_an_identified_arm_goes_on_from_where_it_was(simulation: ArmSimulation, bent: ArmCalibration) -> None:
    again = calibrate(simulation.table, bent.arm)
    assert again.arm.effects == bent.arm.effects
    assert again.evaluation.fitted.before.position_mm.median == pytest.approx(
        bent.evaluation.fitted.after.position_mm.median, rel=0.02
    )
    assert again.evaluation.fitted.after.position_mm.median < 1.02 * bent.evaluation.fitted.after.position_mm.median


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("gear_harmonics:", "gear_harmonic:"), "unknown-effect"),
        (("harmonic1_sin_j1_rad", "harmonic1_sine_j1_rad"), "arm-value"),
        (("parameters:", "parameter:"), "config-unknown-key"),
        (("convention:", "convension:"), "config-unknown-key"),
    ],
)
def test_a_wrong_effect_is_refused(bent: ArmCalibration, tmp_path: Path, change: tuple[str, str], code: str) -> None:
    save_arm(bent.arm, tmp_path / "arm.yaml")
    text = (tmp_path / "arm.yaml").read_text().replace(*change)
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(CalibError) as caught:
        load_arm(tmp_path / "wrong.yaml")
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["ur5e", "franka_panda", "stanford", "cobra600"])
def test_inverse_kinematics_reaches_what_can_be_reached(name: str) -> None:
    arm = load_geometry(name)
    for command in random_commands(arm, 4, np.random.default_rng(2)):
        pose = Arm(arm).base_from_flange(command)
        reached = inverse_kinematics(arm, pose)
        assert not arm.outside_limits(reached.command).any()
        off = se3.inverse(pose) @ Arm(arm).base_from_flange(reached.command)
        assert np.linalg.norm(off[:3, 3]) < 1e-6
        assert np.linalg.norm(so3.log(off[:3, :3])) < 1e-6


def test_inverse_kinematics_of_a_bent_arm(bent: ArmCalibration) -> None:
    command = np.array([0.3, -1.2, 1.4, -0.7, 0.9, 0.2])
    pose = bent.arm.base_from_flange(command)
    reached = inverse_kinematics(bent.arm, pose, near=command + 0.05)
    np.testing.assert_allclose(reached.command, command, atol=1e-5)
    away = pose.copy()
    away[:3, 3] *= 10
    with pytest.raises(ConvergenceError) as caught:
        inverse_kinematics(bent.arm, away)
    assert caught.value.code == "pose-not-reached"


def test_verdicts_say_what_is_wrong(plain: ArmCalibration) -> None:
    def with_evaluation(**changes: object) -> ArmCalibration:
        return replace(plain, evaluation=replace(plain.evaluation, **changes))  # type: ignore[arg-type]

    assert plain.verdict.grade == "good"
    assert plain.heldout is not None
    worse = replace(
        plain.heldout,
        after=plain.heldout.before,
        before=plain.heldout.after,
        sizes=plain.heldout.before_sizes,
        before_sizes=plain.heldout.sizes,
    )
    assert with_evaluation(heldout=worse).verdict.grade == "do not use"
    assert "worse than the nominal arm" in with_evaluation(validation=worse).verdict.reason
    assert not replace(plain.heldout, before_sizes=plain.heldout.sizes, sizes=plain.heldout.sizes).worse
    wild = {name: size.copy() for name, size in plain.heldout.sizes.items()}
    wild["position"][0] += 1.0
    assert not replace(plain.heldout, sizes=wild).worse
    same = replace(plain.heldout, after=plain.heldout.before)
    assert "no better" in with_evaluation(heldout=same).verdict.reason
    assert with_evaluation(heldout=None).verdict.grade == "usable"
    loose = replace(plain.uncertainty, joint_error_rad=np.radians(0.03))
    assert replace(plain, uncertainty=loose).verdict.grade == "good"  # of an error most of which is gone
    left = plain.heldout.after
    thrice = replace(left, position_mm=replace(left.position_mm, mean=3 * left.position_mm.mean))
    shaky = replace(with_evaluation(heldout=replace(plain.heldout, before=thrice)), uncertainty=loose).verdict
    assert (shaky.grade, "0.030 deg at every joint" in shaky.reason) == ("usable", True)
    lost = replace(plain, identifiability=replace(plain.identifiability, expected_rank=31))
    assert "1 more parameter than usual is not observable" in lost.verdict.reason
    far = replace(plain.uncertainty, position_sigma_m=plain.uncertainty.position_sigma_m * 100)
    unsure = replace(plain, uncertainty=far).verdict
    assert "spread the poses" in " ".join(unsure.advice)
    assert (unsure.grade, "more than the nominal arm is off" in unsure.reason) == ("do not use", True)
