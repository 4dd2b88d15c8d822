"""Text files that are written whole or not at all, and never over another unasked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from calib.errors import UsageError


def regular_size(path: Path) -> int:
    """The size of a file in bytes. Raises OSError for what is not there, and for what is not a regular file.

    Opening a pipe or a device would wait for it, or never come to an end.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
        raise OSError(f"{kind}, not a file")
    return status.st_size


def write_text(text: str, path: Path, *, overwrite: bool = False) -> None:
    """Write a text file, UTF-8, line ends as in the text.

    Raises UsageError `file-exists` unless `overwrite`, `file-unwritable`.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    claimed = False
    try:
        if not overwrite:
            path.open("x").close()  # nobody else writes it from here on
            claimed = True
        with partial.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
        partial.replace(path)
    except FileExistsError:
        advice = "choose another name, or allow overwriting"
        raise UsageError("already exists", code="file-exists", where=str(path), advice=advice) from None
    except OSError as error:
        partial.unlink(missing_ok=True)
        if claimed:
            path.unlink()
        advice = "choose a folder you may write to, with room on its disk"
        raise UsageError(
            "cannot be written", code="file-unwritable", where=str(path), why=str(error), advice=advice
        ) from None


def path_advice(path: Path, suffixes: Iterable[str], what: str) -> str:
    """What to give in place of a path that holds no such file: a file in the folder that it is, a name near to it.

    suffixes: of files of the kind that is needed. what: this kind, in words.
    """
    try:
        inside = sorted(path.iterdir()) if path.is_dir() else []
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    except (OSError, ValueError):  # may not be looked into; a path with a NUL
        inside, beside = [], []
    if right := [each for each in inside if each.suffix.lower() in suffixes]:
        return f"name the file: {right[0]}"
    near = [] if path.name in beside else get_close_matches(path.name, beside, n=1)
    return f"did you mean {path.with_name(near[0])}?" if near else f"give the path of {what}"
