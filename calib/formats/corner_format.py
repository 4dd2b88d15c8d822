"""What a format of corners is: one file in `corners/`, found by what is in a file; tables with a header come first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calib import plugins

if TYPE_CHECKING:
    from calib.camera.board import Board
    from calib.camera.observations import Observations
    from calib.formats.content.source import Source

FORMATS = "calib.formats.corners"
Size = tuple[int, int] | None


@dataclass(frozen=True)
class CornerFormat:
    """A format of corners."""

    tool: str
    """What writes it."""
    meaning: str
    """Unit, order and pixel origin."""
    example: str
    """Such a file."""
    recognise: Callable[[Source], bool]
    """Whether a file is of this format."""
    read: Callable[[Source, Size, Board | None], Observations]
    """Its views; the size of the image in pixels and the board where they were stated. Raises InputError `corners-...`,
    UsageError `board-needed` where the file does not hold where the corners are on the board."""
    suffixes: tuple[str, ...] = ()
    """Endings of its files."""
    takes_board: bool = False
    """Whether the board is to be stated."""


def load_corner_format(name: str) -> CornerFormat:
    """The format of that name. Raises UsageError `unknown-format`."""
    found: CornerFormat = plugins.pick(FORMATS, "FORMAT", name)
    return found


def find_corner_format(source: Source) -> str | None:
    """The name of the format that a file is of; None if it is of none."""
    names = plugins.discover(FORMATS)
    return next((name for name in names if load_corner_format(name).recognise(source)), None)
