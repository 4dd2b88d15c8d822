"""Where commands write: the one way to the terminal, safe from what a text may hold and from what a stream may do."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

import typer

from calib.errors import UsageError
from calib.text import without_control_codes

STDOUT_UNWRITABLE = "stdout-unwritable"
BROKEN_PIPE = 141  # the shell's 128 + SIGPIPE


def say(text: str, *, err: bool = False, end: str = "\n") -> None:
    """Write to stdout or, of messages, to stderr, at once.

    Escape codes and other characters that act on a terminal instead of being shown become visible. A stdout whose
    reader has left (`calib ... | head`) ends the command silently, with status 141. What a stderr cannot take is lost:
    nobody is left to be told. Raises UsageError `stdout-unwritable` for a stdout that is full or closed.
    """
    stream = sys.stderr if err else sys.stdout
    try:
        if stream is None:  # closed by the caller: `>&-`
            raise OSError("it is closed")
        _write(without_control_codes(text) + end, stream)
    except BrokenPipeError:
        abandon(err)
        if not err:
            raise typer.Exit(BROKEN_PIPE) from None
    except OSError as error:
        abandon(err)
        if not err:
            raise stdout_unwritable(error) from None


def is_watched() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def stdout_unwritable(error: OSError) -> UsageError:
    """The error `stdout-unwritable`."""
    return UsageError(
        "standard output cannot be written",
        code=STDOUT_UNWRITABLE,
        why=error.strerror or str(error),
        advice="send it to a terminal or to a file on a disk with room; a result folder that was named is written",
    )


def abandon(err: bool = False) -> None:
    """Let the rest of a stream that takes no more vanish, so that the interpreter does not fail on it at its end."""
    stream = sys.stderr if err else sys.stdout
    with suppress(OSError, ValueError, AttributeError):  # a stream in memory has no descriptor, a closed one is None
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def open_closed_descriptors() -> None:
    """Point the descriptors 0 to 2 at the null device where the caller closed them.

    The next file that is opened would take their number: what a library writes to stderr would end up in it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one


def _write(text: str, stream: TextIO) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError as error:  # a terminal without ± or µ, or a file name that is no text
        stream.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
    stream.flush()
