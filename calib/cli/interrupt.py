"""Ctrl-C: one line on stderr and exit status 130, from the first import to the end of the work.

Until a command begins to work there is nothing to remove, and a KeyboardInterrupt could come out of any import as
another error, or be reported by the command line's parser as an abort: the process ends at once. While a command works
the interruption is an exception, so that folders and worker processes are cleared away.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130  # the shell's 128 + SIGINT


def end_from_now_on() -> None:
    """Let an interruption end this process at once; not one that was started to ignore it, as `nohup` does."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


@contextmanager
def raise_on_interrupt() -> Iterator[None]:
    """Within, an interruption raises KeyboardInterrupt, and a second one ends the process; afterwards none counts.

    Where another program runs the command, interruptions are that program's.
    """
    if signal.getsignal(signal.SIGINT) is not _end:
        yield
        return
    signal.signal(signal.SIGINT, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, _end)
    raise KeyboardInterrupt


def _end(number: int, frame: FrameType | None) -> NoReturn:
    with suppress(OSError):  # stderr is closed
        os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)
