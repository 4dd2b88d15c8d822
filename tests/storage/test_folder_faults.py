"""A fault at every single operation on files: a result is whole, or marked, or not there; nothing hidden stays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cases.disturbed_writing import FILES, INTERRUPTED, REFUSED, WHOLE
from cases.paths import ROOT

from calib.storage.folder import INCOMPLETE

RESULT = ["result", "result/a.txt", "result/sub", "result/sub/b.txt", "result/sub/c.txt"]


def disturb(folder: Path, place: str, fault: str) -> list[dict[str, Any]]:
    """What became of the result in every round."""
    script = ROOT / "tests" / "cases" / "disturbed_writing.py"
    done = subprocess.run(
        [sys.executable, str(script), str(folder), place, fault],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rounds: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(rounds) > 2 * len(FILES)
    return rounds


@pytest.mark.parametrize("place", ["new", "existing"])
@pytest.mark.parametrize("fault", ["SIGKILL", "SIGINT", "ENOSPC", "EPERM", "EIO"])
def test_at_every_operation(tmp_path: Path, place: str, fault: str) -> None:
    nothing = ["result"] if place == "existing" else []
    for at, each in enumerate(disturb(tmp_path, place, fault), 1):
        marked = f"result/{INCOMPLETE}" in each["after"]
        assert marked or each["after"] == (RESULT if each["whole"] else nothing), f"{fault} at {at}: {each}"
        assert not any(name.rpartition("/")[2].count(".") > 1 for name in each["after"]), f"{fault} at {at}: {each}"
        if fault == "SIGINT" and each["status"] == INTERRUPTED:
            assert not marked, f"{fault} at {at}: {each}"
            assert each["left"] == (RESULT if each["whole"] else nothing), f"{fault} at {at}: {each}"
        if fault.startswith("E"):
            assert each["status"] == (WHOLE if each["whole"] and not marked else REFUSED), f"{fault} at {at}: {each}"
