"""A folder of images becomes the corners of a checkerboard, view by view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from calib.camera.board import Board, load_board
from calib.camera.boards.apriltag import AprilTag
from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.detection import grid, workers
from calib.camera.detection.apriltag import detect_tag
from calib.camera.detection.search import Finding
from calib.camera.images.read import image_paths, names_of
from calib.camera.observations import Excluded, Observations, View
from calib.camera.timeout import TIMEOUT_S
from calib.errors import InputError, UsageError

_MIN_SHARE = 0.3  # of the grids seen must agree on the board's size; partial views of all sizes do not
_MIN_CORNERS = 12  # a 4 x 3 board; less is found in any kitchen
_AGREED = 3  # images that show the same smaller grid: boards are cut off here and there, not always alike
_FULLER = 0.5  # a larger size seen half as often as the commonest one is the whole board, which often is cut off


def detect(
    images: str | Path | Sequence[str | Path],
    board: Board | str | None = None,
    *,
    jobs: int | None = None,
    timeout_s: float = TIMEOUT_S,
    on_progress: Callable[[int, int], object] | None = None,
) -> Observations:
    """Find a checkerboard's corners, or those of an AprilTag, in images.

    images: a folder, a pattern (`dir/*.png`), or files. board: as `load_board` takes it; None: the size of the inner
    grid is inferred from the images and a square is the unit of length. jobs: worker processes (default: one per
    processor); the result does not depend on it. timeout_s: for each image. on_progress: called with (done, total).

    Corners run row by row; views are in the order of the images. Images that cannot be read, differ in size from most,
    or do not show the whole board are set aside by name.

    Raises InputError: `no-images`, `no-readable-image`, `no-board-found`, `wrong-board-size`; UsageError:
    `opencv-unavailable`, `board-not-detected` (a kind of board that is not found in images), those of `load_board`.
    """
    wanted = load_board(board) if isinstance(board, str) else board
    if isinstance(wanted, AprilTag):
        paths, _ = image_paths(images)
        return detect_tag(paths, names_of(paths), wanted, on_progress)
    if wanted is not None and not isinstance(wanted, Checkerboard):
        raise UsageError(f"{wanted.name} cannot be found in images", code="board-not-detected")
    if jobs is not None and jobs < 1:
        raise UsageError(f"{jobs} worker processes", code="bad-jobs", advice="jobs must be 1 or more")
    if not timeout_s > 0:
        raise UsageError(f"a time limit of {timeout_s} s", code="bad-timeout", advice="it must be above 0")
    paths, where = image_paths(images)
    run = _Run(paths, where, jobs or workers.cpu_count(), timeout_s, on_progress)
    run.look_for_any()
    chosen = wanted or run.inferred()
    run.look_for(chosen)
    return run.observations(chosen, inferred=wanted is None)


@dataclass
class _Image:
    """One image on its way: its name in results, what was found, why it is set aside."""

    path: Path
    name: str
    finding: Finding | None = None
    reason: str = ""


class _Run:
    """One call of `detect`."""

    def __init__(
        self,
        paths: list[Path],
        where: str,
        jobs: int,
        timeout_s: float,
        progress: Callable[[int, int], object] | None,
    ) -> None:
        names = names_of(paths)
        self._images = [_Image(path, name) for path, name in zip(paths, names, strict=True)]
        self._where = where
        self._jobs = jobs
        self._timeout_s = timeout_s
        self._progress = progress
        self._done = 0
        self._total = len(paths)
        self._size_px = (0, 0)

    def look_for_any(self) -> None:
        """Search every image for a grid of any size; keep the images of the commonest image size."""
        self._search(self._images, None)
        readable = [image for image in self._images if image.finding is not None]
        if not readable:
            self._raise_unreadable()
        sizes = Counter(image.finding.size_px for image in readable if image.finding)
        most = max(sizes.values())
        self._size_px = max((size for size in sizes if sizes[size] == most), key=lambda size: (size[0] * size[1], size))
        for image in readable:
            if image.finding and image.finding.size_px != self._size_px:
                ours, other = _text(image.finding.size_px), _text(self._size_px)
                image.reason = f"it is {ours} pixels, most of the others are {other}"

    def inferred(self) -> Checkerboard:
        """The size of board most images agree on. Raises InputError `no-board-found`."""
        votes = self._votes()
        best = _winner(votes)
        if best is None:
            self._raise_nothing(votes, None)
        return Checkerboard(columns=best[0], rows=best[1])

    def look_for(self, board: Checkerboard) -> None:
        """Search the images in which the board has not been found yet with stronger detectors.

        Raises InputError `wrong-board-size`, `no-board-found`.
        """
        size = (board.columns, board.rows)
        votes = self._votes()
        canonical = (max(size), min(size))
        winner = _winner(votes)
        if winner and winner != canonical and votes[winner] > votes[canonical]:
            # A larger grid cannot be a part of the board; a smaller one can, unless most images show just that.
            agreed = votes[winner] >= max(_AGREED, len(self._used()) / 2) and not votes[canonical]
            if agreed or not _inside(winner, canonical):
                self._raise_wrong(board, winner, votes)
        missing = [image for image in self._used() if _grid(image, size) is None]
        self._total += len(missing)
        self._search(missing, size)
        if not any(_grid(image, size) is not None for image in self._used()):
            if winner and winner != canonical:
                self._raise_wrong(board, winner, votes)
            self._raise_nothing(votes, board)

    def observations(self, board: Checkerboard, inferred: bool) -> Observations:
        """What was found, in the order of the images."""
        size = (board.columns, board.rows)
        in_board = board.corners_in_board
        views, aside = [], []
        for image in self._images:
            found = None if image.reason else _grid(image, size)
            if found is None:
                aside.append(Excluded(image.name, image.reason or "no checkerboard was found"))
                continue
            corners = found.corners_px.reshape(-1, 2)
            clear = np.isfinite(corners[:, 0])
            views.append(View(image.name, corners[clear], in_board[clear]))
        return Observations(
            views=tuple(views),
            image_size_px=self._size_px,
            board=board.name,
            scale_known=board.scale_known,
            excluded=tuple(aside),
            notes=tuple(self._notes(board, inferred)),
        )

    def _search(self, images: list[_Image], size: tuple[int, int] | None) -> None:
        def count() -> None:
            self._done += 1
            if self._progress:
                self._progress(self._done, self._total)

        searches = [workers.Search(image.path, size) for image in images]
        for image, answer in zip(images, workers.search_all(searches, self._jobs, self._timeout_s, count), strict=True):
            if isinstance(answer, str):
                image.reason = answer
                continue
            image.finding = answer
            image.reason = "" if size is None else answer.reason

    def _used(self) -> list[_Image]:
        """The images that can be read and have the common size."""
        return [image for image in self._images if image.finding and image.finding.size_px == self._size_px]

    def _votes(self) -> Counter[tuple[int, int]]:
        """How many images show a grid of each size (larger side, smaller side)."""
        found = [image.finding.found for image in self._used() if image.finding and image.finding.found]
        sizes = [(max(one.columns, one.rows), min(one.columns, one.rows)) for one in found]
        return Counter(size for size in sizes if size[1] >= 3 and size[0] * size[1] >= _MIN_CORNERS)

    def _notes(self, board: Checkerboard, inferred: bool) -> list[str]:
        notes = []
        if inferred:
            notes.append(f"The board was inferred from the images: {board.columns}x{board.rows} inner corners.")
        if not board.scale_known:
            notes.append("The square's size is not known and taken as one unit: only the poses' scale is unknown.")
        turned = sum(1 for image in self._used() if image.finding and image.finding.orientation != 1)
        if turned:
            notes.append(
                f"{turned} images carry an EXIF rotation; it is ignored: pixels are counted as the sensor has them."
            )
        return notes

    def _raise_unreadable(self) -> NoReturn:
        reasons = [f"{image.name}: {image.reason}" for image in self._images]
        more = [f"... and {len(reasons) - 5} more"] if len(reasons) > 5 else []
        raise InputError(
            "none of the images can be read",
            code="no-readable-image",
            where=self._where,
            why="\n".join(reasons[:5] + more),
        )

    def _raise_nothing(self, votes: Counter[tuple[int, int]], board: Checkerboard | None) -> NoReturn:
        tried = "at several scales and with the contrast stretched"
        count = len(self._used())
        if board is not None:
            raise InputError(
                f"{board.name} was found in none of {count} images",
                code="no-board-found",
                where=self._where,
                why=f"tried: linked corners, OpenCV's classic and its sector-based detector, {tried}",
                advice="the whole board must be in the image, sharp, flat, and larger than a tenth of it; "
                "columns x rows count inner corners, where four squares meet",
            )
        seen = ", ".join(f"{_text(size)} in {number}" for size, number in votes.most_common(6))
        raise InputError(
            f"no checkerboard was found in {count} images" if not seen else "the images do not agree on a checkerboard",
            code="no-board-found",
            where=self._where,
            why=f"tried: grids of linked corners of any size, {tried}"
            + (f"; saw grids of {seen} images" if seen else ""),
            advice="name the board, for example checkerboard:9x6:25mm (inner corners), to try stronger detectors",
        )

    def _raise_wrong(self, board: Checkerboard, seen: tuple[int, int], votes: Counter[tuple[int, int]]) -> NoReturn:
        squares = (board.columns - 1, board.rows - 1)
        counted = " (squares were counted, not the corners between them)" if sorted(squares) == sorted(seen) else ""
        size = board.name.removeprefix(f"checkerboard:{board.columns}x{board.rows}")
        raise InputError(
            f"the board has {_text((board.columns, board.rows))} inner corners, the images show {_text(seen)}{counted}",
            code="wrong-board-size",
            where=self._where,
            why=f"{votes[seen]} of {len(self._used())} images show a grid of {_text(seen)}",
            advice=f"checkerboard:{_text(seen)}{size}",
        )


def _winner(votes: Counter[tuple[int, int]]) -> tuple[int, int] | None:
    """The board's size in view of what the images show; None where they do not agree."""
    if not votes:
        return None
    commonest = max(votes, key=lambda size: (votes[size], size[0] * size[1], size))
    fuller = [
        size
        for size, count in votes.items()
        if size != commonest and _inside(commonest, size) and count >= max(2, _FULLER * votes[commonest])
    ]
    best = max(fuller, key=lambda size: (size[0] * size[1], size), default=commonest)
    return best if votes[best] >= _MIN_SHARE * votes.total() else None


def _inside(small: tuple[int, int], large: tuple[int, int]) -> bool:
    return small[0] <= large[0] and small[1] <= large[1]


def _grid(image: _Image, size: tuple[int, int]) -> grid.Grid | None:
    """The image's grid turned to the board's columns and rows, if it has that size."""
    if image.finding is None or image.finding.found is None:
        return None
    return grid.orient(image.finding.found, *size)


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
