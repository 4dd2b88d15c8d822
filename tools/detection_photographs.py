"""What `bench_detection.py` shows on photographs: the whole command beside a script, and boards in real sets."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib import camera
from calib.camera.board import load_board
from calib.camera.images.read import read_grey

DATA = Path(__file__).resolve().parent.parent.parent / "shared/data/camera"
LEFT = "opencv_stereo"
_SCRIPT = """
import sys, cv2, numpy as np
grid = np.zeros((54, 3), np.float32)
grid[:, :2] = 25 * np.mgrid[:9, :6].T.reshape(-1, 2)
found = [cv2.findChessboardCornersSB(image := cv2.imread(path, 0), (9, 6)) for path in sys.argv[1:]]
corners = [points for seen, points in found if seen]
cv2.calibrateCamera([grid] * len(corners), corners, image.shape[::-1], None, None)
"""
_IMPORTS = "import calib.cli.camera, calib.camera.detection.detect, calib.camera.calibration.calibrate"


def whole_command(data: Path, runs: int) -> dict[str, float]:
    """Processor seconds of `calib camera` and of the script, starts of processes included, the runs alternating."""
    paths = sorted(str(path) for path in (data / LEFT).glob("left*.jpg"))
    own: list[float] = []
    script: list[float] = []
    imports: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        python = _Python(Path(folder))
        for run in range(runs + 1):
            images = ["--images", str(data / LEFT / "left*.jpg"), "--board", "checkerboard:9x6:25mm"]
            own.append(python.spent("-m", "calib", "camera", *images, "--output", f"{folder}/{run}"))
            script.append(python.spent("-c", _SCRIPT, *paths))
            imports.append(python.spent("-c", _IMPORTS) - python.spent("-c", "pass"))
        result = json.loads(Path(folder, "0", "result.json").read_text())
    return {
        "images": len(paths),
        "own_s": statistics.median(own[1:]),  # the first one compiles
        "script_s": statistics.median(script[1:]),
        "import_s": statistics.median(imports[1:]),
        "views": sum(bool(each["used"]) for each in result["inputs"]),
        "rms_px": float(result["rms_px"]),
    }


@dataclass(frozen=True)
class _Python:
    """The interpreter, which keeps what it compiles in a folder, as it does for a user."""

    folder: Path

    def spent(self, *arguments: str) -> float:
        """Processor seconds of a run and its children."""
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(self.folder / "compiled")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def real_boards(data: Path, quick: bool) -> dict[str, dict[str, Any]]:
    """What real sets show, what is asked of it, and whether that is met. quick: of the smaller ones."""
    rows: dict[str, dict[str, Any]] = {}
    for name, least in (("EuRoC", 35), ("TUM_VI", 36)):
        image, _ = read_grey(data / "aprilgrid_samples" / f"{name}.png")
        seen, _reason = load_board("aprilgrid:6x6:88mm:0.3").find(image)
        tags = 0 if seen is None else len(set((seen.index // 4).tolist()))
        rows[f"AprilGrid of {name}"] = {"shows": f"{tags} tags", "asked": str(least), "good": tags >= least}
    if quick:
        return rows
    for folder, pattern, board, least in (
        ("udacity_carnd", "*.jpg", "checkerboard:9x6:25mm", 19),
        ("gopro_fisheye", "*.JPG", "checkerboard:15x9:26mm", 24),
    ):
        found = [_is_found(path, board) for path in sorted((data / folder).glob(pattern))]
        shows = f"{sum(found)} of {len(found)} views"
        rows[folder] = {"shows": shows, "asked": str(least), "good": sum(found) >= least}
    for folder in ("2", "3"):
        views, residual_px = _charuco(data / "charuco" / folder)
        shows, good = f"{views} views, median residual {residual_px:.2f} px", views >= 21 and residual_px < 0.4
        rows[f"charuco {folder}"] = {"shows": shows, "asked": "21 views and .4 px", "good": good}
    return rows


def _is_found(path: Path, board: str) -> bool:
    return load_board(board).find(read_grey(path)[0])[0] is not None


def _charuco(folder: Path) -> tuple[int, float]:
    """Views used, and the median residual of their corners, px."""
    found = camera.calibrate(camera.detect(folder / "*.jpg", "charuco:20x20:4mm:3.2mm"))
    residuals = np.concatenate([np.hypot(*view.residuals_px[view.used].T) for view in found.views])
    return len(found.views), float(np.median(residuals))
