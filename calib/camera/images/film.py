"""A film as images: of every few frames the sharpest, written where images are searched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib.arrays import Grey
from calib.camera.images import opencv
from calib.errors import InputError
from calib.text import one_line

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".m4v", ".webm")
MOST_SEARCHED = 120  # frames; the search for a board takes 50 times as long as their decoding
FAINT = 0.3  # of the detail that a tenth of the frames taken exceed: blurred, or without the board
MOST_FRAMES = 200_000  # an hour and more
FRAME = "frame_{:06d}"
"""Name of a frame, counted from 0."""


@dataclass(frozen=True)
class FilmFrames:
    """What was taken of a film."""

    frames: int
    """All of them."""
    step: int
    """Of so many the sharpest was taken."""
    taken: int
    """How many of these are searched: without those that are blurred beyond use."""


def is_film(path: object) -> bool:
    """Whether a file is a film by its ending."""
    return isinstance(path, str | Path) and Path(path).suffix.lower() in SUFFIXES


def write_sharpest(film: Path, folder: Path, most: int = MOST_SEARCHED) -> FilmFrames:
    """Write the sharpest of every few frames as images into a folder; one frame is held at a time.

    Neighbouring frames show the same scene, so that of these the one with most detail is the least blurred.
    Raises InputError `film-unreadable`, `film-too-long`; UsageError `opencv-unavailable`.
    """
    count = sum(1 for _ in _frames(film, decode=False))
    step = max(1, math.ceil(count / most))
    best: tuple[float, int, Grey] | None = None
    details: dict[Path, float] = {}
    read = 0
    for number, frame in enumerate(_frames(film, decode=True)):
        read += 1
        if best is not None and number % step == 0:
            details[_write(best, folder)] = best[0]
            best = None
        detail = _detail(frame)
        if best is None or detail > best[0]:
            best = detail, number, frame
    if best is None:
        raise _unreadable(film, "it holds no frame that can be decoded")
    details[_write(best, folder)] = best[0]
    least = FAINT * float(np.quantile([*details.values()], 0.9))
    for path, detail in details.items():
        if detail < least:
            path.unlink()
    return FilmFrames(read, step, sum(detail >= least for detail in details.values()))


def _frames(film: Path, *, decode: bool) -> Any:
    """Grey frames (height, width) in turn, or None for each where they are only counted."""
    cv2 = opencv.load()
    capture = cv2.VideoCapture(str(film))
    try:
        if not capture.isOpened():
            raise _unreadable(film, "OpenCV cannot open it" if film.is_file() else "there is no such file")
        for _ in range(MOST_FRAMES):
            if not capture.grab():
                return
            if not decode:
                yield None
                continue
            whole, frame = capture.retrieve()
            if whole and frame is not None:
                yield frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        raise InputError(
            f"more than {MOST_FRAMES} frames",
            code="film-too-long",
            where=one_line(str(film)),
            advice="cut out the part that shows the board: ffmpeg -ss 0 -t 60 -i FILM -c copy part.mp4",
        )
    finally:
        capture.release()


def _detail(frame: Grey) -> float:
    """Standard deviation of the second differences, grey levels."""
    cv2 = opencv.load()
    return float(cv2.meanStdDev(cv2.Laplacian(frame, cv2.CV_16S))[1][0, 0])


def _write(best: tuple[float, int, Grey], folder: Path) -> Path:
    path = folder / f"{FRAME.format(best[1])}.bmp"
    path.write_bytes(bytes(opencv.load().imencode(".bmp", best[2])[1]))
    return path


def _unreadable(film: Path, why: str) -> InputError:
    return InputError(
        "the film cannot be read",
        code="film-unreadable",
        where=one_line(str(film)),
        why=why,
        advice=f"take its frames out: mkdir frames; ffmpeg -i {film.name} -vf fps=5 frames/%05d.png; "
        "calib camera --images frames/",
    )
