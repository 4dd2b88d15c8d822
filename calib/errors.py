"""The errors a user meets: what is wrong, where, why, and what to do next.

Each kind carries its process exit status; each error a stable code that scripts may test.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class CalibError(Exception):
    """Base of every error that bad input can cause."""

    exit_status = 3
    """The status with which a command ends."""

    def __init__(self, what: str, *, code: str, advice: str, where: str = "", why: str = "") -> None:
        super().__init__(what)
        self.what = what
        """The finding, one sentence."""
        self.code = code
        """Stable identifier in kebab-case, for scripts."""
        self.where = where
        """File, row, column, image or option."""
        self.why = why
        """The evidence."""
        self.advice = advice
        """What to type or change next; never empty."""

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.what}" if self.where else self.what, self.why, self.advice]
        return "\n".join(part for part in parts if part)

    def of(self, owner: str) -> CalibError:
        """The same error, of one part of many by its name."""
        return _rebuild(type(self), f"{owner}: {self.what}", self.code, self.where, self.why, self.advice)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross process borders by pickling; keyword arguments need help to survive it.
        return _rebuild, (type(self), self.what, self.code, self.where, self.why, self.advice)


class UsageError(CalibError):
    """A wrong flag, option value or configuration file: exit status 2."""

    exit_status = 2


class InputError(CalibError):
    """Input that cannot be used: exit status 3."""

    exit_status = 3


class DegenerateError(CalibError):
    """Data that do not determine the requested parameters: exit status 4."""

    exit_status = 4


class ConvergenceError(CalibError):
    """A solve that did not converge: exit status 5."""

    exit_status = 5


def _rebuild(kind: type[CalibError], what: str, code: str, where: str, why: str, advice: str) -> CalibError:
    return kind(what, code=code, where=where, why=why, advice=advice)


def names_alike(name: str, where: str) -> InputError:
    """The error `names-alike`: two names that differ only by characters that a line of text shows as escapes."""
    return InputError(
        f"two names are both shown as {name}",
        code="names-alike",
        where=where,
        why="a character that is not printable in one of them stands as its escape, which the other holds as text",
        advice="rename one of them",
    )


MOST_COMPARED, LONGEST_COMPARED = 1_000, 100  # names and characters: comparing takes the square of their length
MOST_LISTED = 100


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """A hint naming the nearest valid name, else all of them."""
    names = sorted(valid)
    likely = [each for each in names[:MOST_COMPARED] if len(each) <= LONGEST_COMPARED]
    near = get_close_matches(name[:LONGEST_COMPARED], likely, n=1, cutoff=0.5)
    more = f", and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return (
        f"did you mean {near[0]!r}?"
        if near
        else f"valid: {', '.join(each[:LONGEST_COMPARED] for each in names[:MOST_LISTED])}{more}"
    )
