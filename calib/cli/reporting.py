"""How a command speaks: errors as one message or one JSON document, progress on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from calib.errors import CalibError

INTERRUPTED = 130  # the shell's 128 + SIGINT


@contextmanager
def reporting(as_json: bool) -> Iterator[None]:
    """Turn a CalibError into its message (stderr) or JSON document (stdout) and its exit status."""
    try:
        yield
    except CalibError as error:
        if as_json:
            typer.echo(json.dumps(error.as_dict(), indent=2))
        else:
            where = f"{error.where}: " if error.where else ""
            typer.echo(f"error [{error.code}]: {where}{error.what}", err=True)
            for label, text in (("why", error.why), ("next", error.advice)):
                if text:
                    typer.echo(f"  {label}: {text}", err=True)
        raise typer.Exit(error.exit_status) from None
    except KeyboardInterrupt:
        typer.echo("interrupted; nothing was written", err=True)
        raise typer.Exit(INTERRUPTED) from None


def written(target: Path, names: Iterable[str]) -> str:
    """What to say of a folder that was written, from the names in it; folders inside count as one."""
    return f"written: {target} ({', '.join(sorted({name.split('/')[0] for name in names}))})"


def progress(label: str, quiet: bool) -> Callable[[int, int], None] | None:
    """A counter on stderr for work of known length, or None where nobody watches."""
    if quiet or not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        filled = 30 * done // max(total, 1)
        end = "\r\033[K" if done >= total else ""
        sys.stderr.write(f"\r{label} [{'#' * filled}{'.' * (30 - filled)}] {done}/{total}{end}")
        sys.stderr.flush()

    return show
