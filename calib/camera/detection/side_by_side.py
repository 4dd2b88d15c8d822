"""Images searched in worker processes side by side, or here where they are few: a process takes half a second to start.

A process that dies costs its image at most.
A death need not be the image's fault: short of memory, the system kills the process that happens to be the largest.
So the image is tried once more, in a fresh process and with no other beside it.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from calib.camera.detection.workers import Death, Finder, Sighting, Worker, answer_to, cannot_start
from calib.camera.images import opencv

FEW = 30  # images of 640 x 480 take a process's start
_FEW_BYTES = 8_000_000  # of them all: as many large ones take longer
_HEARD = ("WARNING", "WARN", "W")  # the level at which decoders report damage, and no more

T = TypeVar("T")


def search_all(
    paths: Sequence[Path],
    find: Finder[T],
    jobs: int,
    timeout_s: float,
    done: Callable[[], None],
    *,
    apart: bool = True,
) -> list[Sighting[T] | str]:
    """What each image shows, or the reason why it is not known, in the order given; `done` is called after each.

    find: a function of a module, a method of a picklable board, or a partial of these. apart: by worker processes even
    where the images are few; an image searched here is not interrupted at the time limit, nor does it die alone.

    Raises UsageError `opencv-unavailable` or InputError `worker-failed` when no worker can be started.
    """
    if not apart and _are_few(paths):
        return _search_here(paths, find, done)
    workers = [Worker(find, timeout_s) for _ in range(max(1, min(jobs, len(paths))))]
    results: list[Sighting[T] | str] = []
    for path, answer in zip(paths, _search(paths, workers, done), strict=True):
        if isinstance(answer, Death):
            answer = _search_alone(path, Worker(find, timeout_s))
            done()
        results.append(answer)
    return results


def _are_few(paths: Sequence[Path]) -> bool:
    """Whether the images take less time than processes to start, and their decoders may be heard here."""
    if len(paths) > FEW or os.environ.get("OPENCV_LOG_LEVEL", _HEARD[0]).upper() not in _HEARD:
        return False
    return sum(path.stat().st_size for path in paths if path.is_file()) <= _FEW_BYTES


def _search_here(paths: Sequence[Path], find: Finder[T], done: Callable[[], None]) -> list[Sighting[T] | str]:
    """What each image shows, in this process and one thread: results must not depend on the number of threads."""
    cv2 = opencv.load()
    threads, results = cv2.getNumThreads(), []
    cv2.setNumThreads(1)
    try:
        for path in paths:
            results.append(answer_to(path, find))
            done()
    finally:
        cv2.setNumThreads(threads)
    return results


def _search(
    paths: Sequence[Path], workers: Sequence[Worker[T]], done: Callable[[], None]
) -> list[Sighting[T] | str | Death]:
    """The answer to each image; `done` is called after each that is final."""
    tasks: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(paths)):
        tasks.put(index)
    answers: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    results: list[Sighting[T] | str | Death] = [""] * len(paths)
    try:
        for worker in workers:
            threading.Thread(target=_feed, args=(worker, paths, tasks, answers), daemon=True).start()
        for _ in paths:
            index, answer = answers.get()
            if isinstance(answer, BaseException):
                raise answer
            results[index] = answer
            if not isinstance(answer, Death):
                done()
    finally:
        for worker in workers:
            worker.close()
    return results


def _feed(
    worker: Worker[T], paths: Sequence[Path], tasks: queue.SimpleQueue[int], answers: queue.SimpleQueue[tuple[int, Any]]
) -> None:
    """A worker's thread: hand it one image after another, and pass on what it answers or raises."""
    while True:
        try:
            index = tasks.get_nowait()
        except queue.Empty:
            return
        try:
            answers.put((index, worker.look(paths[index])))
        except BaseException as error:  # the main thread raises it
            answers.put((index, error))
            return


def _search_alone(path: Path, worker: Worker[T]) -> Sighting[T] | str:
    """What an image shows whose worker died. Raises InputError `worker-failed` where none can even start."""
    try:
        answer = worker.look(path)
    finally:
        worker.close()
    if not isinstance(answer, Death):
        return answer
    if not answer.started:
        raise cannot_start(answer.ending)
    return f"the detector crashed on it twice ({answer.ending})"
