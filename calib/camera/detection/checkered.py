"""Checkerboards in many images: a quick look for grids of any size, whose sizes are votes, then a thorough search.

The first pass infers the board, or finds its size wrong before minutes are spent on the second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from calib.camera.board import BoardCorners
from calib.camera.detection import grid
from calib.camera.detection.search import find_any_grid
from calib.camera.detection.workers import Sighting
from calib.errors import InputError, UsageError

if TYPE_CHECKING:
    from calib.camera.board import Board
    from calib.camera.detection.image_search import ImageSearch, Survey
    from calib.camera.observations import Observations

Size = tuple[int, int]
Votes = Counter[Size]

_MIN_SHARE = 0.3  # of the grids found must agree on the board's size; partial views of all sizes do not
_MIN_CORNERS = 12  # a 4 x 3 board; less is matched by ordinary texture
_AGREED = 3  # images that show the same smaller grid: boards are cut off here and there, not always alike
_FULLER = 0.5  # a larger size found half as often as the commonest one is the whole board, which often is cut off
_TRIED = "at several scales and with the contrast stretched"


def detect_checkered(
    search: ImageSearch, build: Callable[[int, int], Board], given: Board | None = None
) -> Observations:
    """The corners of a checkerboard in every image that shows it whole.

    given: the board; None: the one of the size that most images agree on, built from its columns and rows.
    Raises InputError `no-readable-image`, `no-board-found`, `wrong-board-size`.
    """
    survey = search.survey(find_any_grid)
    sizes = count_sizes(survey)
    report = _Report(search.where, sizes, len(survey.sightings))
    board = given or build(*infer_size(report))
    size = _grid_of(board)
    check_size(board, report)
    found = {
        name: corners
        for name, sighting in survey.sightings.items()
        if sighting.found is not None and (corners := board_corners(sighting.found, size))
    }
    reasons = dict(survey.reasons)
    missing = [name for name in survey.sightings if name not in found]
    for name, answer in search.look(missing, board.find, before=len(search.paths)).items():
        if isinstance(answer, Sighting) and answer.found is not None:
            found[name] = answer.found
        else:
            reasons[name] = answer.reason if isinstance(answer, Sighting) else answer
    if not found:
        report.raise_nothing(board)
    observations = search.observations(board, survey, found, reasons)
    return replace(observations, notes=(*_notes(board, given is None), *observations.notes))


def board_corners(found: grid.Grid, size: Size) -> BoardCorners | None:
    """The clear corners of a grid turned to a board of (columns, rows); None if it has another size."""
    oriented = grid.orient(found, *size)
    if oriented is None:
        return None
    corners = oriented.corners_px.reshape(-1, 2)
    clear = np.flatnonzero(np.isfinite(corners[:, 0]))
    return BoardCorners(corners[clear], clear)


def count_sizes(survey: Survey[grid.Grid]) -> Votes:
    """How many images show a grid of each size (larger side, smaller side)."""
    grids = [sighting.found for sighting in survey.sightings.values() if sighting.found is not None]
    sizes = [(max(one.columns, one.rows), min(one.columns, one.rows)) for one in grids]
    return Counter(size for size in sizes if size[1] >= 3 and size[0] * size[1] >= _MIN_CORNERS)


def most_likely_size(votes: Votes) -> Size | None:
    """The board's size in view of what the images show; None where they do not agree."""
    if not votes:
        return None
    commonest = max(votes, key=lambda size: (votes[size], size[0] * size[1], size))
    fuller = [
        size
        for size, count in votes.items()
        if size != commonest and _fits_inside(commonest, size) and count >= max(2, _FULLER * votes[commonest])
    ]
    best = max(fuller, key=lambda size: (size[0] * size[1], size), default=commonest)
    return best if votes[best] >= _MIN_SHARE * votes.total() else None


def infer_size(report: _Report) -> Size:
    """The size most images agree on. Raises InputError `no-board-found`."""
    return most_likely_size(report.votes) or report.raise_nothing(None)


def check_size(board: Board, report: _Report) -> None:
    """Raise InputError `wrong-board-size` where the images plainly show a grid of another size.

    A larger grid cannot be a part of the board; a smaller one can, unless most images show just that.
    """
    votes, size = report.votes, (max(_grid_of(board)), min(_grid_of(board)))
    shown = most_likely_size(votes)
    if shown is None or shown == size or votes[shown] <= votes[size]:
        return
    agreed = votes[shown] >= max(_AGREED, report.images / 2) and not votes[size]
    if agreed or not _fits_inside(shown, size):
        report.raise_wrong(board, shown)


@dataclass(frozen=True)
class _Report:
    """What errors report of a search."""

    where: str
    votes: Votes
    images: int

    def raise_nothing(self, board: Board | None) -> NoReturn:
        """Raise `no-board-found`; `wrong-board-size` where a board of another size is shown."""
        if board is None:
            self._raise_no_agreement()
        shown = most_likely_size(self.votes)
        if shown and sorted(shown) != sorted(_grid_of(board)):
            self.raise_wrong(board, shown)
        raise InputError(
            f"{board.name} was found in none of {self.images} images",
            code="no-board-found",
            where=self.where,
            why=f"tried: linked corners, OpenCV's classic and its sector-based detector, {_TRIED}",
            advice=board.hint,
        )

    def _raise_no_agreement(self) -> NoReturn:
        shown = ", ".join(f"{_text(size)} in {number}" for size, number in self.votes.most_common(6))
        nothing = f"no checkerboard was found in {self.images} images"
        raise InputError(
            "the images do not agree on a checkerboard" if shown else nothing,
            code="no-board-found",
            where=self.where,
            why=f"tried: grids of linked corners of any size, {_TRIED}"
            + (f"; found grids of {shown} images" if shown else ""),
            advice="name the board, for example checkerboard:9x6:25mm (inner corners), to try stronger detectors",
        )

    def raise_wrong(self, board: Board, shown: Size) -> NoReturn:
        """Raise `wrong-board-size`."""
        own, squares = _text(_grid_of(board)), [count - 1 for count in _grid_of(board)]
        counted = " (squares were counted, not the corners between them)" if sorted(squares) == sorted(shown) else ""
        raise InputError(
            f"the board has {own} inner corners, the images show {_text(shown)}{counted}",
            code="wrong-board-size",
            where=self.where,
            why=f"{self.votes[shown]} of {self.images} images show a grid of {_text(shown)}",
            advice=board.name.replace(own, _text(shown), 1),
        )


def _notes(board: Board, inferred: bool) -> list[str]:
    notes = []
    if inferred:
        notes.append(f"The board was inferred from the images: {_text(_grid_of(board))} inner corners.")
    if not board.scale_known:
        notes.append("The square's size is not known and taken as one unit: only the poses' scale is unknown.")
    return notes


def _grid_of(board: Board) -> Size:
    if board.grid is None:
        advice = "name the board as it is: checkerboard:9x6:25mm, with its inner corners and the side of a square"
        raise UsageError(f"{board.name} is not a checkerboard", code="board-not-detected", advice=advice)
    return board.grid


def _fits_inside(small: Size, large: Size) -> bool:
    return small[0] <= large[0] and small[1] <= large[1]


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
