"""What a result's folder holds for other tools without being asked: every format says whether it is among that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from calib import plugins
from calib.errors import UsageError


@dataclass(frozen=True, eq=False)
class ExportPart:
    """A part of a result that other tools take."""

    kind: str
    """The folder of `calib.formats` whose formats hold it."""
    thing: Any
    """What they write."""
    folder: str = ""
    """Inside the result's folder, where it is of one of several; ends in a slash."""


def files_for_other_tools(parts: Iterable[ExportPart]) -> dict[str, str | bytes]:
    """Content by file name; what a format does not hold is left out."""
    files: dict[str, str | bytes] = {}
    for part in parts:
        package = f"calib.formats.{part.kind}"
        for name in plugins.discover(package):
            try:
                written = plugins.pick(package, "FORMAT", name).unasked_files(part.thing)
            except UsageError:
                continue
            files |= {f"{part.folder}{file}": content for file, content in written.items()}
    return files
