"""What a command reports on its way: errors, progress and iterations, on stderr; results are `deliver`'s."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from calib.cli.running.endings import error_of, show_error
from calib.cli.running.memory import require_memory
from calib.cli.running.terminal import is_watched, say
from calib.interrupt import INTERRUPTED, raise_interruption
from calib.text import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from calib.cli.running.invocation import Invocation
    from calib.cli.running.progress import Bars
    from calib.engine.status import Iteration
    from calib.storage.folder import Reserved
    from calib.storage.provenance import Provenance


@dataclass(frozen=True)
class Reporter:
    """How much a command reports, and the callbacks through which it does."""

    as_json: bool = False
    """One JSON document on stdout, be it the result or an error."""
    quiet: bool = False
    """The verdict alone, and errors."""
    verbose: bool = False
    """The solver's iterations too, and warnings of libraries."""
    invocation: Invocation | None = None
    """How the command was called; None of one that writes no result."""
    until_the_end: ExitStack = field(default_factory=ExitStack)
    """Bars on the terminal and the reserved folder, closed when the command ends, however it ends."""
    extra_files: dict[str, bytes] = field(default_factory=dict)
    """Content by file name, to be written beside the result's own."""
    reserved: list[Reserved] = field(default_factory=list)
    """The folder claimed, if one is."""

    @property
    def on_iteration(self) -> Callable[[Iteration], None] | None:
        """A line on stderr for every step that the solver tries, if that is asked for; else a bar once it takes long,
        or None where nobody watches."""
        if self.verbose:
            return _show_iteration
        return None if self.bars is None else self.bars.of_steps("solve")

    def remark(self, lines: Iterable[str]) -> None:
        """Lines on stderr, where the summary is shown, too."""
        for line in () if self.as_json or self.quiet else lines:
            say(line, err=True)

    def on_progress(self, label: str) -> Callable[[int, int], None] | None:
        """A bar on stderr for work of known length, or None where nobody watches."""
        return None if self.bars is None else self.bars.of_known_length(label)

    @cached_property
    def bars(self) -> Bars | None:
        """The bars on stderr; None where nobody watches."""
        if self.as_json or self.quiet or not is_watched():
            return None
        from calib.cli.running.progress import Bars

        return self.until_the_end.enter_context(Bars())

    def close_bars(self) -> None:
        """Remove the bars, before a result is shown."""
        if self.bars is not None:
            self.bars.close()

    def reserve(self, output: Path | None, default: str = "") -> Reserved:
        """The folder to write to, claimed before the long work; errors as of `calib.storage.folder.reserve`.

        The input files are hashed now: they may have changed by the time the work is done.
        """
        from calib.storage.folder import reserve

        provenance = self.provenance
        self.remark(self.invocation.remarks_on(provenance) if self.invocation is not None else ())
        self.reserved.append(self.until_the_end.enter_context(reserve(output, default)))
        return self.reserved[-1]

    @cached_property
    def provenance(self) -> Provenance:
        """What is recorded of how the result was made."""
        from calib.storage.provenance import Provenance

        return Provenance("calib") if self.invocation is None else self.invocation.provenance()

    def show_interruption(self) -> None:
        """The one line that an interruption leaves."""
        written = [one_line(str(folder.path)) for folder in self.reserved if folder.written]
        say(f"interrupted; {f'the result is in {written[0]}' if written else 'nothing was written'}", err=True)


@contextmanager
def reporting(
    as_json: bool = False, quiet: bool = False, verbose: bool = False, invocation: Invocation | None = None
) -> Iterator[Reporter]:
    """Turn what a command raises into its message or document and its exit status, and leave no bar behind."""
    reporter = Reporter(as_json, quiet, verbose, invocation)
    reporter.remark(invocation.remarks() if invocation is not None else ())
    was_interrupted: Callable[[], bool] = bool
    try:
        with raise_interruption() as was_interrupted, _warnings(verbose), reporter.until_the_end:
            require_memory()
            yield reporter
    except BaseException as error:
        if was_interrupted() or isinstance(error, KeyboardInterrupt):
            reporter.show_interruption()
            raise typer.Exit(INTERRUPTED) from None
        found = error_of(error)
        if found is None:
            raise
        show_error(found, as_json)
        raise typer.Exit(found.exit_status) from None


@contextmanager
def _warnings(verbose: bool) -> Iterator[None]:
    """Warnings of libraries are for those who work on calib, whose tests fail by them: shown with --verbose alone."""
    before = warnings.showwarning
    warnings.showwarning = lambda message, *_: say(f"warning: {message}", err=True) if verbose else None
    try:
        yield
    finally:
        warnings.showwarning = before


def _show_iteration(step: Iteration) -> None:
    outcome = "accepted" if step.accepted else "rejected"
    say(
        f"iteration {step.index:3d}  cost {step.cost:.8e}  gradient cosine {step.gradient:.1e}  "
        f"damping {step.damping:.1e}  {outcome}",
        err=True,
    )
