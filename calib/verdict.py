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
    imprecise: bool = False
    """Of one that says `do not use`: whether only a size of error speaks against it, which some need may allow."""
    good_for: str = ""
    """What the result is good for, where no need was stated."""

    @property
    def exit_status(self) -> int:
        """The status with which a command ends: 1 for a result not to be used, else 0."""
        return int(self.grade == "do not use")

    def __str__(self) -> str:
        return f"{self.grade}: {self.reason}"

    def lines(self, most_advice: int = 3) -> list[str]:
        """As a summary ends: the verdict, what the result is good for, and what to do next."""
        good_for = [f"good for: {self.good_for}"] if self.good_for else []
        return [f"verdict: {self}", *good_for, *(f"next: {text}" for text in self.advice[:most_advice])]


def worst(grades: Iterable[Grade]) -> Grade:
    """The worst of several grades."""
    return max(grades, key=GRADES.index)
