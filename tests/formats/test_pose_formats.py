"""Every format of poses: its example is its own, what it writes it reads back, and a dummy dropped in works."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from calib import plugins
from calib.errors import CalibError, InputError
from calib.formats import read_poses
from calib.formats.content.source import Source
from calib.formats.pose_format import FORMATS, NamedPoses, find_pose_format, load_pose_format, require_writer
from calib.geometry import se3, so3
from calib.robot import parse_columns
from calib.robot.table.pose_table import PoseTable

NAMES = plugins.discover(FORMATS)
WITH_EXAMPLE = [name for name in NAMES if load_pose_format(name).example]
WRITTEN = [name for name in NAMES if load_pose_format(name).write is not None]


def some_poses(count: int = 12, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return se3.compose(so3.exp(rng.normal(size=(count, 3))), rng.uniform(-0.8, 0.8, (count, 3)))


def transforms_of(table: PoseTable) -> np.ndarray:
    assert table.rotation is not None
    assert table.position is not None
    return se3.compose(table.rotation, table.position)


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_an_example_is_recognised_as_its_own(name: str, tmp_path: Path) -> None:
    form = load_pose_format(name)
    path = tmp_path / f"poses{(form.suffixes or ('.txt',))[0]}"
    path.write_text(form.example)
    for beside, text in form.beside:
        (tmp_path / beside).parent.mkdir(exist_ok=True)
        (tmp_path / beside).write_text(text)
    assert find_pose_format(Source(path)) == name
    table = read_poses(path, joints_needed=False)
    assert len(table.lines) >= 1
    if table.position is not None:
        np.testing.assert_allclose(table.position[0], [0.6815, 0.0168, -0.38], atol=6e-4)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_read_back(name: str, tmp_path: Path) -> None:
    poses = some_poses()
    form = load_pose_format(name)
    path = tmp_path / f"poses{(form.suffixes or ('.txt',))[0]}"
    path.write_text(require_writer(name)(NamedPoses(poses)))
    table = read_poses(path, joints_needed=False)
    again = table.readings[0].build() if table.readings else table
    np.testing.assert_allclose(transforms_of(again), poses, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_means_and_what_it_loses(name: str) -> None:
    form = load_pose_format(name)
    assert form.tool
    assert form.meaning
    assert form.write is None or form.loses or name == "table"


DUMMY = '''
"""Poses after a word of their own."""
import numpy as np
from calib.formats.pose_format import PoseFormat
from calib.formats.columns.recording import Meaning, Recording

NAMES = ("x", "y", "z", "qx", "qy", "qz", "qw")


def read(source, wanted):
    rows = np.array([line.split()[1:] for line in source.text.splitlines()], dtype=float)
    meaning = Meaning({"x_m": "x", "y_m": "y", "z_m": "z", "qx": "qx", "qy": "qy", "qz": "qz", "qw": "qw"})
    return Recording(dict(zip(NAMES, rows.T)), np.arange(len(rows)), (meaning,))


FORMAT = PoseFormat(
    tool="nothing", meaning="m", example="DUMMY 0 0 0 0 0 0 1",
    recognise=lambda source: source.text.startswith("DUMMY"), read=read,
)
'''


@pytest.fixture
def dummy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    package = __import__(FORMATS, fromlist=["__path__"])
    (tmp_path / "a_dummy.py").write_text(DUMMY)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    yield "a_dummy"
    sys.modules.pop(f"{FORMATS}.a_dummy", None)


def test_a_format_dropped_in_is_found_by_its_content(dummy: str, tmp_path: Path) -> None:
    path = tmp_path / "poses.csv"
    path.write_text("DUMMY 1 2 3 0 0 0 1\nDUMMY 4 5 6 0 0 0 1\n")
    table = read_poses(path, joints_needed=False)
    assert table.position is not None
    np.testing.assert_array_equal(table.position, [[1, 2, 3], [4, 5, 6]])
    assert dummy in plugins.discover(FORMATS)


def test_a_folder_of_matrices_is_paired_by_name(tmp_path: Path) -> None:
    poses = some_poses(11)
    for k, pose in enumerate(poses):
        (tmp_path / f"view_{k}.txt").write_text("\n".join(" ".join(map(repr, row)) for row in pose.tolist()))
    table = read_poses(tmp_path, joints_needed=False)
    assert table.other["image"][:3] == ("view_0", "view_1", "view_2")
    assert table.other["image"][-1] == "view_10"
    np.testing.assert_allclose(transforms_of(table), poses, atol=1e-12)


@pytest.mark.parametrize("order", ["by rows", "by columns", "three rows"])
def test_matrices_of_16_and_12_numbers(order: str, tmp_path: Path) -> None:
    poses = some_poses(5)
    rows = {"by rows": poses, "by columns": poses.transpose(0, 2, 1), "three rows": poses[:, :3]}[order]
    path = tmp_path / "poses.csv"
    path.write_text("\n".join(",".join(map(repr, row.ravel().tolist())) for row in rows))
    np.testing.assert_allclose(transforms_of(read_poses(path, joints_needed=False)), poses, atol=1e-12)


def test_columns_by_number_settle_a_table_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "poses.txt"
    path.write_text("1;0,5;0,25;0,75;10;20;30\n2;0,1;0,2;0,3;40;50;60\n")
    stated = {"x_m": "2", "y_m": "3", "z_m": "4", "e1_deg": "5", "e2_deg": "6", "e3_deg": "7"}
    table = read_poses(path, columns=stated, euler="ZYX", joints_needed=False)
    assert table.position is not None
    np.testing.assert_array_equal(table.position, [[0.5, 0.25, 0.75], [0.1, 0.2, 0.3]])
    assert not table.readings


def test_arrays_with_pickled_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "poses.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError) as caught:
        read_poses(path, joints_needed=False)
    assert caught.value.code == "arrays-unknown"


@pytest.mark.parametrize("ending", [".npy", ".npz", ".mat"])
def test_arrays_of_numpy_and_matlab(ending: str, tmp_path: Path) -> None:
    from scipy.io import savemat

    poses = some_poses(9)
    path = tmp_path / f"poses{ending}"
    if ending == ".npy":
        np.save(path, poses)
    elif ending == ".npz":
        np.savez_compressed(path, R_gripper2base=poses[:, :3, :3], t_gripper2base=poses[:, :3, 3:], K=np.eye(3))
    else:
        savemat(path, {"T": np.moveaxis(poses, 0, 2)}, do_compression=True)
    np.testing.assert_allclose(transforms_of(read_poses(path, joints_needed=False)), poses, atol=1e-12)


def test_joint_values_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "joints.txt").write_text("".join(f"{0.1 * k} 0.2 0.3 0.4 0.5 {0.6 + k}\n" for k in range(4)))
    (tmp_path / "measured.csv").write_text("X [mm],Y [mm],Z [mm]\n" + "".join(f"{k},2,3\n" for k in range(4)))
    table = read_poses(tmp_path / "measured.csv", joints_path=tmp_path / "joints.txt", joints=6)
    assert table.joints.shape == (4, 6)
    assert table.position is not None
    np.testing.assert_allclose(table.position[:, 0], np.arange(4) / 1000)
    assert {each.name.rpartition("joints in ")[2][:3] for each in table.readings} == {"rad", "deg"}


def test_what_is_no_poses_is_refused(tmp_path: Path) -> None:
    for k, text in enumerate(("a,b\n1,2\n", "hello\n", "{}", "1\n2\n", "\0\1", "[[1,2],[3]]")):
        path = tmp_path / f"no_{k}.txt"
        path.write_text(text)
        with pytest.raises(CalibError):
            read_poses(path, joints_needed=False)


def test_of_two_poses_in_a_row_the_second_is_not_taken_for_the_robots(tmp_path: Path) -> None:
    """It may be the board's in the camera, which fits the images beyond doubt and says nothing of the robot."""
    path = tmp_path / "pasted.csv"
    rows = np.random.default_rng(0).uniform(-1, 1, (6, 12))
    path.write_text("\n".join(",".join(f"{value:.6f}" for value in row) for row in rows))
    for reading in read_poses(path, joints_needed=False).readings:
        position = reading.build().position
        assert position is not None
        own = [rows[0, :3], rows[0, 3:6]]
        assert any(np.allclose(scale * position[0], each, atol=1e-5) for scale in (1, 1000) for each in own)


def test_a_list_of_files_names_the_image_of_each_pose_and_nothing_outside_its_folder(tmp_path: Path) -> None:
    form = load_pose_format("list_of_files")
    (tmp_path / "poses").mkdir()
    for beside, text in form.beside:
        (tmp_path / beside).write_text(text)
    path = tmp_path / "list.yaml"
    path.write_text(form.example)
    assert read_poses(path, joints_needed=False).other["image"] == ("images/0.png", "images/1.png")
    path.write_text(form.example.replace("poses/0.yaml", "../poses/0.yaml"))
    with pytest.raises(InputError) as caught:
        read_poses(path, joints_needed=False)
    assert caught.value.code == "file-outside"


def test_the_advice_for_an_open_reading_is_an_option_that_settles_it(tmp_path: Path) -> None:
    """Whatever the format: of a table, a matrix in text, a structure, names with blanks, brackets and commas."""
    rng = np.random.default_rng(0)
    poses = some_poses()
    turns = so3.log(poses[:, :3, :3])
    (tmp_path / "matrices.txt").write_text(require_writer("matrices")(NamedPoses(poses)))
    pairs = zip(poses[:, :3, 3].tolist(), turns.tolist(), strict=True)
    records = [{"robot": {"t": at, "rvec": turn}} for at, turn in pairs]
    (tmp_path / "records.json").write_text(json.dumps(records))
    rows = np.concatenate([rng.normal(size=(12, 6)), poses[:, :3, 3], turns], axis=1)
    names = [f"joint [{k}]" for k in range(6)] + ["TCP X", "TCP Y", "TCP Z", "TCP rx", "TCP ry", "TCP rz"]
    (tmp_path / "blanks.csv").write_text(
        "\n".join([";".join(names), *(";".join(map(repr, row)) for row in rows.tolist())])
    )
    for path in tmp_path.iterdir():
        for reading in read_poses(path, joints_needed=False).readings[:2]:
            words = shlex.split(reading.options)
            euler = words[3] if len(words) > 2 else None
            table = read_poses(path, columns=parse_columns(words[1]), euler=euler, joints_needed=False)
            np.testing.assert_array_equal(transforms_of(table), transforms_of(reading.build()))


@pytest.mark.parametrize("name", ["rvec_", "rotvec_", "rvec"])
def test_a_rotation_vector_that_is_called_one_is_nothing_else(tmp_path: Path, name: str) -> None:
    poses = some_poses()
    turns = so3.log(poses[:, :3, :3])
    path = tmp_path / "poses.csv"
    if name == "rvec":
        path = path.with_suffix(".npz")
        np.savez(path, tvec=poses[:, :3, 3], rvec=turns)
    else:
        header = ",".join(["tx", "ty", "tz", *(f"{name.partition('_')[0]}_{axis}" for axis in "xyz")])
        rows = "\n".join(",".join(map(repr, row)) for row in np.hstack([poses[:, :3, 3], turns]).tolist())
        path.write_text(f"{header}\n{rows}\n")
    readings = read_poses(path, joints_needed=False).readings
    assert not any("--euler" in reading.options for reading in readings)
    table = readings[0].build()
    np.testing.assert_allclose(so3.log(transforms_of(table)[:, :3, :3]), turns, atol=1e-12)


KUKA = "{X 681.508,Y  16.778, Z -380.025,A 60.016,B -7.121,C -56.944,S 2,T 35,E1 0.0,E2 0.0}"
PLACE = "[[681.508,16.778,-380.025],[0.774557,-0.384729,-0.285237,0.413140],"
TARGET = PLACE + "[0,0,0,0],[9E+09,9E9,9E9,9E9,9E9,9E9]]"
AT = "At time 1700000000.5\n- Translation: [0.681508, 0.016778, -0.380025]\n"
TURNS = "in RPY (radian) [-0.993860, -0.124285, 1.047477]"
VARIANTS = {
    "points.dat": f"DEFDAT P\nDECL BASIS_SUGG_T LAST={{POINT1[] \"P1\"}}\nTOOL_DATA[1]={{X 0.0,Y 0.0,Z 100.0,"
    f"A 0.0,B 0.0,C 0.0}}\nGLOBAL DECL E6POS XP1={KUKA}\nDECL FRAME XP2 = {KUKA}\nENDDAT\n",
    "moves.src": f"DEF moves()\n$TOOL={{X 0,Y 0,Z 90,A 0,B 0,C 0}}\nLIN {KUKA} C_DIS\nPTP {KUKA}\nEND\n",
    "array.mod": "MODULE M\n PERS tooldata t:=[TRUE,[[0,0,100],[1,0,0,0]],[1,[0,0,1],[1,0,0,0],0,0,0]];\n"
    f" LOCAL PERS robtarget cube{{2}} := [{TARGET},\n  {TARGET}];\nENDMODULE\n",
    "poses.mod": f"VAR pose p:={PLACE[:-1]}];\nVAR pose q:= {PLACE[:-1]}];\n",
    "program.script": "set_tcp(p[0.0, 0.0, 0.1, 0, 0, 0])\nmovej([0.1, -1.2, 1.3, 0, 0.5, 0.6], a=1)\n"
    + 2 * "movel(p[0.681508, 0.016778, -0.380025, -0.833061, -0.617620, 0.894570], a=1)\n",
    "quaternion.txt": 2 * (AT + "- Rotation: in Quaternion (xyzw) [-0.384729, -0.285237, 0.413140, 0.774557]\n"
    f"- Rotation: {TURNS}\n- Rotation: in RPY (degree) [-56.944, -7.121, 60.016]\n- Matrix:\n  0.1 0.2 0.3 0.4\n"),
    "radian.txt": 2 * (AT + f"- Rotation: {TURNS}\n"),
    "degree.txt": 2 * (AT + "- Rotation: in RPY (degree) [-56.944, -7.121, 60.016]\n"),
    "easy.yaml": "parameters: {eye_on_hand: true, robot_base_frame: base}\ntransformation:\n  {qw: 0.774557, "
    "qx: -0.384729, qy: -0.285237, qz: 0.413140, x: 0.681508, y: 0.016778, z: -0.380025}\n",
    "easy2.calib": "parameters: {name: a, tracking_base_frame: b}\ntransform:\n  translation: {x: 0.681508, "
    "y: 0.016778, z: -0.380025}\n  rotation: {x: -0.384729, y: -0.285237, z: 0.413140, w: 0.774557}\n",
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_the_same_pose_as_controllers_and_ros_write_it(name: str, tmp_path: Path) -> None:
    """Poses of tools, of work objects and of bases in the same file are none of the flange."""
    path = tmp_path / name
    path.write_text(VARIANTS[name])
    table = read_poses(path, joints_needed=False)
    found = transforms_of(table.readings[0].build() if table.readings else table)
    assert len(found) == (1 if name.startswith("easy") else 2)
    turn = so3.exp(np.array([-0.833061, -0.617620, 0.894570]))
    np.testing.assert_allclose(
        found, np.broadcast_to(se3.compose(turn, np.array([0.681508, 0.016778, -0.380025])), found.shape), atol=3e-5
    )


AXES = "{A1 10.5,A2 -20.5,A3 30.5,A4 40.5,A5 50.5,A6 -60.5,E1 0.0}"
RAPID = "[[10.5,-20.5,30.5,40.5,50.5,-60.5],[9E9,9E9,9E9,9E9,9E9,9E9]]"
JOINT_TARGETS = {
    "axes.dat": f"DECL E6POS XP1={KUKA}\nDECL E6AXIS XP2={AXES}\nDECL E6AXIS XP3={AXES}\n",
    "array.mod": f"CONST robtarget p:={TARGET};\nCONST jointtarget j{{2}}:=[{RAPID},\n{RAPID}];\n",
    "program.script": 2 * f"movej({np.radians([10.5, -20.5, 30.5, 40.5, 50.5, -60.5]).tolist()}, a=1.4)\n",
}


@pytest.mark.parametrize("name", JOINT_TARGETS)
def test_joint_values_of_controllers(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(JOINT_TARGETS[name])
    np.testing.assert_allclose(np.degrees(read_poses(path).joints), 2 * [[10.5, -20.5, 30.5, 40.5, 50.5, -60.5]])


OF_UR = ("shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint")
VALUES = {name: round(0.1 * k + 0.05, 3) for k, name in enumerate(sorted(OF_UR))}
STATE = (
    f"header: {{seq: 1, frame_id: base}}\nname: [{', '.join(VALUES)}]\nposition: {[*VALUES.values()]}\n"
    f"velocity: {[0.5] * 6}\neffort: {[9.0] * 6}\n---\n"
)
JOINT_STATES = {
    "echo.yaml": 3 * STATE,
    "echo.csv": "%time,field.header.seq," + ",".join(f"field.name{k}" for k in range(6)) + ","
    + ",".join(f"field.{what}{k}" for what in ("position", "velocity") for k in range(6)) + "\n"
    + 3 * (",".join(map(str, [1700000000, 5, *VALUES, *VALUES.values(), *[0.5] * 6])) + "\n"),
    "plotjuggler.csv": "__time," + ",".join(f"/joint_states/{n}/{w}" for n in VALUES for w in ("position", "velocity"))
    + "\n" + 3 * ("1.5," + ",".join(f"{value},0.5" for value in VALUES.values()) + "\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", JOINT_STATES)
def test_joint_states_of_ros_are_in_the_order_of_the_arm(name: str, tmp_path: Path) -> None:
    """Drivers list joints by the alphabet; values are those of the names, whatever their place."""
    path = tmp_path / name
    path.write_text(JOINT_STATES[name])
    table = read_poses(path, joint_names=OF_UR)
    joints = table.readings[0].build().joints if table.readings else table.joints
    np.testing.assert_allclose(joints, 3 * [[VALUES[joint] for joint in OF_UR]])
