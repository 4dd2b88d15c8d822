"""One HTML page, whole in itself: verdict, sections of figures and tables, and what made the result.

No network, no script from elsewhere. What comes from outside (names of files and images) is escaped by the template.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

from calib.verdict import Verdict

MARKS = {"good": "\N{CHECK MARK}", "usable": "!", "do not use": "\N{MULTIPLICATION X}"}


@dataclass(frozen=True)
class Figure:
    """A picture with its caption."""

    title: str
    """What it shows."""
    svg: str
    """The SVG element, escaped where needed: as `svg.Picture.text` gives it."""
    caption: str = ""
    """How to read it, in a sentence or two."""
    controls: str = ""
    """The name of the page's macro that adds buttons or sliders to it."""
    macro: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    title: str
    """What it lists."""
    header: Sequence[str]
    """The names of its columns."""
    rows: Sequence[Sequence[str]]
    """Its cells."""
    caption: str = ""
    """How to read it."""
    items: Sequence[str] = ()
    """For each row, the input that it is of, where rows can be chosen and excluded."""
    macro: ClassVar[str] = "table"


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading."""

    title: str
    """The heading."""
    parts: Sequence[Figure | Table]
    """In the order of reading."""


@dataclass(frozen=True)
class Report:
    """What a result shows of itself."""

    title: str
    """What was calibrated."""
    facts: Sequence[tuple[str, str]]
    """The few figures that decide, each with its name."""
    sections: Sequence[Section]
    """Figures and tables."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the page's script needs, as plain data."""


def render(report: Report, verdict: Verdict, provenance: Mapping[str, Any]) -> str:
    """The page as HTML. provenance: as in a result's document."""
    data = {"command": _without_output(provenance["command"]), **report.data}
    return str(
        _template().render(
            report=report,
            verdict=verdict,
            mark=MARKS[verdict.grade],
            provenance=provenance,
            # a "</script>" in a name would end the element
            data=json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
            style=_asset("style.css"),
            script=_asset("script.js"),
        )
    )


def _without_output(command: str) -> str:
    """A command line without the folder that its result went to: a run never writes over another's. Empty for a result
    that was not written by a command."""
    words = shlex.split(command) if command.startswith("calib ") else []
    kept = [word for i, word in enumerate(words) if word != "--output" and (i == 0 or words[i - 1] != "--output")]
    return shlex.join(word for word in kept if not word.startswith("--output="))


@cache
def _template() -> Any:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True, loader=FunctionLoader(_asset), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html")


def _asset(name: str) -> str:
    return (files("calib.report") / "assets" / name).read_text(encoding="utf-8")
