"""How many seeds a statistical test runs: few by default, all of them where the slow tests are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

FEW = 3


def seeds(count: int) -> list[Any]:
    """Parameters 0 .. count - 1, of which all but the first few are slow."""
    return [pytest.param(seed, marks=pytest.mark.slow if seed >= FEW else ()) for seed in range(count)]


def every(step: int, cases: Iterable[Any]) -> list[Any]:
    """All cases of one kind, of which those between every step-th are slow."""
    return [pytest.param(case, marks=pytest.mark.slow if at % step else ()) for at, case in enumerate(cases)]


def runs(full: int, few: int = FEW) -> list[Any]:
    """Two sizes of one study: few runs by default, the full number among the slow tests."""
    return [few, pytest.param(full, marks=pytest.mark.slow)]


def wider(full: int, runs: int) -> float:
    """How much wider than after the full number of runs a mean scatters after some of them."""
    return float((full / runs) ** 0.5)
