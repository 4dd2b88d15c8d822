"""The one ending of every command: the result goes to its folder and to the terminal, its verdict to the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from calib.cli.running.terminal import is_watched, say
from calib.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from calib.cli.running.reporting import Reporter
    from calib.result import Output
    from calib.storage.folder import Reserved


def deliver(output: Output, folder: Reserved | None, reporter: Reporter) -> None:
    """Write the files into the folder, if there is one, and print the summary, the document or the verdict alone.

    Where the folder cannot be written after all, the document goes to stdout before the error, or within that of the
    error: the work is not lost. Raises typer.Exit with the status of a verdict that is `do not use`.
    """
    from calib.documents import error_document, to_json
    from calib.errors import UsageError

    package = None
    try:
        package = output.package(reporter.provenance)
        if folder is not None:
            folder.write({**package.files, **reporter.extra_files})
        reporter.close_bars()
    except UsageError as error:
        reporter.close_bars()
        document = output.document() if package is None else package.document  # as result.json would be
        if reporter.as_json:
            say(to_json(error_document(error, document)), end="")
            raise typer.Exit(error.exit_status) from None
        say(to_json(document), end="")
        raise
    where = "" if folder is None else _folder_line(folder.path, [*package.files, *reporter.extra_files])
    verdict = output.verdict
    if reporter.as_json:
        say(to_json(package.document), end="")
        if where and is_watched() and not reporter.quiet:
            say(where, err=True)
    elif reporter.quiet:
        if verdict is not None:
            say(f"verdict: {verdict}")
    else:
        say("\n".join(text for text in (output.summary(), where) if text))
    if verdict is not None and verdict.exit_status:
        raise typer.Exit(verdict.exit_status)


def _folder_line(folder: Path, names: Iterable[str]) -> str:
    """What to report of a folder, from the names in it; folders inside count as one."""
    return f"written: {one_line(str(folder))} ({', '.join(sorted({name.split('/')[0] for name in names}))})"
