"""The checks of a result, one line each, in a table beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from calib.errors import InputError
from calib.files import write_text
from calib.text import as_cell

if TYPE_CHECKING:
    from calib.check.result import ResultCheck

HISTORY_FILE = "checks.csv"
HEADER = "time_utc,verdict,most_telling,value,sigma,unit,sigmas,error_ratio,measured"
MOST_BYTES = 50_000_000  # 200 bytes a line, one check a minute for half a year


def add_to_history(checked: ResultCheck, folder: Path) -> Path:
    """Append a line to the table; returns its path. Raises UsageError `file-unwritable`, InputError
    `history-unreadable` for a file of that name that is another."""
    path = folder / HISTORY_FILE
    before = _read(path) if path.exists() else f"{HEADER}\n"
    first = checked.found.changes[0]
    value, sigma, unit = first.found[0]
    cells = [
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        checked.verdict.grade,
        first.suspect.name,
        f"{value:.6g}",
        f"{sigma:.3g}",
        unit,
        f"{first.sigmas:.2f}",
        f"{checked.found.ratio:.3f}",
        as_cell(checked.measured.replace(",", ";")),
    ]
    write_text(before + ",".join(cells) + "\n", path, overwrite=True)
    return path


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= MOST_BYTES else ""
    except (OSError, ValueError):
        text = ""
    if not text.startswith(HEADER):
        advice = f"move {path.name} away, or add --no-history"
        raise InputError("is no history of checks", code="history-unreadable", where=str(path), advice=advice)
    return text if text.endswith("\n") else f"{text}\n"
