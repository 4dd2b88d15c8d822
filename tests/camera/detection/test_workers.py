"""Worker processes: one that dies, hangs or cannot start, and a caller that needs no guard."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from calib.camera.detection import side_by_side, workers
from calib.camera.detection.detect import detect
from calib.camera.detection.side_by_side import search_all
from calib.camera.detection.workers import Finder
from calib.camera.images import opencv
from calib.errors import InputError, UsageError


@pytest.fixture(autouse=True)
def no_image_is_searched_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "FEW", -1)


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
    assert reasons["v1.png"] == "the detector crashed on it twice (SIGSEGV)"
    assert "longer than 90 s" in reasons["v3.png"]


def write_grey_images(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> tuple[Finder[int], list[Path]]:
    """A finder of the brightest pixel, and images of one level each: 0, 1, ..."""
    monkeypatch.syspath_prepend(str(folder))
    (folder / "finder_of_grey.py").write_text("def brightest(image):\n    return int(image.max()), ''\n")
    from finder_of_grey import brightest

    paths = [folder / f"v{level}.png" for level in range(number)]
    for level, path in enumerate(paths):
        cv2.imwrite(str(path), np.full((4, 6), level, np.uint8))
    return brightest, paths


KILLED = """
import os, signal
from calib.camera.detection import workers
def die_once(name):
    try:
        os.open(name, os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
plain = workers.look
def look(path, find):
    if not at_start and path.name in ("v1.png", "v2.png"):
        die_once(f"{path}.died")
    return plain(path, find)
workers.look = look
at_start = %(at_start)s
if at_start:
    die_once("%(folder)s/start.died")
workers.serve()
"""


@pytest.mark.parametrize("at_start", [False, True])
def test_an_image_whose_worker_is_killed_is_searched_again_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_start: bool
) -> None:
    find, paths = write_grey_images(tmp_path, monkeypatch, 4)
    killed = KILLED % {"folder": tmp_path, "at_start": at_start}
    code = f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); exec({killed!r})"
    monkeypatch.setattr(workers, "_CODE", code)
    looking: list[Path] = []
    beside: list[tuple[str, int]] = []
    look = workers.Worker.look

    def count(worker: workers.Worker[int], path: Path) -> object:
        looking.append(path)
        beside.append((path.name, len(looking)))
        try:
            return look(worker, path)
        finally:
            looking.remove(path)

    monkeypatch.setattr(workers.Worker, "look", count)
    done: list[int] = []
    seen = search_all(paths, find, 2, 90.0, lambda: done.append(1))
    assert {path.stem for path in tmp_path.glob("*.died")} == ({"start"} if at_start else {"v1.png", "v2.png"})
    assert [one.found for one in seen if isinstance(one, workers.Sighting)] == [0, 1, 2, 3]
    repeated = [(name, count) for at, (name, count) in enumerate(beside) if name in dict(beside[:at])]
    assert len(repeated) == (1 if at_start else 2)
    assert {count for _, count in repeated} == {1}
    assert len(done) == 4


def test_workers_end_with_their_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long their image would take: nobody is left to kill a worker that hangs."""
    write_grey_images(tmp_path, monkeypatch, 2)
    (tmp_path / "finder_that_hangs.py").write_text(
        "import os, pathlib, time\n"
        "def hang(image):\n"
        f"    pathlib.Path({str(tmp_path)!r}, f'{{os.getpid()}}.pid').touch()\n"
        "    time.sleep(600)\n"
    )
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from calib.camera.detection import side_by_side\n"
        "from finder_that_hangs import hang\n"
        "side_by_side.FEW = -1\n"
        "side_by_side.search_all([Path(sys.argv[1], f'v{i}.png') for i in (0, 1)], hang, 2, 600.0, int)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=environment) as parent:
        pids = _wait_for(lambda: len(found := [int(path.stem) for path in tmp_path.glob("*.pid")]) == 2 and found)
        parent.kill()
    assert _wait_for(lambda: not any(map(_is_alive, pids)))


def _wait_for(condition: Callable[[], Any]) -> Any:
    """The first answer of a condition that is not false; fails after a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if answer := condition():
            return answer
        time.sleep(0.02)
    return pytest.fail("it did not come true")


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


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
        "from calib.camera.detection import side_by_side\n"
        "side_by_side.FEW = -1\n"
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
    black, grey, broken = search_all(paths, find, 2, 20.0, lambda: done.append(1))
    assert isinstance(black, workers.Sighting)
    assert isinstance(grey, workers.Sighting)
    assert (black.found, black.reason, black.size_px) == (None, "it is black", (6, 4))
    assert (grey.found, grey.orientation) == (7, 1)
    assert isinstance(broken, str)
    assert "cannot be read" in broken
    assert len(done) == 3


@pytest.mark.parametrize("level", ["OFF", "VERBOSE"])
def test_what_decoders_report_decides_and_reaches_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], level: str
) -> None:
    monkeypatch.setenv("OPENCV_LOG_LEVEL", level)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"noisy_{level}.py").write_text(
        "import os, cv2\ndef find(image):\n    cv2.imread('no such file')\n"
        "    return os.environ['OPENCV_LOG_LEVEL'], ''\n"
    )
    find = import_module(f"noisy_{level}").find
    image = np.random.default_rng(6).integers(0, 256, (200, 300), dtype=np.uint8)
    whole = bytearray(cv2.imencode(".jpg", image)[1].tobytes())
    (tmp_path / "whole.jpg").write_bytes(whole)
    at = whole.index(b"\xff\xc0") + 5
    whole[at : at + 2] = (900).to_bytes(2, "big")  # rows, of which most are missing
    (tmp_path / "tall.jpg").write_bytes(whole)
    good, damaged = search_all([tmp_path / "whole.jpg", tmp_path / "tall.jpg"], find, 1, 60.0, lambda: None)
    assert isinstance(good, workers.Sighting)
    assert good.found == "WARNING"
    assert isinstance(damaged, str)
    assert damaged.startswith("image is damaged")
    assert capfd.readouterr() == ("", "")


def test_few_images_are_searched_here_as_workers_would(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = detect(folder, jobs=2)
    monkeypatch.setattr(side_by_side, "FEW", 30)
    monkeypatch.setattr(workers, "_CODE", "raise SystemExit(7)")
    threads = cv2.getNumThreads()
    here = detect(folder)
    assert cv2.getNumThreads() == threads
    with pytest.raises(
        InputError, match="a worker process ends as soon as it starts"
    ):  # a limit that was stated is kept
        detect(folder, timeout_s=29.0)
    for one, other in zip(here.views, there.views, strict=True):
        assert one.corners_px.tobytes() == other.corners_px.tobytes()
