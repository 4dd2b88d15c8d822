"""Fixtures that every part's tests may use."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from cases.paths import REAL_DATA, ROOT
from cases.snippets import SIMULATED
from typer.testing import CliRunner

from calib.cli import app

# The tests run on every processor by themselves (pytest-xdist): arithmetic on one thread each. Set before numpy is
# loaded, and inherited by the processes that tests start.
for library in ("OPENBLAS", "MKL", "OMP", "VECLIB"):
    suffix = "MAXIMUM_THREADS" if library == "VECLIB" else "NUM_THREADS"
    os.environ[f"{library}_{suffix}"] = "1"

# Tests that are run in the background of a script inherit that interruptions are ignored; those of Ctrl-C, and the
# processes that they start, would then look at nothing.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


LONG = frozenset((ROOT / "tests" / "long.txt").read_text(encoding="utf-8").splitlines())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases listed in long.txt, so that the default run stays within minutes."""
    for item in items:
        if item.nodeid in LONG:
            item.add_marker(pytest.mark.long)


@pytest.fixture(autouse=True)
def one_processor_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """What starts a worker per processor starts one, unless a test says otherwise: the others run tests."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """`real_data("camera/zhang")`: a folder of data that may not be shipped; the test skips where it is absent."""

    def folder(name: str) -> Path:
        path = REAL_DATA / name
        if not path.is_dir():
            pytest.skip(f"real data not at hand: {path} is absent")
        return path

    return folder


@pytest.fixture
def real_robots(real_data: Callable[[str], Path]) -> Path:
    """The folder of measured robots."""
    return real_data("robot")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`simulated("hand-eye")`: the folder that this simulation wrote, see `cases.snippets`; once for all tests."""

    @cache
    def folder(name: str) -> Path:
        output = tmp_path_factory.mktemp("simulated") / name
        result = CliRunner().invoke(app, [*SIMULATED[name].split(), "--output", str(output)])
        assert result.exit_code == 0, result.output
        return output

    return folder
