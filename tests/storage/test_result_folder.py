"""A result folder stands for the file in it, wherever that file is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from calib.camera import load_camera
from calib.cell.arms.calibrate_cell import read_cell
from calib.errors import CalibError, UsageError
from calib.robot import load_arm, save_arm
from calib.robot.arm.read import arm_beside
from calib.storage.result_folder import file_in

PARAMETERS = {"fx_px": 900, "fy_px": 900, "skew_px": 0, "cx_px": 320, "cy_px": 240}
CAMERA = "lens: pinhole\nparameters:\n" + "".join(f"  {x}: {{value: {v}}}\n" for x, v in PARAMETERS.items())
CELL = "arms:\n  left: {arm: ur5e, poses: a.csv}\n  right: {arm: ur5e, poses: b.csv}\n"


def test_of_a_folder_its_own_file_is_taken(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(CAMERA)
    save_arm(load_arm("ur5e"), tmp_path / "arm.yaml")
    (tmp_path / "cell.yaml").write_text(CELL)
    assert load_camera(tmp_path).value("fx_px") == load_camera(tmp_path / "camera.yaml").value("fx_px") == 900
    assert load_arm(tmp_path).name == "ur5e"
    assert list(read_cell(tmp_path).arms) == ["left", "right"]


@pytest.mark.parametrize(("read", "option"), [(load_camera, "--camera"), (load_arm, "--arm"), (read_cell, "--config")])
def test_a_folder_without_it_is_refused_with_what_is_there(read: object, option: str, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "notes.txt").write_text("")
    assert callable(read)
    with pytest.raises(UsageError) as caught:
        read(tmp_path)
    assert caught.value.code == "not-in-folder"
    assert caught.value.why == "it holds: notes.txt, photos/"
    assert option in caught.value.advice


def test_files_of_members_are_offered(tmp_path: Path) -> None:
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "arm.yaml").write_text("")
    with pytest.raises(UsageError) as caught:
        load_arm(tmp_path)
    assert caught.value.advice == f"give one of them: --arm {tmp_path}/left/arm.yaml, --arm {tmp_path}/right/arm.yaml"


@pytest.mark.parametrize("path", ["absent", "a\0b", "x" * 5000])
def test_what_is_no_folder_is_left_to_the_reader(path: str) -> None:
    assert file_in(Path(path), "camera.yaml", "--camera") == Path(path)
    with pytest.raises(CalibError):
        load_camera(path)


def test_a_shipped_name_goes_before_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos of an arm may well lie in a folder of its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ur5e").mkdir()
    (tmp_path / "mine").mkdir()
    assert load_arm("ur5e").name == "ur5e"
    assert arm_beside(tmp_path, "ur5e") == "ur5e"
    assert arm_beside(tmp_path, "mine") == str(tmp_path / "mine")
    assert arm_beside(tmp_path, "my.urdf") == str(tmp_path / "my.urdf")
    assert arm_beside(tmp_path, "ur99") == "ur99"
