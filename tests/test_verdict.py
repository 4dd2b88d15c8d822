"""Grades, from best to worst, and the status that each ends with."""

from __future__ import annotations

from itertools import permutations

import pytest

from calib.verdict import GRADES, Grade, Verdict, worst


@pytest.mark.parametrize(("grade", "status"), [("good", 0), ("usable", 0), ("do not use", 1)])
def test_only_what_is_not_to_be_used_fails(grade: Grade, status: int) -> None:
    assert Verdict(grade, "because").exit_status == status
    assert str(Verdict(grade, "because")) == f"{grade}: because"


def test_the_worst_decides_whatever_the_order() -> None:
    for some in permutations(GRADES):
        assert worst(some) == "do not use"
    assert worst(["usable", "good"]) == "usable"
    assert worst(["good"]) == "good"
