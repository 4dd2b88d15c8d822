"""A limit that leaves little memory: a coded error or a whole result, never a traceback or half of a result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cases.command import Run

pytestmark = pytest.mark.slow

SCRIPT = """
import resource, sys
limit = int(sys.argv[1]) * 1_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.argv[:2] = ["calib"]
from calib.__main__ import main
main()
"""
ENOUGH_MB = 2_000


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
@pytest.mark.parametrize("limit_mb", [100, 200, 340, 360, 400, ENOUGH_MB])
def test_little_memory(run: Run, limit_mb: int) -> None:
    assert run("simulate", "robot", "--poses", "30", "--output", "sim").exit_code == 0
    arguments = ["robot", "--poses", "sim/poses.csv", "--output", "result"]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, str(limit_mb), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode == 0:
        assert {path.name for path in Path("result").iterdir()} == {"arm.yaml", "report.html", "result.json"}
    else:
        assert limit_mb < ENOUGH_MB, done.stderr
        assert "error [" in done.stderr, done.stderr
        assert "\n  next: " in done.stderr
        assert not Path("result").exists()
    assert {path.name for path in Path().iterdir()} <= {"sim", "result"}
