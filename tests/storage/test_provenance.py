"""What made a result: the same for the same input, and in every file that has a place for it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cases.documents import require_valid

from calib import __version__
from calib.camera import load_camera, simulate
from calib.camera.calibration.calibrate import calibrate
from calib.config import read_yaml
from calib.result import Output
from calib.robot import load_arm, save_arm
from calib.storage.provenance import HashedFile, Provenance, hash_files


class Measured(Output):
    """A simulation of files of every kind."""

    def summary(self) -> str:
        return "one line"

    def document(self) -> dict[str, Any]:
        return {}

    def files(self) -> Mapping[str, str | bytes]:
        return {"truth.yaml": "x: 1\n", "arm/arm.yaml": "y: 2\n", "poses.csv": "a,b\n", "im.png": b"\x00"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_is_named_as_it_was_given_with_size_and_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("poses.csv").write_bytes(b"a,b\n")
    assert hash_files([Path("poses.csv"), Path("poses.csv")]) == (HashedFile("poses.csv", 4, sha256(b"a,b\n")),)


def test_what_is_no_file_is_left_to_its_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # reading it would never end
    paths = [tmp_path / "absent", tmp_path, tmp_path / "pipe", Path("a\0b"), Path("x" * 5000)]
    assert hash_files(paths) == ()


def test_yaml_files_hold_it_and_the_main_one_lists_the_others() -> None:
    made = Provenance("calib simulate", (HashedFile("a.csv", 1, "0" * 64),), {"calib.yaml": ("arm",)}, "2026-01-01")
    files = Measured().package(made).files
    member = yaml.safe_load(files["arm/arm.yaml"])
    assert member["y"] == 2
    assert member["provenance"] == {
        "version": __version__,
        "command": "calib simulate",
        "date": "2026-01-01",
        "options_from": {"calib.yaml": ["arm"]},
        "inputs": [{"name": "a.csv", "bytes": 1, "sha256": "0" * 64}],
    }
    listed = yaml.safe_load(files["truth.yaml"])["provenance"].pop("files")
    assert listed == {
        name: sha256(content if isinstance(content, bytes) else content.encode())
        for name, content in files.items()
        if name != "truth.yaml"
    }
    assert files["poses.csv"] == "a,b\n"


def test_of_very_many_inputs_yaml_files_hold_one_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are to be read again; the digest is that of `sha256sum *.png | sha256sum`."""
    monkeypatch.chdir(tmp_path)
    inputs = tuple(HashedFile(f"{i}.png", 1, f"{i:064x}") for i in range(20_000))
    text = Measured().package(Provenance("calib", inputs)).files["arm/arm.yaml"]
    Path("arm.yaml").write_text(str(text))
    assert read_yaml(Path("arm.yaml")) == {"y": 2}
    sums = "".join(f"{i:064x}  {i}.png\n" for i in range(20_000))
    assert yaml.safe_load(text)["provenance"]["inputs"] == {"files": 20_000, "sha256": sha256(sums.encode())}


def test_a_result_saved_from_python_states_that_and_loads_again(tmp_path: Path) -> None:
    table = tmp_path / "corners.csv"
    table.write_text("as read")
    folder = calibrate(simulate(views=4, seed=1).observations).save(tmp_path / "out", inputs=[table])
    document = json.loads((folder / "result.json").read_text())
    require_valid(document)
    assert document["provenance"]["command"] == "python: CameraCalibration.save"
    assert document["provenance"]["inputs"][0]["sha256"] == sha256(b"as read")
    beside = ("camera.yaml", "camera_info.yaml", "camera_opencv.yml", "report.html")
    assert document["provenance"]["files"] == {name: sha256((folder / name).read_bytes()) for name in beside}
    assert yaml.safe_load((folder / "camera.yaml").read_text())["provenance"]["verdict"].startswith(document["verdict"])
    assert load_camera(folder).lens.name == document["lens"]
    assert "provenance" not in (folder / "camera_info.yaml").read_text()  # files of other tools hold nothing of ours


def test_input_that_was_not_named_is_not_claimed_to_be_none(tmp_path: Path) -> None:
    folder = Measured().save(tmp_path / "out")
    assert "inputs" not in yaml.safe_load((folder / "truth.yaml").read_text())["provenance"]


def test_a_seed_is_recorded_from_python_too(tmp_path: Path) -> None:
    folder = simulate(views=1, seed=7).save(tmp_path / "out")
    assert yaml.safe_load((folder / "truth.yaml").read_text())["provenance"]["seed"] == 7


def test_readers_skip_it(tmp_path: Path) -> None:
    path = tmp_path / "arm.yaml"
    save_arm(load_arm("ur5e"), path)
    path.write_text(path.read_text() + "provenance: {version: 9.9}\n")
    assert load_arm(path).name == "ur5e"
    assert "provenance" not in read_yaml(path)
