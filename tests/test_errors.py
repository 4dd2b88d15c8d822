"""Errors say what, where, why and what next, and carry the exit status they stand for."""

from __future__ import annotations

import ast
import pickle

import pytest
from cases.paths import ROOT

from calib.errors import CalibError, ConvergenceError, DegenerateError, InputError, UsageError, did_you_mean

KINDS = {UsageError: 2, InputError: 3, DegenerateError: 4, ConvergenceError: 5}


@pytest.mark.parametrize("kind", KINDS)
def test_exit_status(kind: type[CalibError]) -> None:
    assert kind("what", code="a-code", advice="do this").exit_status == KINDS[kind]
    assert issubclass(kind, CalibError)


def test_text_reads_from_where_to_what_next() -> None:
    error = InputError("no corner", code="x", where="a.png", why="all black", advice="add light")
    assert str(error) == "a.png: no corner\nall black\nadd light"
    assert str(InputError("no corner", code="x", advice="add light")) == "no corner\nadd light"


@pytest.mark.parametrize("kind", KINDS)
def test_errors_cross_process_borders(kind: type[CalibError]) -> None:
    error = kind("what", code="a-code", where="here", why="because", advice="do this")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert vars(copy) == vars(error)


def test_did_you_mean() -> None:
    assert did_you_mean("checkerbord", ["charuco", "checkerboard"]) == "did you mean 'checkerboard'?"
    assert did_you_mean("zzz", ["b", "a"]) == "valid: a, b"


def test_every_error_advises() -> None:
    """Each construction gives advice, and none of it is empty text."""
    names = {CalibError.__name__, *(kind.__name__ for kind in KINDS)}
    raised = 0
    for path in sorted((ROOT / "calib").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names):
                continue
            advice = [word.value for word in call.keywords if word.arg == "advice"]
            place = f"{path}, line {call.lineno}"
            assert advice, f"{place}: no advice"
            assert not (isinstance(advice[0], ast.Constant) and not str(advice[0].value).strip()), f"{place}: empty"
            raised += 1
    assert raised > 200  # it finds them


def test_a_hint_is_short_and_quick_however_many_names_there_are() -> None:
    many = [f"{i:05d}" + "x" * 10_000 for i in range(2_000)]
    assert did_you_mean("99999", many).endswith(", and 1900 more")
    assert did_you_mean("lefT" * 10_000, ["left", "right"]) == "valid: left, right"
