"""What some images show, whatever was looked for: every kind of board is asked, then what is known of other targets."""

from __future__ import annotations

from dataclasses import dataclass

from calib import plugins
from calib.arrays import Grey
from calib.camera.board import KINDS, Board, load_board, pick
from calib.camera.detection.image_search import ImageSearch
from calib.camera.detection.other_targets import other_target
from calib.camera.detection.workers import Sighting
from calib.camera.images import opencv
from calib.errors import UsageError

_SIDE_PX = 1000  # of an image: enough for a board worth naming, and every dictionary costs its time
_IMAGES = 3  # that are looked at, evenly among all


@dataclass(frozen=True)
class Shown:
    """What images show, the commonest first."""

    boards: tuple[str, ...] = ()
    """As boards are named inline, in capitals what an image does not tell."""
    others: tuple[str, ...] = ()
    """Targets that are none of the boards, in words."""

    def board(self, name: str) -> Board | None:
        """The board of one of the names; None where the images do not tell all of it."""
        try:
            return load_board(name)
        except UsageError:
            return None

    def advice(self) -> str:
        """What to do; empty where nothing is seen."""
        if self.boards:
            boards = " or ".join(self.boards)
            sizes = "" if all(map(self.board, self.boards)) else ", sizes for the words in capitals"
            return f"the images show {boards}: give that as the board{sizes}"
        if self.others:
            return f"the images show {' or '.join(self.others)}; boards that are read: calib list boards"
        return ""


def recognise(image: Grey) -> tuple[Shown | None, str]:
    """What an image shows."""
    scale = _SIDE_PX / max(image.shape)
    if scale < 1:
        cv2 = opencv.load()
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    boards = tuple(name for kind in plugins.discover(KINDS) if (name := pick(kind).recognise(image)))
    others = () if boards else tuple(filter(None, (other_target(image),)))
    return Shown(boards, others), ""


def boards_shown(search: ImageSearch) -> Shown:
    """What some of the images show."""
    every = list(search.paths)
    chosen = every[:: max(1, len(every) // _IMAGES)][:_IMAGES]
    answers = search.look(chosen, recognise, before=len(every)).values()
    seen = [each.found for each in answers if isinstance(each, Sighting) and each.found is not None]
    return Shown(
        _commonest([name for each in seen for name in each.boards]),
        _commonest([name for each in seen for name in each.others]),
    )


def _commonest(names: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names), key=lambda name: (-names.count(name), name)))
