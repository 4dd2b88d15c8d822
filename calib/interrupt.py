"""Ctrl-C: one line on stderr and exit status 130, from a program's first import to the end of its work.

Until a command begins to work there is nothing to remove, and a KeyboardInterrupt could come out of any import as
another error, or be reported by the command line's parser as an abort: the process ends at once. While a command works
the interruption is an exception, so that folders and worker processes are cleared away.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130  # the shell's 128 + SIGINT


def end_at_once() -> None:
    """Let an interruption end this process at once; not one that was started to ignore it, as `nohup` does."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


@contextmanager
def raise_interruption() -> Iterator[Callable[[], bool]]:
    """Within, an interruption raises KeyboardInterrupt, and a second one ends the process; afterwards none counts.

    Yields a function that tells whether it was interrupted: an import may turn the exception into one of its own.
    Where another program runs the command, interruptions are that program's.
    """
    if signal.getsignal(signal.SIGINT) is not _end:
        yield lambda: False
        return
    interrupted = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        signal.signal(signal.SIGINT, _end)
        interrupted.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupted.is_set
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def defer_interruption() -> Iterator[None]:
    """Let an interruption wait for the end of a step that is short, and must not be left half done."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:  # never interrupted by Python
        yield
        return
    waiting: list[object] = []
    signal.signal(signal.SIGINT, lambda *_: waiting.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if waiting:
            signal.raise_signal(signal.SIGINT)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    with suppress(OSError):  # stderr is closed
        os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)
