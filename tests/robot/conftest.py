"""Shared by the robot tests: measured data, and random transforms."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def real_robots() -> Path:
    """The folder of measured robots; skips where it is absent."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "robot"
    if not folder.is_dir():
        pytest.skip(f"measured data is not here: {folder}")
    return folder
