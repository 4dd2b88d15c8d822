"""An estimate: value, standard deviation, interval."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm, t

from calib.engine.label import Label
from calib.estimate import NORMAL_QUANTILE_975, Estimate

LABEL = Label("fx", "px")


def test_the_quantile_is_that_of_the_normal_distribution() -> None:
    assert norm.ppf(0.975) == pytest.approx(NORMAL_QUANTILE_975, abs=1e-15)


def test_the_interval_holds_95_percent() -> None:
    low, high = Estimate(LABEL, 500.0, 2.0).interval_95
    assert norm.cdf(high, 500.0, 2.0) - norm.cdf(low, 500.0, 2.0) == pytest.approx(0.95)
    low, high = Estimate(LABEL, 0.0, 1.0, degrees_of_freedom=4).interval_95
    assert t.cdf(high, 4) - t.cdf(low, 4) == pytest.approx(0.95)


def test_what_is_held_is_known_and_what_is_not_determined_has_no_bounds() -> None:
    assert Estimate(LABEL, 500.0, 0.0, held=True).interval_95 == (500.0, 500.0)
    assert Estimate(LABEL, 500.0, 0.0, held=True).observable
    free = Estimate(LABEL, 500.0, math.inf)
    assert free.interval_95 == (-math.inf, math.inf)
    assert not free.observable


def test_the_document_has_null_for_what_is_infinite() -> None:
    assert Estimate(LABEL, 500.0, math.inf).as_document() == {
        "value": 500.0,
        "sigma": None,
        "interval_95": [None, None],
        "degrees_of_freedom": None,
        "unit": "px",
        "held": False,
    }
