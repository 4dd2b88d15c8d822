"""The bench of verdicts judges as its rule says, and its spoilings do what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench_verdicts import judge
from verdict_bench.catalogue import SPOILINGS
from verdict_bench.judging import (
    DO_NOT_USE,
    GOOD,
    LIMITS,
    REFUSED,
    USABLE,
    Expected,
    Outcome,
    TrueError,
    is_bad,
    names_cause,
    word_is_right,
)

SPOILED = Expected("hand-eye", "bow", frozenset({"conventions"}), convention=False, clean=False)
LIMIT = LIMITS["hand-eye"]
SMALL, MIDDLING, LARGE = 0.5 * LIMIT.good, 0.9 * LIMIT.usable, 1.5 * LIMIT.usable


def outcome(word: str, error: float | None, text: str = "", code: str = "") -> Outcome:
    return Outcome(word, code, text, None if error is None else TrueError(error))


@pytest.mark.parametrize(
    ("word", "error", "right"),
    [
        (GOOD, SMALL, True),
        (GOOD, MIDDLING, False),
        (USABLE, SMALL, True),
        (USABLE, MIDDLING, True),
        (USABLE, LARGE, False),
        (DO_NOT_USE, SMALL, False),
        (DO_NOT_USE, LARGE, True),
    ],
)
def test_a_word_is_right_where_the_true_error_says_so(word: str, error: float, right: bool) -> None:
    assert word_is_right(outcome(word, error), SPOILED, error) is right


def test_a_lucky_result_that_scatters_is_not_to_be_used() -> None:
    assert word_is_right(outcome(DO_NOT_USE, SMALL), SPOILED, LARGE)


def test_a_refusal_is_right_by_its_code() -> None:
    assert word_is_right(outcome(REFUSED, None, code="conventions"), SPOILED, LARGE)
    assert not word_is_right(outcome(REFUSED, None, code="poses-degenerate"), SPOILED, LARGE)


def test_no_result_is_right_where_a_convention_is_wrong() -> None:
    assert not word_is_right(outcome(DO_NOT_USE, LARGE), replace(SPOILED, convention=True), LARGE)


def test_a_clean_set_is_usable_only_by_a_weakness_that_it_has() -> None:
    clean = replace(SPOILED, clean=True, cause="known to")
    assert word_is_right(outcome(USABLE, MIDDLING, "known to 8 mm"), clean, MIDDLING)
    assert not word_is_right(outcome(USABLE, SMALL, "the board is bowed"), clean, SMALL)


def test_an_arm_worse_than_before_is_not_usable() -> None:
    worse = Outcome(USABLE, "", "", TrueError(2.0, without=1.0))
    assert not word_is_right(worse, replace(SPOILED, command="robot"), 2.0)
    assert is_bad(worse, replace(SPOILED, command="robot"))


def test_a_cause_is_named_by_its_pattern() -> None:
    assert names_cause(outcome(USABLE, SMALL, "a bow of 1 mm"), SPOILED)
    assert not names_cause(outcome(USABLE, SMALL, "the lens"), SPOILED)


def test_there_are_enough_spoilings_and_each_says_what_it_does() -> None:
    assert sum(not each.expected.clean for each in SPOILINGS.values()) >= 60
    assert all(each.does.endswith(".") for each in SPOILINGS.values())


@pytest.mark.parametrize(
    "name",
    ["camera: two cameras", "robot: positions in mm", "hand-eye: square 24 for 25", "robot: clean grid pointing down"],
)
def test_what_is_plain_is_judged_right(name: str) -> None:
    (found,) = judge(name, range(1))
    assert found.word_right, found.outcome
    assert found.cause_right is not False, found.outcome


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SPOILINGS)[::4])  # tools/bench_verdicts.py runs them all
def test_no_spoiling_ends_in_a_traceback(name: str) -> None:
    (found,) = judge(name, range(7, 8))
    assert found.outcome.word in (GOOD, USABLE, DO_NOT_USE, REFUSED), found.outcome
