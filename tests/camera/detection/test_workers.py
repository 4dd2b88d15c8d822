"""Worker processes: one that dies, hangs or cannot start, and a caller that needs no guard."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from calib.camera.detection import workers
from calib.camera.detection.detect import detect
from calib.camera.images import opencv
from calib.errors import InputError, UsageError

CRASHER = """
import os, signal, sys, time
from calib.camera.detection import workers
plain = workers.look
def look(path, find):
    if "v1" in path.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "v3" in path.name:
        time.sleep(600)
    return plain(path, find)
workers.look = look
workers.serve()
"""


def test_a_worker_that_dies_or_hangs_costs_one_image(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Good images have all the time they need, however busy the machine is; the one that hangs is killed early."""
    monkeypatch.setattr(workers, "_CODE", f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); exec({CRASHER!r})")
    plain, limits = workers._ask, []

    def ask(process: subprocess.Popen[bytes], question: object, limit_s: float) -> tuple[object, bool]:
        hangs = isinstance(question, tuple) and question[0].name == "v3.png"
        limits.append(limit_s)
        return plain(process, question, 1.0 if hangs else limit_s)

    monkeypatch.setattr(workers, "_ask", ask)
    seen = detect(folder, jobs=1, timeout_s=90.0)
    assert limits.count(90.0) >= 4
    assert [one.image for one in seen.views] == ["v0.png", "v2.png"]
    reasons = {one.image: one.reason for one in seen.excluded}
    assert "crashed" in reasons["v1.png"]
    assert "longer than 90 s" in reasons["v3.png"]


def test_a_worker_that_cannot_start_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CODE", "raise SystemExit(7)")
    with pytest.raises(InputError) as caught:
        detect(folder)
    assert caught.value.code == "worker-failed"
    assert "exit status 7" in str(caught.value)


def test_a_broken_opencv_reaches_the_caller(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); sys.modules['cv2'] = None; "
    monkeypatch.setattr(workers, "_CODE", broken + "from calib.camera.detection.workers import serve; serve()")
    with pytest.raises(UsageError) as caught:
        detect(folder)
    assert caught.value.code == "opencv-unavailable"
    assert "pip install" in str(caught.value)


def test_an_opencv_that_lacks_its_functions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", type(sys)("cv2"))
    with pytest.raises(UsageError) as caught:
        opencv.load()
    assert caught.value.code == "opencv-unavailable"
    assert "uninstall" in caught.value.advice


def test_a_script_needs_no_guard_and_no_library_is_loaded_early(tmp_path: Path, folder: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from calib.camera.detection.detect import detect\n"
        "assert not {'cv2', 'scipy'} & set(sys.modules)\n"
        f"print(len(detect({str(folder)!r}, jobs=2).views))\n"
        "assert not {'cv2', 'scipy'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=os.environ, check=False)
    assert (done.stdout, done.stderr) == ("4\n", "")


def test_any_function_of_a_module_can_look_at_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "finder_of_test.py").write_text(
        "def brightest(image):\n    return (int(image.max()), '') if image.any() else (None, 'it is black')\n"
    )
    from finder_of_test import brightest as find

    for name, level in (("a", 0), ("b", 7)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((4, 6), level, np.uint8))
    (tmp_path / "c.png").write_bytes(b"no image")
    done: list[int] = []
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    black, grey, broken = workers.search_all(paths, find, 2, 20.0, lambda: done.append(1))
    assert isinstance(black, workers.Sighting)
    assert isinstance(grey, workers.Sighting)
    assert (black.found, black.reason, black.size_px) == (None, "it is black", (6, 4))
    assert (grey.found, grey.orientation) == (7, 1)
    assert isinstance(broken, str)
    assert "cannot be read" in broken
    assert len(done) == 3
