"""The verdict on a result: a grade, the reason for it, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Grade = Literal["good", "usable", "do not use"]
GRADES: tuple[Grade, ...] = ("good", "usable", "do not use")  # from best to worst


@dataclass(frozen=True)
class Verdict:
    """Whether a result is good enough, and what to do next."""

    grade: Grade
    """good, usable (with a stated weakness) or do not use."""
    reason: str
    """One sentence."""
    advice: tuple[str, ...] = ()
    """What to do next, most useful first."""

    @property
    def exit_status(self) -> int:
        """The status with which a command ends: 1 for a result not to be used, else 0."""
        return int(self.grade == "do not use")

    def __str__(self) -> str:
        return f"{self.grade}: {self.reason}"


def worst(grades: Iterable[Grade]) -> Grade:
    """The worst of several grades."""
    return max(grades, key=GRADES.index)
