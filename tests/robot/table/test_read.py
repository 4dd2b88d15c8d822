"""Tables as people save them: every unit, delimiter and notation reads the same; what is wrong is named by line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from calib.errors import CalibError, UsageError
from calib.robot.table.columns import parse_columns
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.read import read_poses
from calib.robot.table.select import repeated_rows
from calib.robot.table.write import write_poses

HEADER = "j1_rad,j2_rad,x_m,y_m,z_m,qx,qy,qz,qw"
ROWS = ["0.1,0.2,1,2,3,0,0,0,1", "0.3,-0.4,1.5,2.5,3.5,0.6,0,0,0.8", "-0.5,0.6,0,0.1,0.2,0,1,0,0"]


def read(tmp_path: Path, *lines: str, encoding: str = "utf-8", **options: object) -> PoseTable:
    path = tmp_path / "poses.csv"
    path.write_bytes("\n".join([*lines, ""]).encode(encoding))
    return read_poses(path, **options)


def refused(tmp_path: Path, *lines: str, **options: object) -> CalibError:
    with pytest.raises(CalibError) as caught:
        read(tmp_path, *lines, **options)
    assert caught.value.exit_status in (2, 3)
    return caught.value


def test_a_plain_table(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER, *ROWS)
    assert table.measurement == "pose"
    np.testing.assert_array_equal(table.joints, [[0.1, 0.2], [0.3, -0.4], [-0.5, 0.6]])
    np.testing.assert_array_equal(table.position[1], [1.5, 2.5, 3.5])
    np.testing.assert_array_equal(table.quaternion_xyzw[1], [0.6, 0, 0, 0.8])
    np.testing.assert_allclose(table.rotation[2], np.diag([-1, 1, -1]), atol=1e-15)
    assert table.lines.tolist() == [2, 3, 4]
    assert (table.notes, table.excluded, dict(table.other)) == ((), (), {})


VARIANTS = {
    "semicolons": lambda text: text.replace(",", ";"),
    "tabs": lambda text: text.replace(",", "\t"),
    "spaces": lambda text: text.replace(",", "   "),
    "a space after the comma": lambda text: text.replace(",", ", "),
    "decimal commas": lambda text: text.replace(",", ";").replace(".", ","),
    "decimal commas and tabs": lambda text: text.replace(",", "\t").replace(".", ","),
    "quotes": lambda text: "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.split("\n")),
    "quoted decimal commas": lambda text: "\n".join(
        ",".join(f'"{cell.replace(".", ",")}"' for cell in line.split(",")) for line in text.split("\n")
    ),
    "a delimiter at the end": lambda text: text.replace("\n", ",\n") + ",",
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "upper case": lambda text: text.replace("j1_rad", "J1_RAD").replace("qw", "QW"),
    "comments and empty lines": lambda text: "# a robot, measured\n" + text.replace("\n", "\n\n# x,y\n"),
}


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_notation_reads_the_same(name: str, encoding: str, tmp_path: Path) -> None:
    plain = read(tmp_path, HEADER, *ROWS)
    other = read(tmp_path, VARIANTS[name]("\n".join([HEADER, *ROWS])), encoding=encoding)
    for field in ("joints", "position", "quaternion_xyzw"):
        np.testing.assert_array_equal(getattr(other, field), getattr(plain, field))
    assert len(other.excluded) == 0
    if name == "comments and empty lines":
        assert other.lines.tolist() == [5, 8, 11]


def test_units_become_si(tmp_path: Path) -> None:
    table = read(tmp_path, "j1_deg j2_mm x_mm y_mm z_mm sigma_position_mm temperature_degc", "90 250 425 -1 0 0.1 21.5")
    np.testing.assert_array_equal(table.joints, [[np.pi / 2, 0.25]])
    assert table.prismatic == (False, True)
    assert table.measurement == "position"
    np.testing.assert_array_equal(table.position, [[0.425, -0.001, 0]])
    np.testing.assert_array_equal(table.sigma_position, [[0.0001] * 3])
    np.testing.assert_array_equal(table.temperature_degc, [21.5])


@pytest.mark.parametrize("sequence", ["XYZ", "ZYX", "xyz", "zyx", "ZXY", "zxz", "ZYZ", "YXY"])
@pytest.mark.parametrize("unit", ["deg", "rad"])
def test_euler_angles_follow_scipy(sequence: str, unit: str, tmp_path: Path) -> None:
    angles = np.random.default_rng(0).uniform(-1, 1, (5, 3))
    shown = np.degrees(angles) if unit == "deg" else angles
    expected = Rotation.from_euler(sequence, angles).as_matrix()
    lines = [f"0,1,2,3,{a!r},{b!r},{c!r}" for a, b, c in shown.tolist()]
    table = read(tmp_path, f"j1_rad,x_m,y_m,z_m,e1_{unit},e2_{unit},e3_{unit}", *lines, euler=sequence)
    np.testing.assert_allclose(table.rotation, expected, rtol=0, atol=1e-14)
    if len(set(sequence)) == 3:
        names = ",".join(f"r{axis}_{unit}" for axis in sequence.lower())
        table = read(tmp_path, f"j1_rad,x_m,y_m,z_m,{names}", *lines, euler=sequence)
        np.testing.assert_allclose(table.rotation, expected, rtol=0, atol=1e-14)
    else:
        error = refused(tmp_path, f"j1_rad,x_m,y_m,z_m,rx_{unit},ry_{unit},rz_{unit}", *lines, euler=sequence)
        assert error.code == "euler-sequence"


def test_a_rotation_vector_is_one_without_a_sequence(tmp_path: Path) -> None:
    table = read(tmp_path, "j1_rad,x_m,y_m,z_m,rx_deg,ry_deg,rz_deg", "0,1,2,3,30,-40,50")
    expected = Rotation.from_rotvec([30, -40, 50], degrees=True).as_matrix()
    np.testing.assert_allclose(table.rotation[0], expected, rtol=0, atol=1e-14)


def test_targets_poses_and_other_columns_are_kept(tmp_path: Path) -> None:
    table = read(tmp_path, "pose,target,j1_rad,distance_mm,Session", "p7,B,0,10,mon", "p7,A,0,20,mon", "p8,B,1,30,tue")
    assert table.measurement == "distance"
    np.testing.assert_array_equal(table.distance, [0.01, 0.02, 0.03])
    assert (table.target_names, table.target.tolist()) == (("B", "A"), [0, 1, 0])
    assert (table.pose_names, table.pose.tolist()) == (("p7", "p8"), [0, 0, 1])
    assert dict(table.other) == {"Session": ("mon", "mon", "tue")}
    assert table.notes == ("columns not used: Session",)
    assert read(tmp_path, "j1_rad", "0", "1").measurement == "joints"


def test_a_few_bad_rows_are_excluded_by_line(tmp_path: Path) -> None:
    rows = [f"{i / 10},0,1,2,{i},0,0,0,1" for i in range(20)]
    rows[3] = rows[3].replace("0.3", "nan")
    rows[5] = rows[5].replace("0.5", "")
    rows[7] = "1,2,3"
    rows[9] = rows[9].replace("0.9", "lost")
    rows[11] = rows[11].replace("0,0,0,1", "0,0,0,0")
    rows[13] = rows[13].replace("0,0,0,1", "0,0,0,0.5")
    rows[15] = rows[15].replace("0,0,0,1", "0,0,0,1.005")
    table = read(tmp_path, HEADER, *rows)
    assert [(item.line, item.reason) for item in table.excluded] == [
        (5, "j1_rad is 'nan', not a number"),
        (7, "j1_rad is '', not a number"),
        (9, "3 cells instead of 9"),
        (11, "j1_rad is 'lost', not a number"),
        (13, "its quaternion has length 0"),
        (15, "its quaternion has length 0.5"),
    ]
    assert len(table.joints) == 14
    assert 5 not in table.lines
    assert any("0.005 off unit length" in note for note in table.notes)


def test_rows_that_repeat_are_noted(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER, ROWS[0], ROWS[1], ROWS[0], ROWS[0])
    assert table.notes == ("2 rows repeat an earlier one exactly: lines 4, 5",)
    assert len(table.joints) == 4


def test_conditions_with_gaps_are_left_out_with_a_remark(tmp_path: Path) -> None:
    table = read(tmp_path, "j1_rad,x_m,y_m,z_m,payload_kg,sigma_position_mm", "0,1,2,3,,0.1", "1,2,3,4,5,-1")
    assert (table.payload_kg, table.sigma_position) == (None, None)
    assert any("payload_kg is empty in 1 rows" in note for note in table.notes)
    assert any("not positive" in note for note in table.notes)


@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        (["", ""], "table-empty", "empty"),
        ([HEADER], "table-empty", "no rows"),
        (ROWS, "table-no-header", "no header"),
        (["a,b,c", "1,2,3"], "table-no-joints", "the columns are: a, b, c"),
        (["j1,j2,x_m,y_m,z_m", "1,2,3,4,5"], "table-no-joints", "'j1' names no unit"),
        (["j1_rad,j3_rad,x_m,y_m,z_m", "1,2,3,4,5"], "table-column-missing", "j2"),
        (["j1_rad,j1_deg,x_m,y_m,z_m", "1,2,3,4,5"], "table-column-twice", "joint 1"),
        (["j1_rad,j1_rad,x_m,y_m,z_m", "1,2,3,4,5"], "table-column-twice", "j1_rad"),
        (["j1_rad,x_m,y_m", "1,2,3"], "table-column-missing", "z missing"),
        (["j1_rad,x_m,x_mm,y_m,z_m", "1,2,3,4,5"], "table-column-twice", "x is given twice"),
        (["j1_rad,x,y,z", "1,2,3,4"], "table-unit", "x_m or x_mm"),
        (["j1_rad,x_m,y_m,z_m,qx,qy,qz", "1,2,3,4,0,0,0"], "table-column-missing", "qw missing"),
        (["j1_rad,qx,qy,qz,qw", "1,0,0,0,1"], "table-measurement", "without positions"),
        (["j1_rad,x_m,y_m,z_m,distance_m", "1,0,0,0,1"], "table-measurement", "beside positions"),
        (
            ["j1_rad,x_m,y_m,z_m,qx,qy,qz,qw,rx_rad,ry_rad,rz_rad", "1,2,3,4,0,0,0,1,0,0,0"],
            "table-column-twice",
            "--columns rx_rad=,ry_rad=,rz_rad=",
        ),
        (["j1_rad,x_m,y_m,z_m,e1_deg,e2_deg,e3_deg", "1,2,3,4,0,0,0"], "euler-missing", "--euler"),
        (
            [HEADER, "nan,0,1,2,3,0,0,0,1", ROWS[0], "inf,0,1,2,3,0,0,0,1"],
            "table-incomplete",
            "line 2: j1_rad is 'nan'",
        ),
        ([HEADER, "1,2", "1,2", ROWS[0]], "table-incomplete", "2 cells instead of 9"),
        ([HEADER, '"1,2,3', *ROWS], "table-syntax", "quotation mark"),
        ([HEADER, "1.234,5;2"], "table-incomplete", "cells"),
    ],
)
def test_a_wrong_table_is_named(lines: list[str], code: str, says: str, tmp_path: Path) -> None:
    error = refused(tmp_path, *lines)
    assert error.code == code
    assert says in str(error)
    assert "poses.csv" in error.where


@pytest.mark.parametrize("euler", ["XYX1", "XXY", "ABC", "xyZ", ""])
def test_a_wrong_sequence_is_named(euler: str, tmp_path: Path) -> None:
    lines = ["j1_rad,x_m,y_m,z_m,rx_deg,ry_deg,rz_deg", "1,2,3,4,0,0,0"]
    assert refused(tmp_path, *lines, euler=euler).code == "euler-sequence"
    assert refused(tmp_path, HEADER, *ROWS, euler="XYZ").code == "euler-unused"


def test_files_that_are_not_tables(tmp_path: Path) -> None:
    path = tmp_path / "poses.csv"
    for content, code in (
        (b"\xff\xfe\x00", "table-encoding"),
        (b"j1_\xb0\n1", "table-encoding"),
        (b"a\0b", "table-encoding"),
    ):
        path.write_bytes(content)
        with pytest.raises(CalibError) as caught:
            read_poses(path)
        assert caught.value.code == code
    with pytest.raises(CalibError) as caught:
        read_poses(tmp_path / "nowhere.csv")
    assert caught.value.code == "table-unreadable"


def test_headers_of_others_are_renamed(tmp_path: Path) -> None:
    lines = ["time;axis 1;axis 2;X;Y;Z;extra", "9;1;2;3;4;5;a", "9;2;3;4;5;6;b"]
    names = parse_columns("j1_deg=axis 1, j2_deg=axis 2, x_mm=X, y_mm=Y, z_mm=Z")
    table = read(tmp_path, *lines, columns=names)
    np.testing.assert_allclose(table.joints, np.radians([[1, 2], [2, 3]]))
    np.testing.assert_array_equal(table.position[0], [0.003, 0.004, 0.005])
    assert set(table.other) == {"time", "extra"}
    error = refused(tmp_path, *lines, columns={"j1_deg": "axis1"})
    assert "did you mean 'axis 1'" in str(error)
    error = refused(tmp_path, *lines, columns={"j1_degree": "axis 1"})
    assert "did you mean" in str(error)
    for wrong in ("j1_deg", "=x", "j1_deg=a,j1_deg=b"):
        with pytest.raises(CalibError) as caught:
            parse_columns(wrong)
        assert caught.value.code == "columns-syntax"


def test_a_column_can_be_left_out(tmp_path: Path) -> None:
    names = parse_columns("qx=,qy=,qz=,qw=")
    table = read(tmp_path, HEADER, *ROWS, columns=names)
    assert table.measurement == "position"
    assert set(table.other) == {"qx", "qy", "qz", "qw"}


def test_written_tables_read_back_and_write_the_same_bytes(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    lines = ["pose;target;j1_deg;j2_mm;x_mm;y_mm;z_mm;rx_deg;ry_deg;rz_deg;sigma_position_mm;sigma_rx_deg;sigma_ry_deg;"
             "sigma_rz_deg;temperature_degc;payload_kg;Session, day"]  # fmt: skip
    for i in range(50):
        values = [repr(v) for v in random.normal(size=8).tolist()]
        lines.append(
            ";".join([f"p{i // 2}", f"t{i % 2}", *values, "0.1;0.01;0.02;0.03;21,5;2;mon, 8".replace(",5", ".5")])
        )
    table = read(tmp_path, *lines)
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    write_poses(table, first)
    again = read_poses(first)
    for field in ("joints", "position", "quaternion_xyzw", "sigma_position", "sigma_rotation", "temperature_degc",
                  "payload_kg", "target", "pose"):  # fmt: skip
        np.testing.assert_array_equal(getattr(again, field), getattr(table, field), err_msg=field)
    assert again.prismatic == table.prismatic
    assert (again.pose_names, again.target_names, dict(again.other)) == (
        table.pose_names,
        table.target_names,
        dict(table.other),
    )
    write_poses(again, second)
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(CalibError, match="already exists"):
        write_poses(again, second)
    write_poses(again, second, overwrite=True)


PUBLISHED = {f"j{i + 1}_rad": f"{name}_joint" for i, name in enumerate(
    ["shoulder_pan", "shoulder_lift", "elbow", "wrist_1", "wrist_2", "wrist_3"])}  # fmt: skip
PUBLISHED |= {f"{axis}_mm": f"measurement_{axis}" for axis in "xyz"}
PUBLISHED |= {f"r{axis}_deg": f"measurement_r{axis}" for axis in "xyz"}


def test_a_published_file_reads_as_its_plain_copy(real_robots: Path) -> None:
    folder = real_robots / "ur10_leica_pose"
    plain = read_poses(folder / "series_c.csv")
    published = read_poses(folder / "series_c_as_published.csv", euler="XYZ", columns=PUBLISHED)
    np.testing.assert_allclose(published.joints, plain.joints, rtol=0, atol=1e-12)
    np.testing.assert_allclose(published.position, plain.position, rtol=0, atol=1e-12)
    np.testing.assert_allclose(published.rotation, plain.rotation, rtol=0, atol=1e-8)  # the copy has nine digits
    assert "read with decimal commas" in published.notes


def test_measured_tables_are_whole(real_robots: Path) -> None:
    table = read_poses(real_robots / "irb120_tracker_position" / "poses.csv")
    assert (table.measurement, table.joints.shape) == ("position", (3000, 6))
    assert (table.target_names, len(table.pose_names)) == (("1", "2", "3"), 1000)
    table = read_poses(real_robots / "fr3_camera_pose" / "poses.csv")
    assert (table.measurement, table.joints.shape, table.excluded) == ("pose", (114, 7), ())


def test_a_column_has_one_meaning(tmp_path: Path) -> None:
    file = tmp_path / "poses.csv"
    file.write_text("j1_rad,A\n0,1\n")
    with pytest.raises(UsageError) as caught:
        read_poses(file, columns={"x_m": "A", "pose": "A"})
    assert caught.value.code == "columns-twice"


def test_repeated_rows_are_those_that_equal_an_earlier_one() -> None:
    rows = np.array([[0.0, 1], [1, 0], [-0.0, 1], [1, 0], [2, 2], [1, 0]])
    assert repeated_rows(rows).tolist() == [2, 3, 5]
    assert repeated_rows(rows[:2]).tolist() == []
