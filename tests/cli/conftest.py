"""Fixtures of the tests of commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import command


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> command.Run:
    """Run `calib` in an empty folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return command.run
