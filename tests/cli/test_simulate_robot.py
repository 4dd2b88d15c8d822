"""`calib simulate robot` writes what a user would hold, and the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases.command import invoke
from typer.testing import Result

from calib.config import read_yaml
from calib.robot.arm.read import load_geometry
from calib.robot.arm_file import save_arm
from calib.robot.table.read import read_poses


def run(*arguments: object) -> Result:
    return invoke(["simulate", "robot", *map(str, arguments)])


@pytest.mark.parametrize(("measurement", "columns"), [
    ("pose", "pose"), ("position", "position"), ("distance", "distance"), ("plane", "joints"), ("point", "joints"),
])  # fmt: skip
def test_every_measurement_is_written(tmp_path: Path, measurement: str, columns: str) -> None:
    out = tmp_path / "sim"
    result = run("--output", out, "--measurement", measurement, "--poses", 20, "--targets", 2, "--seed", 7)
    assert result.exit_code == 0, result.output
    assert "written:" in result.output
    table = read_poses(out / "poses.csv")
    assert table.measurement == columns
    assert len(table.target_names) == 2
    assert (table.excluded, table.notes) == ((), ())
    settings = read_yaml(out / "calib.yaml")
    assert settings.get("measurement", columns) == measurement
    document = read_yaml(out / "truth.yaml")
    assert document["seed"] == 7
    assert set(document["parameters"]) == set(load_geometry(settings["arm"]).labels)


def test_options_reach_the_simulation(tmp_path: Path) -> None:
    out = tmp_path / "sim"
    result = run("--output", out, "--arm", "franka_panda", "--effects", "compliance,payload", "--noise-mm", 0.2,
                 "--noise-deg", 0.02, "--error-mm", 0, "--error-deg", 0, "--outlier-share", 0.1,
                 "--poses", 30)  # fmt: skip
    assert result.exit_code == 0, result.output
    document = read_yaml(out / "truth.yaml")
    assert document["sigma_m"] == pytest.approx(2e-4)
    assert document["sigma_rad"] == pytest.approx(np.radians(0.02))
    assert len(document["outlier_lines"]) == 3
    assert set(document["effects"]) == {"compliance", "payload"}
    nominal = load_geometry("franka_panda")
    np.testing.assert_allclose(list(document["parameters"].values()), nominal.parameters, atol=1e-12)
    assert read_poses(out / "poses.csv").payload_kg is not None


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run("--output", tmp_path / "sim", "--poses", 15, "--seed", 3).exit_code == 0
        (tmp_path / "sim").rename(tmp_path / name)
    for file in ("poses.csv", "truth.yaml", "calib.yaml"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert run("--output", tmp_path / "c", "--poses", 15, "--seed", 4).exit_code == 0
    assert (tmp_path / "a" / "poses.csv").read_bytes() != (tmp_path / "c" / "poses.csv").read_bytes()


def test_an_arm_of_ones_own_goes_along(tmp_path: Path) -> None:
    arm = load_geometry("ur5e")
    mine = tmp_path / "mine.yaml"
    save_arm(arm.with_parameters(arm.parameters), mine)
    mine.write_text(mine.read_text().replace('name: "ur5e"', 'name: "mine"'))
    result = run("--output", tmp_path / "sim", "--arm", mine, "--poses", 10)
    assert result.exit_code == 0, result.output
    assert read_yaml(tmp_path / "sim" / "calib.yaml")["arm"] == "arm.yaml"
    np.testing.assert_array_equal(load_geometry(tmp_path / "sim" / "arm.yaml").parameters, arm.parameters)


def test_nothing_is_overwritten_and_mistakes_are_named(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for arguments, code in (
        (("--output", tmp_path / "full"), "output-exists"),
        (("--output", tmp_path / "x", "--arm", "ur5"), "unknown-arm"),
        (("--output", tmp_path / "x", "--measurement", "posture"), "unknown-measurement"),
        (("--output", tmp_path / "x", "--effects", "complience"), "unknown-effect"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2, code
        assert f"error [{code}]" in result.output
    assert not (tmp_path / "x").exists()
