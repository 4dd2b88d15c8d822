"""`calib.yaml` beside a table of poses: what a command line would otherwise have to say every time."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from calib import config

FILE = "calib.yaml"


@dataclass(frozen=True)
class Settings:
    """arm: a shipped name, or a file beside this one. columns: our column name -> the table's. euler: the sequence of
    Euler angles. measurement: what the table holds, if its columns do not say."""

    arm: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    euler: str | None = None
    measurement: str | None = None


def settings_beside(table: Path) -> Settings:
    """The settings in the folder of a table; empty ones if there is no file. Raises the errors of `calib.config`."""
    path = table.parent / FILE
    return config.load(Settings, path) if path.is_file() else Settings()


def arm_beside(table: Path, settings: Settings) -> str | None:
    """The arm that settings name, if they do: a file is looked for in the table's folder."""
    if settings.arm is None:
        return None
    return str(table.parent / settings.arm) if Path(settings.arm).suffix else settings.arm
