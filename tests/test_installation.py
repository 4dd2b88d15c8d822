"""`calib doctor`: versions, wheels that overwrite each other, the self-test."""

from __future__ import annotations

import json

import pytest
from cases.command import run

from calib import installation
from calib.installation import Installation, compare_with_least, find_clash


@pytest.mark.parametrize(
    ("requirement", "installed", "wrong"),
    [
        ("numpy>=2", {"numpy": "2.3.1"}, False),
        ("numpy>=2", {"numpy": "1.26.4"}, True),
        ("numpy>=2", {}, True),
        ("scipy>=1.13", {"scipy": "1.9.3"}, True),
        ("scipy>=1.13", {"scipy": "1.13"}, False),
        ("opencv-python>=4.10", {"opencv-contrib-python": "4.12.0.88"}, False),
        ("opencv-python>=4.10", {"opencv-python-headless": "4.8.1"}, True),
    ],
)
def test_versions_are_compared_number_by_number(requirement: str, installed: dict[str, str], wrong: bool) -> None:
    found = compare_with_least(requirement, installed)
    assert bool(found.problem) is wrong
    assert bool(found.remedy) is wrong


def test_two_wheels_of_one_module_clash() -> None:
    assert find_clash({"opencv-python": "4.10", "numpy": "2"}).problem == ""
    clash = find_clash({"opencv-python": "4.10", "opencv-python-headless": "4.11"})
    assert "overwrite" in clash.problem
    assert "opencv-python-headless" in clash.remedy


def test_a_test_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_an_image() -> str:
        raise OSError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(installation, "SELF_TESTS", (read_an_image,))
    found = installation.examine_installation()
    assert isinstance(found, Installation)
    assert found.verdict.exit_status == 1
    assert "libGL.so.1" in found.verdict.reason


@pytest.mark.slow
def test_this_installation_works() -> None:
    told = run("doctor", "--json")
    assert told.exit_code == 0, told.output
    names = [each["name"] for each in json.loads(told.stdout)["findings"]]
    assert {"system", "calib", "numpy", "detect a board", "calibrate a camera"} <= set(names)
    assert "verdict: good: the installation works" in run("doctor").stdout
