"""Images searched in worker processes: each with a time limit, and a process that dies costs its image only.

The workers are fresh interpreters fed over pipes, not multiprocessing's: nothing of the caller's script is run again in
them, so a script needs no `if __name__ == "__main__"`, and one that hangs inside a C library can be killed alone.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from calib.camera.detection import grid, search
from calib.camera.images import opencv
from calib.errors import CalibError, InputError, UsageError

_START_S = 120.0  # an interpreter with numpy and OpenCV starts in .3 s; a cold network drive takes its time

_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from calib.camera.detection.workers import serve; serve()"
)


@dataclass(frozen=True)
class Search:
    """One image to search, for a board of `size` (columns, rows) or of any size."""

    path: Path
    size: tuple[int, int] | None = None


def cpu_count() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def search_all(
    searches: Sequence[Search], jobs: int, timeout_s: float, done: Callable[[], None]
) -> list[search.Finding | str]:
    """Each search's finding, or the reason why there is none, in the order given; `done` is called after each.

    Raises UsageError `opencv-unavailable` or InputError `worker-failed` when no worker can be started.
    """
    tasks: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(searches)):
        tasks.put(index)
    answers: queue.SimpleQueue[tuple[int, search.Finding | str | BaseException]] = queue.SimpleQueue()
    workers = [_Worker(timeout_s) for _ in range(max(1, min(jobs, len(searches))))]
    threads = [
        threading.Thread(target=_feed, args=(worker, searches, tasks, answers), daemon=True) for worker in workers
    ]
    results: list[search.Finding | str] = [""] * len(searches)
    try:
        for thread in threads:
            thread.start()
        for _ in searches:
            index, answer = answers.get()
            if isinstance(answer, BaseException):
                raise answer
            results[index] = answer
            done()
    finally:
        for worker in workers:
            worker.close()
    return results


def _feed(
    worker: _Worker,
    searches: Sequence[Search],
    tasks: queue.SimpleQueue[int],
    answers: queue.SimpleQueue[tuple[int, search.Finding | str | BaseException]],
) -> None:
    """A worker's thread: hand it one image after another."""
    while True:
        try:
            index = tasks.get_nowait()
        except queue.Empty:
            return
        try:
            answers.put((index, worker.search(searches[index])))
        except BaseException as error:  # the main thread raises it
            answers.put((index, error))
            return


class _Worker:
    """One process, started when first needed and again after it died."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def search(self, search: Search) -> search.Finding | str:
        process = self._process or self._start()
        size = list(search.size) if search.size else None
        answer, timed_out = _ask(process, {"path": str(search.path), "size": size}, self._timeout_s)
        if answer is None:
            self._stop()
            if timed_out:
                return f"the search took longer than {self._timeout_s:g} s"
            return f"the detector crashed on it ({_ending(process.returncode)})"
        return _finding(answer)

    def close(self) -> None:
        self._closed = True
        self._stop()

    def _start(self) -> subprocess.Popen[bytes]:
        # One thread each: the images are the parallelism, and results must not depend on the number of threads.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        paths = json.dumps([os.path.abspath(path) for path in sys.path])
        with self._lock:
            if self._closed:
                raise InputError("the search was stopped", code="worker-failed")
            try:
                process = subprocess.Popen(
                    [sys.executable, "-c", _CODE, paths],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=os.environ | threads,
                )
            except OSError as error:
                raise InputError("a worker cannot be started", code="worker-failed", why=str(error)) from None
            self._process = process
        answer, _ = _ask(process, None, _START_S)
        if answer is None:
            self._stop()
            raise InputError(
                "a worker process ends as soon as it starts",
                code="worker-failed",
                why=_ending(process.returncode),
                advice=f"does this work?  {sys.executable} -c 'import cv2, calib.camera.detection.workers'",
            )
        if "error" in answer:
            raise UsageError(**answer["error"])
        return process

    def _stop(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                _close(pipe)


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
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
        line = process.stdout.readline()
        return (json.loads(line) if line.endswith(b"\n") else None), expired.is_set()
    except (OSError, ValueError):  # a pipe closed under us
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


def _finding(answer: dict[str, Any]) -> search.Finding | str:
    if "refused" in answer:
        return str(answer["refused"])
    found = answer["found"]
    if found is not None:
        found = grid.Grid(np.array(found["corners_px"], dtype=np.float64), found["dark_first"])
    width, height = answer["size_px"]
    return search.Finding((width, height), answer["orientation"], found, answer["reason"])


def serve() -> None:
    """The worker's side: one JSON line per image in, one out, until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it kills its workers
    answers = os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)  # whatever a C library prints must not mix with the answers

    def answer(document: dict[str, Any]) -> None:
        answers.write(json.dumps(document).encode() + b"\n")
        answers.flush()

    try:
        opencv.load().setNumThreads(1)
    except UsageError as error:
        answer({"error": {"what": error.what, "code": error.code, "why": error.why, "advice": error.advice}})
        return
    answer({"ready": True})
    for line in sys.stdin.buffer:
        question = json.loads(line)
        answer(_answer(Path(question["path"]), tuple(question["size"]) if question["size"] else None))


def _answer(path: Path, size: tuple[int, int] | None) -> dict[str, Any]:
    try:
        finding = search.look(path, size)
    except CalibError as error:
        return {"refused": f"{error.what}: {error.why}" if error.why else error.what}
    except Exception as error:  # a defect here costs one image, and says so
        return {"refused": f"the detector failed on it ({type(error).__name__}: {error})"}
    found = None
    if finding.found is not None:
        found = {"corners_px": finding.found.corners_px.tolist(), "dark_first": finding.found.dark_first}
    return {
        "size_px": finding.size_px,
        "orientation": finding.orientation,
        "found": found,
        "reason": finding.reason,
    }
