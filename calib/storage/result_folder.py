"""Results read again: a folder that a command wrote stands for the file in it that is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from calib.documents import SCHEMA
from calib.errors import InputError, UsageError
from calib.files import regular_size
from calib.text import first_few

RESULT_FILE = "result.json"
MAX_BYTES = 500_000_000  # as a table's, whose rows it lists


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


def read_result(path: str | Path) -> dict[str, Any]:
    """The document of a result folder, or of the `result.json` in it, with its summary and provenance.

    Raises UsageError `not-in-folder`, InputError `result-unreadable` for what a command of calib did not write.
    """
    file = file_in(Path(path), RESULT_FILE, "calib show")
    try:
        if regular_size(file) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES // 1_000_000} MB")
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no JSON, no UTF-8, or a path with a NUL
        raise _no_result("cannot be read as JSON", file, str(error)) from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise _no_result("is no document of calib", file, f"there is no `schema: {SCHEMA}`")
    summary = document.get("summary")
    if not isinstance(summary, list) or not all(isinstance(line, str) for line in summary):
        raise _no_result("holds no summary", file, f"it is of kind {str(document.get('kind'))[:40]!r}")
    return document


def _no_result(what: str, file: Path, why: str) -> InputError:
    advice = f"give the folder that a calibration wrote, or the {RESULT_FILE} in it"
    return InputError(what, code="result-unreadable", where=str(file), why=why, advice=advice)
