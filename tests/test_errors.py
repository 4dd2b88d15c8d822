"""Errors say what, where, why and what next, and carry the exit status they stand for."""

from __future__ import annotations

import pickle

import pytest

from calib.errors import CalibError, ConvergenceError, DegenerateError, InputError, UsageError, did_you_mean

KINDS = {UsageError: 2, InputError: 3, DegenerateError: 4, ConvergenceError: 5}


@pytest.mark.parametrize("kind", KINDS)
def test_exit_status(kind: type[CalibError]) -> None:
    assert kind("what", code="a-code").exit_status == KINDS[kind]
    assert issubclass(kind, CalibError)


def test_text_reads_from_where_to_what_next() -> None:
    error = InputError("no corner", code="x", where="a.png", why="all black", advice="add light")
    assert str(error) == "a.png: no corner\nall black\nadd light"
    assert str(InputError("no corner", code="x")) == "no corner"


@pytest.mark.parametrize("kind", KINDS)
def test_errors_cross_process_borders(kind: type[CalibError]) -> None:
    error = kind("what", code="a-code", where="here", why="because", advice="do this")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert vars(copy) == vars(error)


def test_did_you_mean() -> None:
    assert did_you_mean("checkerbord", ["charuco", "checkerboard"]) == "did you mean 'checkerboard'?"
    assert did_you_mean("zzz", ["b", "a"]) == "valid: a, b"
