"""Rendered views that several files of tests look at."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
from cases.rendered import BOARD, CAMERA, DISTANCE, TURNS, pose, view


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four views of BOARD, one turned by nearly half a turn; not to be written to."""
    path = tmp_path_factory.mktemp("views")
    for i, turn in enumerate(TURNS):
        cv2.imwrite(str(path / f"v{i}.png"), view(CAMERA, BOARD, pose(BOARD, turn, DISTANCE), seed=i)[0])
    return path
