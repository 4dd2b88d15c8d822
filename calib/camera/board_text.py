"""Words by which boards are named inline, `kind:11x8:20mm`: what a field may hold, and the error where it does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from calib.errors import UsageError

UNITS_M = {"um": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0, "in": 0.0254}
T = TypeVar("T")


@dataclass(frozen=True)
class BoardText:
    """The fields of an inline name, less the kind."""

    kind: str
    """What it is to name, as errors call it: a checkerboard."""
    fields: list[str]
    """Between the colons."""
    syntax: str
    """How it is written, for advice."""

    def refusal(self, why: str) -> UsageError:
        """UsageError `board-syntax`."""
        text = ":".join(self.fields)
        return UsageError(f"not {self.kind}: {text!r}", code="board-syntax", why=why, advice=self.syntax)

    def require(self, fewest: int, most: int, needed: str) -> None:
        """Raise the refusal unless there are so many fields."""
        if not fewest <= len(self.fields) <= most:
            raise self.refusal(needed)

    def counts(self, at: int = 0) -> tuple[int, int]:
        """Columns and rows, as in 9x6."""
        found = re.fullmatch(r"(\d{1,4})\s*[x×*]\s*(\d{1,4})", self.fields[at], re.ASCII | re.IGNORECASE)
        if not found:
            raise self.refusal(f"{self.fields[at]!r} is not columns x rows, such as 9x6")
        return int(found[1]), int(found[2])

    def length_m(self, at: int, of: str) -> float:
        """A length such as 25mm, in metres. of: what has it."""
        found = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*([a-z]+)", self.fields[at].lower(), re.ASCII)
        if not found:
            raise self.refusal(f"{of} is a number with its unit, such as 25mm, not {self.fields[at]!r}")
        if found[2] not in UNITS_M:
            raise self.refusal(f"unknown unit {found[2]!r}; valid: {', '.join(UNITS_M)}")
        return float(found[1]) * UNITS_M[found[2]]

    def number(self, at: int, of: str) -> float:
        """A number without a unit."""
        if not re.fullmatch(r"\d+\.?\d*|\.\d+", self.fields[at], re.ASCII):
            raise self.refusal(f"{of} is a number without a unit, not {self.fields[at]!r}")
        return float(self.fields[at])

    def whole_number(self, at: int, of: str) -> int:
        """A whole number."""
        if not re.fullmatch(r"\d{1,5}", self.fields[at], re.ASCII):
            raise self.refusal(f"{of} is a whole number, not {self.fields[at]!r}")
        return int(self.fields[at])

    def build(self, make: Callable[[], T]) -> T:
        """The board that is made, its own refusal put as one of the text."""
        try:
            return make()
        except UsageError as error:
            raise self.refusal(": ".join(part for part in (error.what, error.why or error.advice) if part)) from None


def built_from_file(make: Callable[[], T], where: str) -> T:
    """The board that is made of a file's keys; a refusal says which file."""
    try:
        return make()
    except UsageError as error:
        error.where = error.where or where
        raise


def length_text(length_m: float) -> str:
    """A length as it is written in names: 25mm."""
    return f"{length_m * 1e3:.10g}mm"


def rounded_mm(length_m: float) -> float:
    """A length in mm as it is written in files, without the last digits that come of conversion."""
    return float(f"{length_m * 1e3:.10g}")


def parse_length_m(text: str) -> float:
    """A length in metres, or with a unit: 0.2481, 248.1mm. Raises UsageError `bad-value`."""
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*([a-z]*)", text.strip().lower(), re.ASCII)
    unit = UNITS_M.get(found[2] or "m") if found else None
    if found is None or unit is None:
        raise UsageError(f"not a length: {text!r}", code="bad-value", advice="write 0.2481 (metres), or 248.1mm")
    return float(found[1]) * unit
