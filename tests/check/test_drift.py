"""What changed since a calibration: the algebra, and the checks of simulated devices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from study_check import KINDS, bumped, refocused, slipped

from calib.arrays import Array
from calib.check.drift import ChangePart, CheckedResiduals, Suspect, eliminate, search_drift
from calib.check.history import HISTORY_FILE, add_to_history
from calib.errors import InputError

PART = (ChangePart(slice(0, 1), 1.0, "mm"),)


def residuals(change: Array, seed: int, scale: float = 1.0) -> CheckedResiduals:
    """Of two suspects with one column each, and three known parameters."""
    rng = np.random.default_rng(seed)
    known, columns = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    root = 0.1 * rng.normal(size=(3, 3))
    covariance = root @ root.T
    off = known @ rng.multivariate_normal(np.zeros(3), covariance) + scale * rng.normal(size=40) + columns @ change
    suspects = tuple(Suspect(name, columns[:, [i]], PART, "mend it") for i, name in enumerate("ab"))
    return CheckedResiduals(off, known, covariance, suspects)


def test_the_change_is_that_of_the_whole_covariance() -> None:
    checked = residuals(np.array([0.7, 0.0]), seed=1)
    found = search_drift(checked).changes[0]
    whole = np.eye(40) + checked.by_known @ checked.covariance @ checked.by_known.T
    columns = found.suspect.columns
    information = columns.T @ np.linalg.solve(whole, columns)
    expected = np.linalg.solve(information, columns.T @ np.linalg.solve(whole, checked.residuals))
    assert found.suspect.name == "a"
    assert found.size == pytest.approx(expected)
    assert found.covariance == pytest.approx(np.linalg.inv(information))


def test_chances_are_those_of_chance() -> None:
    """Of unchanged devices one in a hundred has a chance below .01, and a larger noise alone names no suspect."""
    for scale in (1.0, 3.0):
        found = [search_drift(residuals(np.zeros(2), seed, scale)) for seed in range(300)]
        low = np.mean([each.changes[0].chance < 0.05 for each in found])
        assert 0.04 < low < 0.17  # the smaller of two independent chances: .0975
        assert np.mean([bool(each.alarming) for each in found]) < 0.04
        assert np.mean([each.noisier for each in found]) == pytest.approx(float(scale > 2.0), abs=0.02)


def test_what_cannot_be_told_apart_is_named_together() -> None:
    checked = residuals(np.array([1.5, 0.0]), seed=2)
    twin = Suspect("twin", 1.001 * checked.suspects[0].columns, PART, "mend it")
    found = search_drift(
        CheckedResiduals(checked.residuals, checked.by_known, checked.covariance, (*checked.suspects, twin))
    )
    assert {change.suspect.name for change in found.alarming} == {"a", "twin"}


def test_one_odd_row_is_no_change() -> None:
    rng = np.random.default_rng(5)
    columns, row = rng.normal(size=(30, 1)), np.repeat(np.arange(6), 5)
    suspect, nothing = Suspect("a", columns, PART, "mend it"), np.zeros((30, 0))
    noise = 0.5 * rng.normal(size=30)
    for off, odd in ((columns[:, 0], ()), (4.0 * columns[:, 0] * (row == 2), (2,))):
        checked = CheckedResiduals(noise + 2.0 * off, nothing, np.zeros((0, 0)), (suspect,), row=row)
        found = search_drift(checked)
        assert found.odd == odd
        assert bool(found.alarming) is not bool(odd)


def test_a_suspect_that_is_not_shown_says_so() -> None:
    checked = residuals(np.zeros(2), seed=3)
    blind = Suspect("blind", np.zeros((40, 1)), PART, "mend it")
    found = search_drift(CheckedResiduals(checked.residuals, checked.by_known, checked.covariance, (blind,)))
    assert not found.changes[0].shown
    assert found.alarming == ()


def test_eliminated_unknowns_leave_what_lies_across_them() -> None:
    rng = np.random.default_rng(0)
    pose, off, by = rng.normal(size=(20, 6)), rng.normal(size=20), rng.normal(size=(20, 4))
    left, across = eliminate(pose, off, by)
    assert left.shape == (14,)
    direct = off - pose @ np.linalg.lstsq(pose, off, rcond=None)[0]
    assert np.linalg.norm(left) == pytest.approx(np.linalg.norm(direct))
    assert eliminate(pose, pose)[0] == pytest.approx(np.zeros((14, 6)), abs=1e-12)
    assert across.shape == (14, 4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [refocused, bumped, slipped])
def test_a_change_is_detected_and_named_and_nothing_where_nothing_is(kind: object, tmp_path: Path) -> None:
    assert kind in KINDS.values()
    trial = kind(3, tmp_path / "result")  # type: ignore[operator]
    assert trial.changed.verdict.exit_status == 1
    assert trial.culprit in {change.suspect.name for change in trial.changed.found.alarming}
    assert trial.changed.verdict.advice
    assert trial.unchanged.verdict.exit_status == 0
    for each in (trial.unchanged, trial.changed):
        add_to_history(each, tmp_path / "result")
    lines = (tmp_path / "result" / HISTORY_FILE).read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ["verdict", "good", "do not use"]


def test_another_file_is_not_taken_for_a_history(tmp_path: Path) -> None:
    checked = search_drift(residuals(np.zeros(2), seed=3))
    (tmp_path / HISTORY_FILE).write_text("mine\n")
    from calib.check.result import ResultCheck

    with pytest.raises(InputError) as caught:
        add_to_history(ResultCheck("out", "arm", "5 rows", checked), tmp_path)
    assert caught.value.code == "history-unreadable"
    assert (tmp_path / HISTORY_FILE).read_text() == "mine\n"
