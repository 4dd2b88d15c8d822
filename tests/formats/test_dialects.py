"""Tables in random dialects are read right, or refused with the readings that are left; never wrong."""

from __future__ import annotations

import sys

import pytest
from cases.paths import TOOLS

sys.path.insert(0, str(TOOLS))
from dialects import run


def test_a_few_tables_in_random_dialects() -> None:
    counts, wrong = run(4, seed=11)
    assert not wrong
    assert counts["right"] >= 3


@pytest.mark.slow
def test_many_tables_in_random_dialects() -> None:
    counts, wrong = run(60, seed=12)
    assert not wrong
    assert counts["right"] >= 57
