"""Shell completion: shipped names after the options that take them, and nothing heavy loaded for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def complete(line: str) -> list[str]:
    """What bash offers for a line whose last word is being typed."""
    words = line.split(" ")
    asked = {"_CALIB_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    code = (
        "import sys\n"
        "from calib.cli import app\n"
        "try:\n    app(prog_name='calib')\n"
        "finally:\n"
        "    heavy = {'cv2', 'scipy', 'numpy'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | asked
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("calib robot --arm ur1", ["ur10_cb3", "ur10e"]),
        ("calib camera --lens ka", ["kannala_brandt"]),
        ("calib camera --board apr", ["aprilgrid_6x6_88mm_0.3", "apriltag_36h11_50mm"]),
        ("calib robot --measurement posi", ["position"]),
        ("calib robot --model a", ["auto"]),
        ("calib robot --compensate n", ["network"]),
        ("calib hand-eye --setup eye-in", ["eye-in-hand"]),
        ("calib hand-eye --method sh", ["shah"]),
        ("calib simulate robot --effects gear_h", ["gear_harmonics"]),
        ("calib list le", ["lenses"]),
        ("calib sim", ["simulate"]),
    ],
)
def test_shipped_names_are_completed(line: str, names: list[str]) -> None:
    assert complete(line) == names


def test_an_alias_is_not_offered() -> None:
    assert complete("calib hand") == ["hand-eye"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_that_a_shell_needs_can_be_shown(shell: str) -> None:
    asked = {"_CALIB_COMPLETE": f"source_{shell}"}
    code = "from calib.cli import app; app(prog_name='calib')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | asked
    )
    assert done.returncode == 0, done.stderr
    assert "_CALIB_COMPLETE" in done.stdout
