"""Export and convert: what comes out says the same as what went in, in the words of its tool."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from calib import plugins
from calib.cell import calibrate_hand_eye, simulate_hand_eye
from calib.cli import app
from calib.documents import to_yaml
from calib.errors import InputError, UsageError
from calib.formats import convert, load_any_camera, read_poses
from calib.formats.conversion import PACKAGES
from calib.formats.mount_format import FORMATS, load_mount_format, load_mounted_frames
from calib.geometry import se3, so3
from calib.robot.arm.urdf import rotation_of_rpy


@pytest.fixture(scope="module")
def hand_eye(tmp_path_factory: pytest.TempPathFactory) -> Path:
    simulated = simulate_hand_eye(views=12, seed=3)
    result = calibrate_hand_eye(simulated.observations, simulated.table, simulated.camera)
    return result.save(tmp_path_factory.mktemp("result") / "hand_eye")


def test_no_name_of_a_format_means_two_things() -> None:
    for one, other in combinations([set(plugins.discover(package)) for package in PACKAGES], 2):
        assert not one & other


@pytest.mark.parametrize("name", [name for name in plugins.discover(FORMATS) if name != "urdf_joint"])
def test_the_pose_of_a_camera_is_written_to_its_last_digit(name: str, hand_eye: Path, tmp_path: Path) -> None:
    done = convert(hand_eye, name, tmp_path / "out.txt")
    text = (tmp_path / "out.txt").read_text()
    truth = load_mounted_frames(hand_eye)[0].parent_from_child
    numbers = [float(word) for word in re.findall(r"-?\d+\.\d+(?:e-?\d+)?", text)][:7]
    pose = se3.compose(so3.from_quaternion_xyzw(np.array(numbers[3:])), np.array(numbers[:3]))
    np.testing.assert_allclose(pose, truth, atol=1e-9)
    assert done.loses


def test_a_fixed_joint_holds_the_camera(hand_eye: Path, tmp_path: Path) -> None:
    run = ["export", str(hand_eye), "--to", "urdf_joint", "--parent", "tool0", "--output", str(tmp_path / "out.xacro")]
    done = CliRunner().invoke(app, run)
    assert done.exit_code == 0, done.output
    joint = ElementTree.fromstring(f"<robot>{(tmp_path / 'out.xacro').read_text()}</robot>").find("joint")
    assert joint is not None
    found = {each.tag: each.attrib for each in joint}
    assert found["parent"]["link"] == "tool0"
    xyz, rpy = (np.array(found["origin"][key].split(), float) for key in ("xyz", "rpy"))
    truth = load_mounted_frames(hand_eye)[0].parent_from_child
    np.testing.assert_allclose(se3.compose(rotation_of_rpy(rpy.tolist()), xyz), truth, atol=1e-12)


def test_the_parent_frame_of_ros_is_asked_for_where_it_is_not_named(hand_eye: Path, tmp_path: Path) -> None:
    assert "--parent tool0" in convert(hand_eye, "ros2_launch", tmp_path / "one.py").remark
    done = convert(hand_eye, "ros2_launch", tmp_path / "two.py", parent="tool0", child="lens")
    assert not done.remark
    assert '"--frame-id", "tool0", "--child-frame-id", "lens"' in (tmp_path / "two.py").read_text()


def test_the_bases_of_a_cell_are_frames_too(tmp_path: Path) -> None:
    turned = se3.compose(so3.exp(np.array([0.0, 0.0, 1.0])), np.array([1.0, 2.0, 0.0])).tolist()
    arms = {"left": {"world_from_base": np.eye(4).tolist()}, "right": {"world_from_base": turned}}
    (tmp_path / "cell.yaml").write_text(to_yaml({"world": "hall", "arms": arms}))
    convert(tmp_path, "ros2_static_transform", tmp_path / "out.txt")
    one, other = (tmp_path / "out.txt").read_text().splitlines()
    assert one.endswith("--frame-id hall --child-frame-id left_base")
    assert "--x 1.0 --y 2.0 --z 0.0" in other
    for options, code in (
        ({"to": "easy_handeye"}, "frames-not-held"),
        ({"to": "ros1_launch", "child": "x"}, "frames-not-named"),
    ):
        with pytest.raises(UsageError) as caught:
            convert(tmp_path, **options)
        assert caught.value.code == code


def test_the_camera_of_a_result_is_written_too(hand_eye: Path, tmp_path: Path) -> None:
    convert(hand_eye, "opencv", tmp_path / "camera.yml")
    one, other = load_any_camera(hand_eye), load_any_camera(tmp_path / "camera.yml")
    np.testing.assert_array_equal(one.matrix, other.matrix)


def test_poses_from_one_controller_to_another(tmp_path: Path) -> None:
    first = tmp_path / "poses.dat"
    first.write_text("DECL FRAME P1={X 681.508,Y 16.778,Z -380.025,A 60.016,B -7.121,C -56.944}\n" * 2)
    convert(first, "abb", tmp_path / "poses.mod")
    convert(tmp_path / "poses.mod", "fanuc", tmp_path / "poses.ls")
    one, other = (read_poses(tmp_path / name, joints_needed=False) for name in ("poses.dat", "poses.ls"))
    assert one.rotation is not None
    assert other.rotation is not None
    assert one.position is not None
    assert other.position is not None
    np.testing.assert_allclose(one.position, other.position, atol=1e-9)
    assert so3.angle_between(one.rotation, other.rotation).max() < 1e-8


def test_poses_that_leave_their_unit_open_are_not_converted(tmp_path: Path) -> None:
    path = tmp_path / "poses.csv"
    path.write_text("x,y,z,qx,qy,qz,qw\n0.1,0.2,0.3,0,0,0,1\n0.2,0.2,0.3,0,0,0,1\n")
    with pytest.raises(InputError) as caught:
        convert(path, "kuka", tmp_path / "out.dat")
    assert caught.value.code == "reading-undecided"
    assert "x_m=x" in caught.value.advice
    assert "x_mm=x" in caught.value.advice
    stated = dict(
        zip(("x_mm", "y_mm", "z_mm", "qx", "qy", "qz", "qw"), ("x", "y", "z", "qx", "qy", "qz", "qw"), strict=True)
    )
    convert(path, "kuka", tmp_path / "out.dat", columns=stated)
    assert "X 0.1,Y 0.2,Z 0.3" in (tmp_path / "out.dat").read_text()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "ur.script"
    path.write_text("p[0.1, 0.2, 0.3, 0, 0, 0]\n")
    (tmp_path / "out.dat").write_text("mine")
    with pytest.raises(UsageError) as caught:
        convert(path, "kuka", tmp_path / "out.dat")
    assert caught.value.code == "file-exists"


def test_the_commands_say_what_they_lose(hand_eye: Path, tmp_path: Path) -> None:
    target = str(tmp_path / "camera.yaml")
    done = CliRunner().invoke(app, ["export", str(hand_eye), "--to", "ros", "--output", target, "--json"])
    assert done.exit_code == 0, done.output
    assert "uncertainty" in json.loads(done.output)["loses"]
    done = CliRunner().invoke(app, ["convert", target, "--to", "mrcl"])
    assert done.exit_code == 2
    assert "mrcal" in done.output


def test_the_folder_of_a_result_holds_the_lines_for_ros(hand_eye: Path) -> None:
    (camera,) = load_mounted_frames(hand_eye)
    for name in ("ros1_static_transform", "ros2_static_transform"):
        text = (hand_eye / f"{name}.txt").read_text()
        assert text == load_mount_format(name).write([camera])
        assert "flange camera_optical_frame" in text.replace("--child-frame-id ", "")
