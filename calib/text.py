"""Lines for the terminal: cut to its width, lists named in part, numbers with the digits that their sigma supports,
names from outside without characters that act on a terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

WIDTH = 118
FORMULA = ("=", "+", "-", "@")  # what a spreadsheet's formulas begin with
MOST_NAMED = 4  # items named before "and n more"


def cut(text: str, lines: int = 1) -> str:
    """The text, shortened with an ellipsis to what fits on so many lines."""
    width = WIDTH * lines
    return text if len(text) <= width else text[: width - 3] + "..."


def wrap(text: str, indent: str = "  ") -> str:
    """The text on as many lines as it needs, those after the first indented: for what must not be cut."""
    return "\n".join(textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False))


def one_line(name: str) -> str:
    """A name from outside as it may stand in a line: a line break, an escape code, or another character that is not
    shown, is written as its escape (`\\n`, `\\x1b`), so that no name can pass for a line of its own."""
    return name if name.isprintable() else "".join(map(_visible, name))


def without_control_codes(text: str) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(map(one_line, text.split("\n")))


def as_cell(text: str) -> str:
    """A text as a cell of a table that people open in a spreadsheet: none is taken for a formula there."""
    return f"'{text}" if text[:1] in FORMULA and not _is_number(text) else text


def from_cell(cell: str) -> str:
    """The text of a cell that `as_cell` wrote."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def first_few(items: Sequence[str], most: int = MOST_NAMED) -> str:
    """The first items, and how many more there are."""
    rest = f", and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + rest


def with_sigma(value: float, sigma: float, width: int = 0, most_digits: int = 12) -> str:
    """`533.41 ± 0.27`: value and standard deviation, to the second significant digit of the latter.

    A sigma too small for that many digits is printed as a power of ten, never as zero.
    """
    if not sigma > 0 or not math.isfinite(sigma):
        return f"{value:>{width}.6g}"
    digits = max(0, 1 - math.floor(math.log10(sigma)))
    if digits > most_digits:
        return f"{value:>{width}.{most_digits}g} ± {sigma:.1e}"
    return f"{value:>{width}.{digits}f} ± {sigma:.{digits}f}"
