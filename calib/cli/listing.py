"""`calib list`: what is shipped."""

from __future__ import annotations

from enum import StrEnum

import typer

from calib import plugins
from calib.config import shipped

HELP = """List the lenses, boards and arms that ship with calib.

\b
Examples:
  calib list
  calib list arms"""


class Kind(StrEnum):
    """What can be listed."""

    lenses = "lenses"
    boards = "boards"
    arms = "arms"


def command(kind: Kind | None = typer.Argument(None, help="Only this kind.")) -> None:
    """See HELP."""
    for each in [kind] if kind else list(Kind):
        typer.echo(f"{each.value}:")
        for name in _names(each):
            typer.echo(f"  {name}")


def _names(kind: Kind) -> list[str]:
    if kind is Kind.lenses:
        return list(plugins.discover("calib.camera.lenses"))
    files = shipped("configs").joinpath(kind.value).iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))
