"""Progress bars on the terminal: done, total, rate and time left. Imported only where somebody watches."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

PATIENCE_S = 1.0  # a solve that ends sooner needs no bar


class _Rate(ProgressColumn):
    """Steps per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


class Bars:
    """The bars of one command, on stderr, on the one display that a terminal has; each is gone once all is done.

    They are drawn by the calls alone, not by a thread: a command starts processes while a bar is shown.
    """

    def __init__(self) -> None:
        self._display = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what is shown."""
        if self._display.live.is_started:
            self._display.stop()

    def of_known_length(self, label: str) -> Callable[[int, int], None]:
        """A bar that is called with steps done and all."""

        def show(done: int, total: int) -> None:
            if done < total:
                self._draw(label, done, total)
            else:
                self._remove(label)

        return show

    def of_steps(self, label: str) -> Callable[[object], None]:
        """A bar that is called after each of the steps of a solve, nobody knows how many."""
        done, began = 0, 0.0

        def show(_: object) -> None:
            nonlocal done, began
            done, began = done + 1, began or time.monotonic()
            if time.monotonic() - began >= PATIENCE_S:
                self._draw(label, done, None)

        return show

    def _draw(self, label: str, done: int, total: int | None) -> None:
        if label not in self._tasks:
            self._tasks[label] = self._display.add_task(label, total=total)
        self._display.update(self._tasks[label], completed=done, total=total)
        self._display.start()
        self._display.refresh()

    def _remove(self, label: str) -> None:
        if self._tasks.keys() <= {label}:
            self.close()  # first: it erases what is shown
        if label in self._tasks:
            self._display.remove_task(self._tasks.pop(label))
