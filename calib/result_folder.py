"""Results read again: a folder that a command wrote stands for the file in it that is asked for."""

from __future__ import annotations

from pathlib import Path

from calib.errors import UsageError
from calib.text import first_few


def file_in(path: Path, name: str, option: str) -> Path:
    """The path itself or, of a folder, the file of that name in it; what is no folder is the reader's to judge.

    option: how the file is given on the command line, for the advice.
    Raises UsageError `not-in-folder`, naming what the folder holds instead, or the members' files to choose from.
    """
    try:
        if not path.is_dir() or (path / name).is_file():
            return path / name if path.is_dir() else path
        there = sorted(each.name + "/" * each.is_dir() for each in path.iterdir() if not each.name.startswith("."))
        of_members = sorted(path.glob(f"*/{name}"))
    except (OSError, ValueError):  # ValueError: a path with a NUL
        return path
    if of_members:
        advice = "give one of them: " + first_few([f"{option} {each}" for each in of_members])
    else:
        advice = f"give the folder of a result that holds {name}, or the file: {option} {name}"
    raise UsageError(
        f"this folder holds no {name}",
        code="not-in-folder",
        where=str(path),
        why=f"it holds: {first_few(there, 8) or 'nothing'}",
        advice=advice,
    )
