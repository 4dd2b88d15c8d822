"""What a format of poses is: one file in `poses/`, found by what is in a file and then by its ending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calib import plugins
from calib.arrays import Array
from calib.errors import UsageError

if TYPE_CHECKING:
    from calib.formats.columns.program import Program
    from calib.formats.columns.recording import Recording
    from calib.formats.columns.wanted import Wanted
    from calib.formats.content.source import Source

FORMATS = "calib.formats.poses"


@dataclass(frozen=True, eq=False)
class NamedPoses:
    """Poses to write."""

    transforms: Array
    """(n, 4, 4) base_from_flange, metres."""
    names: tuple[str, ...] = ()
    """Of the images, or empty."""
    time_s: Array | None = None
    """(n,) or unknown."""


@dataclass(frozen=True)
class PoseFormat:
    """A format of poses."""

    tool: str
    """What reads and writes it."""
    meaning: str
    """Unit, order, sequence and direction."""
    example: str
    """Such a file."""
    recognise: Callable[[Source], bool]
    """Whether a file is of this format."""
    read: Callable[[Source, Wanted], Recording]
    """Its columns, with the ways to read them. Raises InputError."""
    suffixes: tuple[str, ...] = ()
    """Endings of its files."""
    write: Callable[[NamedPoses], str] | None = None
    """The text of a file; None for a format that is only read."""
    loses: str = ""
    """What a file so written cannot hold."""
    beside: tuple[tuple[str, str], ...] = ()
    """Files that the example names: path and text of each."""
    programs: tuple[Program, ...] = ()
    """How targets stand in programs, whose numbers can be replaced in place; none for what is no program."""
    generic: bool = False
    """Whether other formats are tried first: files of these look like its own."""


def load_pose_format(name: str) -> PoseFormat:
    """The format of that name. Raises UsageError `unknown-format`."""
    found: PoseFormat = plugins.pick(FORMATS, "FORMAT", name)
    return found


def find_pose_format(source: Source) -> str | None:
    """The name of the format that a file is of, by its content and then by its ending; None if it is of none."""
    names = plugins.discover(FORMATS)
    known = {name: load_pose_format(name) for name in names}
    order = sorted(names, key=lambda name: (known[name].generic, source.suffix not in known[name].suffixes, name))
    return next((name for name in order if known[name].recognise(source)), None)


def require_writer(name: str) -> Callable[[NamedPoses], str]:
    """What writes poses in a format. Raises UsageError `unknown-format`, `format-not-written`."""
    write = load_pose_format(name).write
    if write is None:
        able = [each for each in plugins.discover(FORMATS) if load_pose_format(each).write is not None]
        raise UsageError(
            f"poses are read from the format {name}, and not written",
            code="format-not-written",
            where="--to",
            advice=f"one of: {', '.join(able)}",
        )
    return write
