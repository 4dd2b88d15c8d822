"""A folder of images becomes the corners of a board, view by view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from calib.camera.board import Board, load_board, pick
from calib.camera.detection.checkered import detect_checkered
from calib.camera.detection.image_search import ImageSearch, find_in_each
from calib.camera.detection.recognition import boards_shown
from calib.camera.observations import Observations
from calib.camera.timeout import TIMEOUT_S
from calib.errors import InputError

INFERRED = "checkerboard"  # the kind of board that is looked for first where none is named
_MOST = 0.6  # of the images agree on a checkerboard that is one; of the squares between markers parts agree by chance


def detect(
    images: str | Path | Sequence[str | Path],
    board: Board | str | None = None,
    *,
    jobs: int | None = None,
    timeout_s: float = TIMEOUT_S,
    on_progress: Callable[[int, int], object] | None = None,
) -> Observations:
    """Find a board's corners in images.

    images: a folder, a pattern (`dir/*.png`), or files. board: as `load_board` takes it; None: a checkerboard whose
    inner grid is inferred from the images, or the board of another kind that they show; its step is the unit of length.
    jobs: worker processes (default: one per processor); the result does not depend on it. timeout_s: for each image.
    on_progress: called with (done, total).

    Views are in the order of the images; corners in the order of the board. Images that cannot be read, differ in size
    from most, or do not show the board are excluded by name.

    Raises InputError: `no-images`, `no-readable-image`, `no-board-found`, `wrong-board-size`; UsageError: `bad-jobs`,
    `bad-timeout`, `opencv-unavailable`, those of `load_board`.
    """
    given = load_board(board) if isinstance(board, str) else board
    search = ImageSearch.of(images, jobs, timeout_s, on_progress)
    if given is None:
        return _detect_whatever_it_is(search)
    try:
        return find_in_each(search, given) if given.grid is None else detect_checkered(search, pick(INFERRED), given)
    except InputError as error:
        if error.code == "no-board-found":
            error.advice = boards_shown(search).advice() or error.advice
        raise


def _detect_whatever_it_is(search: ImageSearch) -> Observations:
    """The checkerboard that most images agree on, or the one board of another kind that they show."""
    found, missed = None, None
    try:
        found = detect_checkered(search, pick(INFERRED))
    except InputError as error:
        if error.code != "no-board-found":
            raise
        missed = error
    if found is not None and len(found.views) >= _MOST * len(search.paths):
        return found
    shown = boards_shown(search)
    others = [name for name in shown.boards if not name.startswith(INFERRED)]
    if len(others) == 1 and (board := shown.board(others[0])) is not None:
        seen = find_in_each(search, board)
        return replace(seen, notes=(f"The board was recognised in the images: {board.name}.", *seen.notes))
    if others or (shown.others and missed is not None):
        raise InputError(
            "the images do not show a checkerboard",
            code="no-board-found",
            where=search.where,
            why=f"seen: {', '.join(others or shown.others)}",
            advice=shown.advice(),
        )
    if found is None and missed is not None:
        missed.advice = shown.advice() or missed.advice
        raise missed
    assert found is not None  # or the reason was raised
    return found
