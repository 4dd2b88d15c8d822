"""Worker processes that search images, one after another, each image with a time limit.

The workers are fresh interpreters fed over pipes, not multiprocessing's: nothing of the caller's script is run again in
them, so a script needs no `if __name__ == "__main__"`, and one that hangs inside a C library can be killed alone.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from calib.arrays import Grey
from calib.camera.board import KINDS
from calib.camera.images import opencv
from calib.camera.images.read import read_grey
from calib.errors import CalibError, InputError, UsageError

_START_S = 120.0  # an interpreter with numpy and OpenCV starts in .3 s; a cold network drive takes its time

_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from calib.camera.detection.workers import serve; serve()"
)

# Decoders report damage as warnings, which the reader of images goes by, whatever level the user has chosen for OpenCV.
DECODERS = {"OPENCV_LOG_LEVEL": "WARNING"}

T = TypeVar("T")
Finder = Callable[[Grey], tuple[T | None, str]]  # what is found in an image, else None and the reason


@dataclass(frozen=True, eq=False)
class Sighting(Generic[T]):
    """What one image showed."""

    size_px: tuple[int, int]
    """(width, height)"""
    orientation: int
    """EXIF's."""
    found: T | None
    """What was looked for, if it was found."""
    reason: str
    """Why it was not."""


@dataclass(frozen=True)
class Death:
    """The end of a worker without an answer."""

    ending: str
    """The signal or the exit status."""
    started: bool = True
    """Whether it had begun to look at the image."""


def cpu_count() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Worker(Generic[T]):
    """One process, started when first needed and again after it died."""

    def __init__(self, find: Finder[T], timeout_s: float) -> None:
        self._find = find
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def look(self, path: Path) -> Sighting[T] | str | Death:
        """What an image shows, or why that is not known. Raises as `search_all`."""
        process = self._process or self._start()
        if isinstance(process, Death):
            return process
        answer, timed_out = _ask(process, (path, self._find), self._timeout_s)
        if answer is None:
            self._stop()
            late = f"the search took longer than {self._timeout_s:g} s"
            return late if timed_out else Death(_ending(process.returncode))
        sighting: Sighting[T] | str = answer
        return sighting

    def close(self) -> None:
        """End the process, for good."""
        self._closed = True
        self._stop()

    def _start(self) -> subprocess.Popen[bytes] | Death:
        """The process, ready; its death where the system killed it. Raises InputError `worker-failed`."""
        process = self._open()
        answer, timed_out = _ask(process, None, _START_S)
        if answer is None:
            self._stop()
            ending = f"nothing heard of it for {_START_S:g} s" if timed_out else _ending(process.returncode)
            if process.returncode < 0 and not timed_out:
                return Death(ending, started=False)
            raise cannot_start(ending)
        if isinstance(answer, CalibError):
            raise answer
        return process

    def _open(self) -> subprocess.Popen[bytes]:
        # One thread each: the images are the parallelism, and results must not depend on the number of threads.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        paths = json.dumps([os.path.abspath(path) for path in sys.path])
        boards = json.dumps([os.path.abspath(path) for path in import_module(KINDS).__path__])
        with self._lock:
            if self._closed:
                raise InputError("the search was stopped", code="worker-failed", advice="start the command again")
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _CODE, paths, boards],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=os.environ | threads | DECODERS,
                )
            except OSError as error:
                advice = "free memory, or start fewer processes: --jobs 1"
                raise InputError(
                    "a worker cannot be started", code="worker-failed", why=str(error), advice=advice
                ) from None
            return self._process

    def _stop(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                _close(pipe)


def cannot_start(ending: str) -> InputError:
    """The error `worker-failed` of a process that ends before it has looked at anything."""
    return InputError(
        "a worker process ends as soon as it starts",
        code="worker-failed",
        why=ending,
        advice=f"does this work?  {sys.executable} -c 'import cv2, calib.camera.detection.workers'",
    )


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:  # what was still to be written to a dead process
        pass


def _ask(process: subprocess.Popen[bytes], question: object, timeout_s: float) -> tuple[Any, bool]:
    """Write a line (unless None), read a line: the answer, None if the process ended; and whether it was killed."""
    expired = threading.Event()

    def kill() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(timeout_s, kill)
    timer.daemon = True
    timer.start()
    try:
        assert process.stdin is not None  # they are pipes
        assert process.stdout is not None
        if question is not None:
            process.stdin.write(_pack(question))
            process.stdin.flush()
        line = process.stdout.readline()
        return (_unpack(line) if line.endswith(b"\n") else None), expired.is_set()
    except (OSError, ValueError, EOFError, pickle.UnpicklingError):  # a pipe closed under us
        return None, expired.is_set()
    finally:
        timer.cancel()


def _ending(status: int | None) -> str:
    if status is not None and status < 0:
        try:
            return signal.Signals(-status).name
        except ValueError:
            pass
    return f"exit status {status}"


def _pack(content: object) -> bytes:
    return base64.b64encode(pickle.dumps(content)) + b"\n"


def _unpack(line: bytes) -> Any:
    return pickle.loads(base64.b64decode(line))  # from a process that was started here


def serve() -> None:
    """The worker's side: a line per image in, one out, until the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it kills its workers
    answers = os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)  # whatever a C library prints must not mix with the answers

    def answer(content: object) -> None:
        answers.write(_pack(content))
        answers.flush()

    import_module(KINDS).__path__[:] = json.loads(sys.argv[2])  # boards may be in folders of the user's
    try:
        opencv.load().setNumThreads(1)
    except UsageError as error:
        answer(error)
        return
    answer("ready")
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    while True:
        answer(_answer(lines.get()))


def _listen(lines: queue.SimpleQueue[bytes]) -> None:
    """End this process as soon as its parent is no more, however long its image would take."""
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(0)


def _answer(line: bytes) -> Sighting[Any] | str:
    try:
        path, find = _unpack(line)
    except Exception as error:
        return f"the detector cannot be loaded ({type(error).__name__}: {error})"
    return answer_to(path, find)


def answer_to(path: Path, find: Finder[T]) -> Sighting[T] | str:
    """What one image shows, or why that is not known."""
    try:
        return look(path, find)
    except CalibError as error:
        return f"{error.what}: {error.why}" if error.why else error.what
    except Exception as error:  # a defect here costs one image, and is reported
        return f"the detector failed on it ({type(error).__name__}: {error})"


def look(path: Path, find: Finder[T]) -> Sighting[T]:
    """What one image shows. Raises as `images.read_grey`."""
    image, header = read_grey(path)
    found, reason = find(image)
    return Sighting((header.width_px, header.height_px), header.orientation, found, reason)
