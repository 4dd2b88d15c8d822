"""The shipped data sets are what tools/make_datasets.py writes, byte for byte, and small."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
from cases.paths import ROOT

from calib.config import read_yaml
from calib.robot.arm.read import load_geometry
from calib.robot.conventions.diagnose import diagnose
from calib.robot.table.read import read_poses

ROBOTS = ("ur5e_pose", "ur10e_position", "panda_compliance", "stanford_prismatic")


def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_datasets", ROOT / "tools" / "make_datasets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", [*ROBOTS, "two_cobots"])
def test_robots_are_regenerated_byte_for_byte(name: str) -> None:
    files = tool().DATASETS[name]()
    folder = ROOT / "datasets" / name
    assert {path.name for path in folder.iterdir()} == set(files)
    for file, content in files.items():
        assert (folder / file).read_bytes() == content.encode(), f"{name}/{file}: run tools/make_datasets.py"
    assert sum(len(content) for content in files.values()) < 100_000


@pytest.mark.parametrize("name", ROBOTS)
def test_robots_load_and_are_sound(name: str) -> None:
    folder = ROOT / "datasets" / name
    table = read_poses(folder / "poses.csv")
    arm = load_geometry(read_yaml(folder / "calib.yaml")["arm"])
    assert table.prismatic == arm.prismatic
    assert diagnose(arm, table) == ()
    assert set(read_yaml(folder / "truth.yaml")["parameters"]) == set(arm.labels)


def test_every_shipped_folder_has_its_entry() -> None:
    assert {path.name for path in (ROOT / "datasets").iterdir() if path.is_dir()} == set(tool().DATASETS)
