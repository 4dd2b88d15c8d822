"""Ctrl-C at any moment: one line on stderr, exit status 130."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

INTERRUPTING = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from calib.__main__ import main
main()
"""


def run(code: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("module", ["calib.interrupt", "calib.cli", "typer", "calib.cli.cell"])
def test_during_the_first_imports(module: str, tmp_path: Path) -> None:
    done = run(INTERRUPTING.format(module=module), tmp_path, "simulate", "robot", "--output", "sim")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["numpy", "calib.storage.folder", "calib.robot.simulation.simulate"])
def test_during_the_imports_of_the_work(module: str, tmp_path: Path) -> None:
    done = run(INTERRUPTING.format(module=module), tmp_path, "simulate", "robot", "--output", "sim")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted; nothing was written\n")
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_was_started_to_ignore_it(tmp_path: Path) -> None:
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{INTERRUPTING.format(module='numpy')}"
    done = run(code, tmp_path, "simulate", "robot", "--poses", "20", "--output", "sim")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sim" / "poses.csv").exists()


def test_what_comes_after_the_work_does_not_count(tmp_path: Path) -> None:
    late = "import atexit, os, signal; atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
    code = late + "from calib.__main__ import main; main()"
    done = run(code, tmp_path, "simulate", "robot", "--poses", "20", "--output", "sim")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_second_one_ends_the_clearing_away(tmp_path: Path) -> None:
    code = (
        "import os, signal\n"
        "from calib.storage import folder\n"
        "def interrupt(*_, **__): os.kill(os.getpid(), signal.SIGINT)\n"
        "folder.Reserved.write = folder.shutil.rmtree = interrupt\n"
        "from calib.__main__ import main; main()"
    )
    done = run(code, tmp_path, "simulate", "robot", "--poses", "20", "--output", "sim")
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_a_result_in_place_is_named(tmp_path: Path) -> None:
    code = (
        "import os, signal\n"
        "from calib.storage import folder\n"
        "write = folder.Reserved.write\n"
        "def interrupt(*arguments): write(*arguments), os.kill(os.getpid(), signal.SIGINT)\n"
        "folder.Reserved.write = interrupt\n"
        "from calib.__main__ import main; main()"
    )
    done = run(code, tmp_path, "simulate", "robot", "--poses", "20", "--output", "sim")
    assert (done.returncode, done.stderr) == (130, "interrupted; the result is in sim\n")
    assert (tmp_path / "sim" / "poses.csv").exists()


def test_other_programs_keep_their_interruptions() -> None:
    from calib.interrupt import raise_interruption

    before = signal.getsignal(signal.SIGINT)
    with raise_interruption():
        assert signal.getsignal(signal.SIGINT) is before
    assert signal.getsignal(signal.SIGINT) is before
