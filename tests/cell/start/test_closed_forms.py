"""The closed forms recover an exact hand-eye, whatever its rotation, and never return what is no rigid transform."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from calib.cell.start.closed_forms import METHODS, load_method
from calib.cell.start.setup import hand_eye_start
from calib.errors import DegenerateError, UsageError
from calib.geometry import se3, so3

HAND_EYES = {
    "ordinary": so3.exp(np.array([0.3, -0.2, 1.0])),
    "half turn about x": np.diag([1.0, -1.0, -1.0]),
    "half turn about z": np.diag([-1.0, -1.0, 1.0]),
    "identity": np.eye(3),
    "quarter turn": so3.exp(np.array([0.0, np.pi / 2, 0.0])),
}


def motion(rng: np.random.Generator, rotation: Any, count: int = 12) -> tuple[Any, Any, Any]:
    x = se3.compose(rotation, rng.uniform(-0.1, 0.1, 3))
    y, g = se3.exp(rng.normal(size=6)), se3.exp(rng.normal(size=(count, 6)) * [0.3, 0.3, 0.3, 0.6, 0.6, 0.6])
    return g, se3.inverse(x) @ g @ y, x


@pytest.mark.parametrize("rotation", HAND_EYES.values(), ids=HAND_EYES)
@pytest.mark.parametrize("method", METHODS)
def test_exact_poses_give_the_exact_hand_eye(method: str, rotation: Any) -> None:
    g, c, x = motion(np.random.default_rng(1), rotation)
    assert np.allclose(METHODS[method](g, c), x, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_noise_moves_the_answer_by_its_own_size(method: str) -> None:
    rng = np.random.default_rng(2)
    g, c, x = motion(rng, HAND_EYES["ordinary"], 30)
    found = METHODS[method](se3.retract(g, rng.normal(size=(30, 6)) * 5e-4), c)
    off = se3.log(se3.inverse(x) @ found)
    assert np.abs(off).max() < 2e-3
    assert np.linalg.det(found[:3, :3]) == pytest.approx(1.0)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "shah"])
def test_without_turns_there_is_no_answer(method: str) -> None:
    rng = np.random.default_rng(3)
    g, _, _ = motion(rng, np.eye(3))
    still = se3.compose(np.eye(3), g[:, :3, 3])
    with pytest.raises(DegenerateError) as raised:
        METHODS[method](still, still)
    assert raised.value.code == "closed-form-failed"


@pytest.mark.parametrize("method", METHODS)
def test_numbers_that_are_none_are_refused(method: str) -> None:
    g, c, _ = motion(np.random.default_rng(4), np.eye(3))
    c[3] = np.nan
    with pytest.raises(DegenerateError) as raised:
        METHODS[method](g, c)
    assert raised.value.code == "closed-form-failed"


@pytest.mark.parametrize("method", METHODS)
def test_mirrored_board_poses_never_give_a_reflection(method: str) -> None:
    g, c, _ = motion(np.random.default_rng(5), np.eye(3))
    c = c.copy()
    c[:, 0, 3] *= -1  # positions of a left-handed frame: no hand-eye fits
    assert np.linalg.det(METHODS[method](g, c)[:3, :3]) == pytest.approx(1.0)


def test_the_start_is_the_method_of_least_residual_unless_one_is_named() -> None:
    rng = np.random.default_rng(6)
    g, c, _ = motion(rng, HAND_EYES["ordinary"])
    flange = se3.inverse(se3.retract(g, rng.normal(size=(12, 6)) * 1e-3))
    start = hand_eye_start("eye-in-hand", flange, c)
    assert set(start.rms_by_method) == set(METHODS)
    assert start.rms_by_method[start.method] == min(start.rms_by_method.values())
    assert hand_eye_start("eye-in-hand", flange, c, "park").method == "park"


def test_an_unknown_method_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError) as raised:
        load_method("tsai")
    assert raised.value.code == "unknown-method"
    assert "tsai-lenz" in raised.value.advice
