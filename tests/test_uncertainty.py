"""The covariance of parameters, as it is stored with a camera or an arm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calib.errors import UsageError
from calib.storage.stored import lay_out
from calib.uncertainty import ParameterUncertainty, read_uncertainty, uncertainty_of

COVARIANCE = np.array([[4.0, 1.0, 0.0], [1.0, 9.0, -2.0], [0.0, -2.0, 1.0]])
KNOWN = uncertainty_of(("fx", "fy", "k1"), COVARIANCE, np.array([12.0, 7.5, np.inf]))


def written(known: ParameterUncertainty = KNOWN, **changes: Any) -> dict[str, Any]:
    return lay_out(known.document("good"), "camera.yaml")[0] | changes


def test_it_comes_back_with_the_verdict_of_its_calibration() -> None:
    again = read_uncertainty(written(), ("fx", "fy", "cx", "k1"), "camera.yaml")
    assert again is not None
    assert (again.labels, again.verdict) == (KNOWN.labels, "good")
    np.testing.assert_array_equal(again.degrees_of_freedom, KNOWN.degrees_of_freedom)
    np.testing.assert_array_equal(again.covariance, COVARIANCE)
    assert written(again) == written()
    assert again.document("usable")["verdict"] == "good"  # of a camera given to another calibration, which held it
    assert read_uncertainty(None, (), "camera.yaml") is None


def test_over_any_labels_it_is_zero_where_held_and_infinite_where_unobservable() -> None:
    unseen = uncertainty_of(("fx", "fy", "k1"), np.diag([4.0, np.inf, 1.0]), np.array([3.0, 4.0, 5.0]))
    assert (unseen.labels, unseen.unobservable) == (("fx", "k1"), ("fy",))
    np.testing.assert_array_equal(unseen.degrees_of_freedom, [3.0, 5.0])
    np.testing.assert_array_equal(unseen.over(("k1", "cx", "fy", "fx")), np.diag([1.0, 0.0, np.inf, 4.0]))
    np.testing.assert_array_equal(KNOWN.over(("k1", "fy")), [[1.0, -2.0], [-2.0, 9.0]])


@pytest.mark.parametrize("variance", [np.nan, 1e15, 1e300])
def test_what_could_not_be_read_again_counts_as_unobservable(variance: float) -> None:
    covariance = np.diag([4.0, variance])
    known = uncertainty_of(("fx", "fy"), covariance, np.array([1e300, 2.0]))
    assert known.unobservable == ("fy",)
    assert known.degrees_of_freedom == [np.inf]
    assert read_uncertainty(written(known), ("fx", "fy"), "camera.yaml") is not None


def test_nothing_estimated_is_an_uncertainty_too() -> None:
    nothing = uncertainty_of((), np.zeros((0, 0)), np.zeros(0))
    again = read_uncertainty(written(nothing), ("fx",), "camera.yaml")
    assert again is not None
    np.testing.assert_array_equal(again.over(("fx",)), [[0.0]])


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ["fx", "fy"]},
        {"labels": ["fx", "fx", "k1"]},
        {"unobservable": ["fx"]},
        {"unobservable": ["k9"]},
        {"covariance": [1.0, 2.0, 3.0]},
        {"covariance": (COVARIANCE - 5 * np.eye(3)).tolist()},
        {"covariance": (COVARIANCE + np.triu(np.ones((3, 3)), 1)).tolist()},
        {"covariance": (COVARIANCE + 7 * (1 - np.eye(3))).tolist()},
        {"covariance": [[None] * 3] * 3},
        {"degrees_of_freedom": [1, 2, -1]},
        {"degrees_of_freedom": [1, 2]},
        {"degrees_of_freedom": "many"},
        {"verdict": "perfect"},
    ],
)
def test_what_is_no_covariance_of_these_parameters_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        read_uncertainty(written(**changes), ("fx", "fy", "k1", "k2"), "camera.yaml: uncertainty")
    assert caught.value.code == "config-value"
    assert "camera.yaml: uncertainty" in caught.value.where


def test_labels_unknown_to_the_camera_are_refused() -> None:
    with pytest.raises(UsageError, match="labels"):
        read_uncertainty(written(replace(KNOWN, labels=("fx", "fy", "x"))), KNOWN.labels, "camera.yaml")
