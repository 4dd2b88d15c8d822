"""Needs, what results are good for, and the verdicts that follow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calib.errors import CalibError, InputError, UsageError
from calib.need import CHI3_95, Capability, Need, decide, good_for, need_of, radius_95, radius_95_at, rejudge
from calib.verdict import Verdict

ABLE = Capability(
    {"mm": 0.4, "deg": 0.05},
    {"mm": "the camera's position", "deg": "its orientation"},
    "camera",
    np.diag([1e-4, 1e-4, 1e-4, 1e-3, 1e-3, 1e-3]) ** 2,
)
GOOD, WRONG = Verdict("good", "fine"), Verdict("do not use", "not observable")
ROUGH = Verdict("do not use", "known to 12 mm", imprecise=True)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("0.5mm", ((0.5, "mm"),)),
        ("500 um", ((0.5, "mm"),)),
        (".2px", ((0.2, "px"),)),
        ("1m,2mrad", ((1000.0, "mm"), (math.degrees(2e-3), "deg"))),
    ],
)
def test_needs_are_read_with_their_units(text: str, sizes: tuple[tuple[float, str], ...]) -> None:
    assert [unit for _, unit in need_of(text).sizes] == [unit for _, unit in sizes]
    assert [size for size, _ in need_of(text).sizes] == pytest.approx([size for size, _ in sizes])


@pytest.mark.parametrize("text", ["", "0.5", "0mm", "-1mm", "1furlong", "1mm,2mm", "nanmm", "1e9mm"])
def test_what_is_no_need_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        need_of(text)
    assert caught.value.code == "need"


def test_a_point_is_three_lengths() -> None:
    assert need_of("1mm", "0,0,120mm").at_m == pytest.approx((0.0, 0.0, 0.12))
    for text in ("0,0", "1,2,3", "0,,120mm", "0,0,1deg", "0,0,0,0"):
        with pytest.raises(UsageError) as caught:
            need_of("1mm", text)
        assert caught.value.code == "need-at"


@pytest.mark.parametrize(
    ("text", "finding", "grade"),
    [
        ("0.5mm", GOOD, "good"),
        ("0.3mm", GOOD, "do not use"),
        ("0.5mm,0.01deg", GOOD, "do not use"),
        ("0.5px", GOOD, "do not use"),
        ("0.5mm", ROUGH, "good"),
        ("0.5mm", WRONG, "do not use"),
    ],
)
def test_the_figure_decides_unless_the_result_is_wrong(text: str, finding: Verdict, grade: str) -> None:
    verdict = decide(need_of(text), ABLE, finding)
    assert verdict.grade == grade
    assert finding.reason in verdict.reason


def test_the_verdict_says_how_far_it_is() -> None:
    reason = decide(need_of("0.2mm"), ABLE, GOOD).reason
    assert reason.startswith("95 % of errors of the camera's position are below 0.4 mm, 2 times the 0.2 mm needed")


def test_a_point_carries_the_turn_of_its_frame() -> None:
    """1 mrad moves a point at a metre by a millimetre, across alone."""
    turning = np.diag([0.0, 0.0, 0.0, 1e-3, 0.0, 0.0]) ** 2
    assert radius_95_at(turning, np.array([1.0, 0.0, 0.0])) == pytest.approx(0.0, abs=1e-12)
    assert radius_95_at(turning, np.array([0.0, 0.0, 1.0])) == pytest.approx(1.96e-3, rel=1e-3)
    assert decide(need_of("0.5mm"), ABLE, GOOD).grade == "good"
    assert decide(need_of("0.5mm", "0,0,1m"), ABLE, GOOD).grade == "do not use"


@pytest.mark.parametrize("sigma", [(1.0, 1.0, 1.0), (3.0, 1.0, 0.5), (5.0, 0.1, 0.0)])
def test_the_ball_holds_95_percent(sigma: tuple[float, ...]) -> None:
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    covariance = turn @ np.diag(np.square(sigma)) @ turn.T
    errors = np.random.default_rng(1).multivariate_normal(np.zeros(3), covariance, 40_000)
    inside = np.mean(np.linalg.norm(errors, axis=1) < radius_95(covariance))
    assert inside == pytest.approx(0.95, abs=0.006)
    assert radius_95(np.eye(3)) == pytest.approx(CHI3_95, rel=1e-4)
    assert radius_95(np.eye(3), 5.0) > 1.2 * CHI3_95
    assert math.isinf(radius_95(np.diag([1.0, np.inf, 1.0])))


def test_a_stored_result_is_judged_as_it_was() -> None:
    document = {"kind": "hand_eye", "advice": ["more"], "good_for": good_for(ABLE, GOOD)}
    for need in (Need(((0.5, "mm"),)), Need(((0.5, "mm"),), (0.0, 0.0, 1.0)), Need(((1.0, "px"),))):
        judged, fresh = rejudge(document, need, "result.json"), decide(need, ABLE, GOOD)
        assert (judged["verdict"], judged["reason"]) == (fresh.grade, fresh.reason)
        assert judged["need"] == str(need)


@pytest.mark.parametrize("document", [{}, {"good_for": 3}, {"good_for": {"sizes_95": {}}}, {"good_for": None}])
def test_an_older_result_says_so(document: dict[str, object]) -> None:
    with pytest.raises(CalibError) as caught:
        rejudge(document, need_of("1mm"), "result.json")
    assert isinstance(caught.value, InputError)
    assert caught.value.code == "no-capability"
