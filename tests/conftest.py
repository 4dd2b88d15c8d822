"""Fixtures that every part's tests may use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cases.paths import REAL_DATA


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
