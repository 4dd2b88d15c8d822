"""The convention doctor names every mistake it knows, with both figures, and is silent about sound tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases.seeds import seeds
from scipy.spatial.transform import Rotation

from calib.errors import DegenerateError
from calib.robot.arm.read import load_geometry
from calib.robot.conventions.diagnose import diagnose
from calib.robot.conventions.interpretations import interpretations, sign_patterns
from calib.robot.conventions.residual import DECISIVE, residual
from calib.robot.scene import Spread
from calib.robot.simulation.documents import rounded_table
from calib.robot.simulation.simulate import ArmSimulation, simulate
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.read import read_poses
from calib.robot.table.write import poses_text

# out of the box: a millimetre or two at the flange
ORDINARY = Spread(error_m=5e-4, error_rad=1e-3)


def simulated(arm: str, measurement: str = "pose", seed: int = 0, **options: object) -> ArmSimulation:
    options = {"poses": 60, "spread": ORDINARY} | options
    return simulate(load_geometry(arm), measurement=measurement, seed=seed, **options)


def best(arm: str, measured: ArmSimulation, reading: int) -> tuple[str, str, float]:
    """What is broken by one reading, what is found first, and by how much the residual then differs from sound."""
    broken = interpretations(measured.nominal, measured.table)[reading]
    table, bad = broken.table(measured.table), broken.arm(measured.nominal)
    found = diagnose(bad, table)
    if not found:
        return broken.name, "", np.inf
    sound = residual(measured.nominal, measured.table)
    again = residual(found[0].apply_to_arm(bad), found[0].apply(table))
    assert str(found[0].other) in str(found[0])
    assert str(found[0].given) in str(found[0])
    assert found[0].given.size > DECISIVE * found[0].other.size
    return broken.name, found[0].interpretation.name, again.size / sound.size


def pose_mistakes() -> list[Any]:
    """Of the many swaps of two joints, which are alike, only every fourth, and two of them by default."""
    names = [each.name for each in interpretations(load_geometry("ur5e"), simulated("ur5e").table)]
    swaps = [i for i, name in enumerate(names) if "are swapped" in name][::4]
    others = [i for i, name in enumerate(names) if "are swapped" not in name]
    return [*others, *swaps[:2], *(pytest.param(i, marks=pytest.mark.slow) for i in swaps[2:])]


@pytest.mark.parametrize("reading", pose_mistakes())
def test_mistakes_in_a_pose_table_are_found(reading: int) -> None:
    name, found, ratio = best("ur5e", simulated("ur5e"), reading)
    assert found, name
    assert ratio < 1.5, f"{name} -> {found}"


def position_mistakes() -> list[int]:
    names = [each.name for each in interpretations(load_geometry("irb120"), simulated("irb120", "position").table)]
    # a turn of the instrument's axes is a turn of its frame: nothing is wrong, and nothing can be seen
    turned = ("the columns x, y, z hold y, z, x", "the columns x, y, z hold z, x, y")
    return [i for i, name in enumerate(names) if name not in turned and i % 4 == 0]


@pytest.mark.parametrize("reading", position_mistakes())
def test_mistakes_in_a_position_table_are_found(reading: int) -> None:
    name, found, ratio = best("irb120", simulated("irb120", "position", targets=3), reading)
    assert found, name
    assert ratio < 1.5, f"{name} -> {found}"


@pytest.mark.parametrize(("arm", "measurement"), [("stanford", "pose"), ("franka_panda", "distance"),
                                                  ("ur10e", "point")])  # fmt: skip
def test_units_are_found_in_other_tables(arm: str, measurement: str) -> None:
    measured = simulated(arm, measurement, poses=80)
    for broken in interpretations(measured.nominal, measured.table):
        if "read as" not in broken.name:
            continue
        # radians shrunk to degrees hardly move the arm: then nothing is left to be out of contact
        if measurement == "point" and "degrees, read as radians" not in broken.name:
            continue
        bad = broken.table(measured.table)
        assert diagnose(broken.arm(measured.nominal), bad, measurement), broken.name
    assert diagnose(measured.nominal, measured.table, measurement) == ()


ARMS = ("ur5e", "franka_panda", "irb120", "stanford", "r2000ic_165f", "gen3")
SOUND = [(arm, kind) for arm in ARMS for kind in ("pose", "position", "distance")]
SOUND += [("ur5e", "point"), ("r2000ic_165f", "point")]


@pytest.mark.parametrize("seed", seeds(10))
@pytest.mark.parametrize(("arm", "measurement"), SOUND)
def test_sound_tables_raise_no_alarm(arm: str, measurement: str, seed: int) -> None:
    """200 of them, every fifth from an arm off by centimetres, with a fifth of the rows wrong."""
    spread = Spread(error_m=2e-3, error_rad=4e-3, outlier_share=0.2) if seed % 5 == 0 else Spread()
    measured = simulated(arm, measurement, seed=seed, spread=spread, poses=40)
    assert diagnose(measured.nominal, measured.table, measurement) == ()


EULER = [  # columns, as they are, as they are read
    ("e", "ZYX", "XYZ"), ("e", "ZYX", "zyx"), ("e", "zyz", "ZYX"), ("e", "XYZ", "ZYZ"),
    ("r", "ZYX", None), ("r", "XYZ", "ZYX"), ("r", "xyz", "XYZ"), ("r", None, "XYZ"),
]  # fmt: skip


def angles_file(path: Path, measured: ArmSimulation, columns: str, euler: str | None, unit: str = "rad") -> Path:
    assert measured.table.rotation is not None
    turns = Rotation.from_matrix(measured.table.rotation)
    angles = turns.as_rotvec() if euler is None else turns.as_euler(euler)
    if columns == "r" and euler is not None:
        angles = angles[:, ["xyz".index(axis) for axis in euler.lower()]]  # as rx ry rz
    names = [f"e{i}_{unit}" for i in (1, 2, 3)] if columns == "e" else [f"r{axis}_{unit}" for axis in "xyz"]
    lines = poses_text(measured.table).splitlines()
    joints = [",".join(line.split(",")[:9]) for line in lines]
    rows = [f"{joints[0]},{','.join(names)}"]
    rows += [f"{row},{','.join(map(repr, values.tolist()))}" for row, values in zip(joints[1:], angles, strict=True)]
    path.write_text("\n".join(rows))
    return path


@pytest.mark.parametrize(("columns", "meant", "read"), EULER)
def test_euler_sequences_are_found(tmp_path: Path, columns: str, meant: str | None, read: str | None) -> None:
    measured = simulated("ur5e", seed=2)
    path = angles_file(tmp_path / "poses.csv", measured, columns, meant)
    table = read_poses(path, euler=read)
    found = diagnose(measured.nominal, table)
    assert found, "no finding"
    # xyz about fixed axes is ZYX about moving ones
    words = (
        "a rotation vector"
        if meant is None
        else f"Euler angles {meant if meant.isupper() or columns == 'e' else meant[::-1].upper()}"
    )
    assert words in found[0].interpretation.name
    fixed = found[0].apply(table)
    assert measured.table.rotation is not None
    np.testing.assert_allclose(fixed.rotation, measured.table.rotation, atol=1e-12)
    assert diagnose(measured.nominal, read_poses(path, euler=meant)) == ()


def test_angles_in_another_unit_are_found(tmp_path: Path) -> None:
    measured = simulated("ur5e", seed=3)
    for columns, euler in (("e", "ZYX"), ("r", None)):
        path = angles_file(tmp_path / f"{columns}.csv", measured, columns, euler, unit="deg")
        found = diagnose(measured.nominal, read_poses(path, euler=euler))
        assert found[0].interpretation.name == "orientation angles are radians, read as degrees"


def test_two_mistakes_at_once_are_found() -> None:
    measured = simulated("ur10e", seed=4)
    named = {reading.name: reading for reading in interpretations(measured.nominal, measured.table)}
    both = named["joint angles are degrees, read as radians"].then(named["positions are metres, read as millimetres"])
    found = diagnose(measured.nominal, both.table(measured.table))
    assert set(found[0].interpretation.name.split("; ")) == {
        "joint angles are radians, read as degrees",
        "positions are millimetres, read as metres",
    }
    several = next(
        each for each in sign_patterns(measured.table) if each.name == "joints 2 and 4 and 5 count the other way"
    )
    found = diagnose(measured.nominal, several.table(measured.table))
    assert found[0].interpretation.name == several.name


def test_what_the_data_cannot_tell_apart_is_all_named() -> None:
    measured = simulated("ur5e", "position", seed=5)
    named = {reading.name: reading for reading in interpretations(measured.nominal, measured.table)}
    mirrored = named["positions count y the other way (a left-handed frame)"].table(measured.table)
    found = {finding.interpretation.name for finding in diagnose(measured.nominal, mirrored)}
    assert "positions count y the other way (a left-handed frame)" in found
    assert "the columns x, y, z hold y, x, z" in found


def test_applying_a_reading_keeps_everything_else() -> None:
    measured = simulated("ur5e", "position", seed=6, targets=2)
    table = rounded_table(measured.table)
    for reading in interpretations(measured.nominal, table):
        other = reading.table(table)
        assert isinstance(other, PoseTable)
        assert (other.target_names, other.pose_names, other.name) == (table.target_names, table.pose_names, table.name)
        np.testing.assert_array_equal(other.lines, table.lines)
        assert reading.arm(measured.nominal).joints == 6
    names = [reading.name for reading in interpretations(measured.nominal, table)]
    assert len(set(names)) == len(names)


def test_poses_all_alike_are_no_convention() -> None:
    measured = simulated("ur5e", seed=7)
    table = measured.table
    still = PoseTable(np.tile(table.joints[0], (60, 1)), table.prismatic, table.target, table.pose, table.lines,
                      position=table.position, quaternion_xyzw=table.quaternion_xyzw)  # fmt: skip
    assert diagnose(measured.nominal, still) == ()
    assert str(residual(measured.nominal, still)) == "no fit"


def test_too_few_rows_are_refused() -> None:
    measured = simulated("ur5e", seed=8, poses=3)
    with pytest.raises(DegenerateError) as caught:
        diagnose(measured.nominal, measured.table)
    assert caught.value.code == "too-few-poses"


@pytest.mark.parametrize(("arm", "file"), [
    ("ur10_cb3", "ur10_leica_pose/series_c.csv"), ("ur10_cb3", "ur10_leica_pose/series_b.csv"),
    ("irb120", "irb120_tracker_position/poses.csv"),
    pytest.param("franka_fr3", "fr3_camera_pose/poses.csv", marks=pytest.mark.slow),
])  # fmt: skip
def test_measured_arms_raise_no_alarm_until_broken(real_robots: Path, arm: str, file: str) -> None:
    nominal, table = load_geometry(arm), read_poses(real_robots / file)
    assert diagnose(nominal, table) == ()
    named = {reading.name: reading for reading in interpretations(nominal, table)}
    for broken, cure in (
        ("joint angles are radians, read as degrees", "joint angles are degrees, read as radians"),
        ("positions are millimetres, read as metres", "positions are metres, read as millimetres"),
        ("the joint columns are in reverse order", "the joint columns are in reverse order"),
        ("joint 5 counts the other way", "joint 5 counts the other way"),
    ):
        assert diagnose(nominal, named[broken].table(table))[0].interpretation.name == cure
