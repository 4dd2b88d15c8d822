"""`calib guide`: the pages that ship with the tool."""

from __future__ import annotations

import sys
from importlib import resources
from typing import TYPE_CHECKING

import typer

from calib.cli.running.reporting import reporting
from calib.cli.running.terminal import say
from calib.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

HELP = """Show a page of the guide.

\b
Examples:
  calib guide
  calib guide measuring
  calib guide python > python.md"""


def command(
    page: str | None = typer.Argument(None, help="Page to show. Default: list the pages."),
) -> None:
    """See HELP."""
    with reporting(as_json=False):
        if page is None:
            for name, text in _pages().items():
                say(f"{name:<14}{_title(text)}")
            return
        pages = _pages()
        if page not in pages:
            raise UsageError(f"no page {page!r}", code="unknown-page", where="guide", advice=did_you_mean(page, pages))
        _show(pages[page].read_text(encoding="utf-8"))


def _pages() -> dict[str, Traversable]:
    """The pages by name, sorted."""
    files = sorted(resources.files("calib").joinpath("guide").iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".md"): file for file in files if file.name.endswith(".md")}


def _title(page: Traversable) -> str:
    return page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


def _show(text: str) -> None:
    """Rendered on a terminal, as it is elsewhere."""
    if sys.stdout is None or not sys.stdout.isatty():
        say(text, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))
