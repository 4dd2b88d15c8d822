"""What a command reports on its way: errors, progress, iterations, each where it belongs."""

from __future__ import annotations

import io
import json
import sys

import pytest
import typer

from calib.cli.running import progress
from calib.cli.running.reporting import INTERRUPTED, Reporter, reporting
from calib.engine.status import Iteration
from calib.errors import DegenerateError


class Terminal(io.StringIO):
    """A stream that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


def watch(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal in the place of stderr; called in a test, since pytest sets stderr anew after its fixtures."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    return stream


def fail() -> None:
    raise DegenerateError("no turn", code="poses-degenerate", where="poses.csv", why="all alike", advice="turn it")


def test_an_error_is_a_message_on_stderr_and_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, reporting():
        fail()
    told = capsys.readouterr()
    assert ended.value.exit_code == 4
    assert told.out == ""
    assert told.err == "error [poses-degenerate]: poses.csv: no turn\n  why: all alike\n  next: turn it\n"


def test_an_error_is_a_document_on_stdout_if_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), reporting(as_json=True):
        fail()
    told = capsys.readouterr()
    assert told.err == ""
    assert json.loads(told.out)["code"] == "poses-degenerate"


def test_quiet_keeps_errors(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), reporting(quiet=True):
        fail()
    assert "no turn" in capsys.readouterr().err


def test_an_interruption_ends_as_a_shell_expects(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, reporting():
        raise KeyboardInterrupt
    assert ended.value.exit_code == INTERRUPTED
    assert "nothing was written" in capsys.readouterr().err


def test_iterations_are_shown_only_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert Reporter().on_iteration is None
    show = Reporter(verbose=True).on_iteration
    assert show is not None
    show(Iteration(3, 1.25, 2e-7, 1e-4, 0.9, True))
    show(Iteration(4, 1.25, 2e-7, 1e-3, -0.9, False))
    told = capsys.readouterr()
    assert told.out == ""
    first, second = told.err.splitlines()
    assert first == "iteration   3  cost 1.25000000e+00  gradient cosine 2.0e-07  damping 1.0e-04  accepted"
    assert second.endswith("damping 1.0e-03  rejected")


def test_progress_shows_done_all_rate_and_time_left_and_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    with reporting() as reporter:
        show = reporter.on_progress("corners")
        assert show is not None
        for done in (1, 20, 40):
            show(done, 40)
        shown = terminal.getvalue()
    for words in ("corners", "20/40", "/s", "0:00"):
        assert words in shown
    assert shown.endswith("\x1b[?25h\r\x1b[1A\x1b[2K")  # the cursor is back, the line erased


def test_an_error_closes_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)

    def work() -> None:
        with reporting() as reporter:
            show = reporter.on_progress("corners")
            assert show is not None
            show(1, 40)
            fail()

    with pytest.raises(typer.Exit):
        work()
    hidden, back = (terminal.getvalue().rfind(code) for code in ("\x1b[?25l", "\x1b[?25h"))
    assert 0 <= hidden < back  # the cursor is shown again
    assert terminal.getvalue().endswith("  next: turn it\n")


@pytest.mark.parametrize("reporter", [Reporter(as_json=True), Reporter(quiet=True)])
def test_no_progress_beside_json_or_when_quiet(monkeypatch: pytest.MonkeyPatch, reporter: Reporter) -> None:
    watch(monkeypatch)
    assert reporter.on_progress("corners") is None


def test_no_progress_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert Reporter().on_progress("corners") is None
    assert capsys.readouterr().err == ""


def test_a_long_solve_shows_its_steps_until_the_result_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    with reporting() as reporter:
        show = reporter.on_iteration
        assert show is not None
        step = Iteration(3, 1.25, 2e-7, 1e-4, 0.9, True)
        show(step)
        assert terminal.getvalue() == ""  # it may end at once
        monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
        search = reporter.on_progress("search")
        assert search is not None
        search(1, 9)
        show(step)
        for words in ("solve", "2/?", "search", "1/9"):
            assert words in terminal.getvalue()
        search(9, 9)
        reporter.close_bars()
        assert terminal.getvalue().endswith("\x1b[2K")


@pytest.mark.parametrize("reporter", [Reporter(as_json=True), Reporter(quiet=True)])
def test_no_steps_beside_json_or_when_quiet(monkeypatch: pytest.MonkeyPatch, reporter: Reporter) -> None:
    watch(monkeypatch)
    assert reporter.on_iteration is None
    reporter.close_bars()
