"""`calib.yaml` beside a table of poses: what would otherwise have to be given on every command line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from calib import config

FILE = "calib.yaml"


@dataclass(frozen=True)
class Settings:
    """What a table means beyond what follows from its columns."""

    arm: str | None = None
    """A shipped name, or a file beside the table."""
    columns: dict[str, str] = field(default_factory=dict)
    """The table's column for ours, by our name."""
    euler: str | None = None
    """Sequence of Euler angles."""
    measurement: str | None = None
    """Kind of measurement."""


def settings_beside(table: Path) -> Settings:
    """The settings in the folder of a table; empty ones if there is no file. An arm's file is taken from that folder.

    Raises the errors of `calib.config`.
    """
    path = table.parent / FILE
    settings = config.load(Settings, path) if path.is_file() else Settings()
    if settings.arm is None or not Path(settings.arm).suffix:
        return settings
    return replace(settings, arm=str(table.parent / settings.arm))
