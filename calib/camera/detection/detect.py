"""A folder of images becomes the corners of a board, view by view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from calib.camera.board import Board, load_board, pick
from calib.camera.detection.checkered import detect_checkered
from calib.camera.detection.image_search import ImageSearch, find_in_each
from calib.camera.detection.recognition import boards_shown
from calib.camera.observations import Observations
from calib.camera.timeout import TIMEOUT_S
from calib.errors import InputError

INFERRED = "checkerboard"  # the kind of board that is looked for where none is named


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
    inner grid is inferred from the images, a square the unit of length. jobs: worker processes (default: one per
    processor); the result does not depend on it. timeout_s: for each image. on_progress: called with (done, total).

    Views are in the order of the images; corners in the order of the board. Images that cannot be read, differ in size
    from most, or do not show the board are excluded by name.

    Raises InputError: `no-images`, `no-readable-image`, `no-board-found`, `wrong-board-size`; UsageError: `bad-jobs`,
    `bad-timeout`, `opencv-unavailable`, those of `load_board`.
    """
    given = load_board(board) if isinstance(board, str) else board
    search = ImageSearch.of(images, jobs, timeout_s, on_progress)
    try:
        if given is not None and given.grid is None:
            return find_in_each(search, given)
        found = detect_checkered(search, pick(INFERRED), given)
        if given is None and len(found.views) < _MOST * len(search.paths):
            _require_no_other(search)
        return found
    except InputError as error:
        if error.code == "no-board-found" and (shown := boards_shown(search)):
            boards = " or ".join(shown)
            error.advice = f"the images show {boards}: give that as the board, sizes for the words in capitals"
        raise


def _require_no_other(search: ImageSearch) -> None:
    """Raise InputError `no-board-found` where the images show a board of another kind than the inferred one."""
    if others := [name for name in boards_shown(search) if not name.startswith(INFERRED)]:
        raise InputError(
            "the images show no checkerboard, but parts of another board that resemble one",
            code="no-board-found",
            where=search.where,
            why=f"seen: {', '.join(others)}",
            advice="name the board",
        )
