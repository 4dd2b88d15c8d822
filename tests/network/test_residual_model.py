"""What a model leaves is learnt where there is something to learn, and declined, saying so, where there is not."""

from __future__ import annotations

import numpy as np
import pytest

from calib.arrays import Array
from calib.errors import InputError
from calib.network import fit_residual_model
from calib.network.folds import divide

FEW = {"hidden": (6,), "weight_decays": (1e-3,)}


def bent(rows: int, noise: float, size: float = 1.0) -> tuple[Array, Array, Array]:
    """Two joints that err by a wave of their own angle; errors (n, 2) of a tip they turn, and by_joint (n, 2, 2)."""
    rng = np.random.default_rng(rows)
    q = rng.uniform(-2, 2, (rows, 2))
    both = q.sum(axis=1)
    near, far = np.stack([np.cos(q[:, 0]), np.sin(q[:, 0])], 1), np.stack([np.cos(both), np.sin(both)], 1)
    by_joint = np.stack([near + far, far], axis=2)
    errors = size * np.stack([np.sin(3 * q[:, 0]), np.cos(2 * q[:, 1])], axis=1)
    return q, np.einsum("ndj,nj->nd", by_joint, errors) + noise * rng.normal(size=q.shape), by_joint


def test_corrections_of_joints_are_learnt_through_what_they_move() -> None:
    q, targets, by_joint = bent(300, 0.01)
    found = fit_residual_model(q, targets, seed=1, mixing=by_joint, **FEW)
    assert found.kept
    assert found.ensemble is not None
    assert found.reason.startswith("kept: mean held-out error")
    assert found.after < 0.1 * found.before
    fresh, wanted, by_fresh = bent(200, 0.0)
    left = wanted - np.einsum("ndj,nj->nd", by_fresh, found.ensemble(fresh))
    assert np.linalg.norm(left, axis=1).mean() < 1.5 * found.after
    np.testing.assert_allclose(
        found.ensemble(fresh), np.stack([np.sin(3 * fresh[:, 0]), np.cos(2 * fresh[:, 1])], axis=1), atol=0.15
    )


def test_functions_of_all_inputs_are_learnt_without_mixing() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, (250, 2))
    y = np.sin(2 * x[:, :1]) * x[:, 1:] + 0.01 * rng.normal(size=(250, 1))
    found = fit_residual_model(x, y, seed=0, **FEW)
    assert found.kept
    assert found.after < 0.2 * found.before


def test_noise_is_declined() -> None:
    q, targets, by_joint = bent(120, 1.0, size=0.0)
    found = fit_residual_model(q, targets, seed=1, mixing=by_joint, **FEW)
    assert not found.kept
    assert found.ensemble is None
    assert found.reason.startswith("declined: ")
    assert "before" in found.reason


def test_every_session_must_gain() -> None:
    """One session of three errs the other way round: the mean still gains, that session does not."""
    q, targets, by_joint = bent(330, 0.05)
    sessions = np.array(["mon", "tue", "wed"])[np.arange(330) % 11 // 5]
    assert fit_residual_model(q, targets, sessions, seed=1, mixing=by_joint, **FEW).kept
    odd = np.where((sessions == "wed")[:, None], -targets, targets)
    found = fit_residual_model(q, odd, sessions, seed=1, mixing=by_joint, **FEW)
    assert "does not fall for wed" in found.reason


def test_candidates_are_compared() -> None:
    q, targets, by_joint = bent(150, 0.05)
    found = fit_residual_model(q, targets, seed=1, mixing=by_joint, hidden=(2, 6, 8), weight_decays=(1e-3, 1e3))
    assert [(each.hidden, each.weight_decay) for each in found.candidates] == [
        (6, 1e-3), (6, 1e3), (2, 1e-3), (8, 1e-3)
    ]  # fmt: skip


def test_folds_keep_groups_together() -> None:
    groups = np.array(list("aabbbccdeeeeef"))
    folds = divide(len(groups), groups, 3, 0)
    assert sorted(np.concatenate(folds)) == list(range(len(groups)))
    held = [set(groups[fold]) for fold in folds]
    assert all(not held[i] & held[k] for i in range(3) for k in range(i))
    assert max(map(len, folds)) - min(map(len, folds)) <= 2


def test_what_cannot_be_divided_is_refused() -> None:
    q, targets, by_joint = bent(7, 0.1)
    with pytest.raises(InputError, match="too few for holding any out") as refused:
        fit_residual_model(q, targets, seed=0)
    assert refused.value.code == "too-few-samples"
    with pytest.raises(InputError, match="all samples are of one group"):
        divide(7, ["a"] * 7, 5, 0)
    with pytest.raises(InputError, match="6 groups for 7 samples"):
        divide(7, list("aabbcc"), 5, 0)
    with pytest.raises(InputError, match="mixing of shape"):
        fit_residual_model(q, targets, seed=0, mixing=by_joint[:, :1])
    with pytest.raises(InputError, match="7 rows of inputs for 6"):
        fit_residual_model(q, targets[:6], seed=0)
