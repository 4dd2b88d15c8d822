"""The contract of every compensation: what it learns corrects, is plain data, and comes back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from calib import plugins
from calib.config import parse_yaml
from calib.robot.compensation import Correction, correction_document, load_compensation, read_correction

ROWS = 150


@pytest.mark.parametrize("name", plugins.discover("calib.compensations"))
def test_every_compensation_keeps_the_contract(name: str) -> None:
    compensation = load_compensation(name)
    assert compensation.name == name
    assert compensation.title
    assert compensation.enough(10**6) is None
    assert "too few" in (compensation.enough(1) or "")

    rng = np.random.default_rng(1)
    joints = rng.uniform(-2, 2, (ROWS, 2))
    by_joint = rng.uniform(0.3, 1.0, (ROWS, 3, 2))  # metres per radian
    wanted = 1e-3 * np.sin(2 * joints)
    errors = -np.einsum("ndj,nj->nd", by_joint, wanted) + 1e-6 * rng.normal(size=(ROWS, 3))
    outcome = compensation.learn(joints, errors, by_joint, None, 0)
    assert outcome.learned is not None, outcome.reason
    assert outcome.after_mm < 0.2 * outcome.before_mm
    assert outcome.before_mm == pytest.approx(1000 * np.linalg.norm(errors, axis=1).mean())
    corrections = outcome.learned(joints)
    assert np.abs(corrections - wanted).mean() < 1e-4
    np.testing.assert_allclose(outcome.learned(joints[:3]), corrections[:3], atol=1e-15)

    text = json.dumps(correction_document(Correction(name, outcome.learned)), default=np.ndarray.tolist)
    document = parse_yaml(text, "text")
    again = read_correction(document["kind"], document["learned"], 2, "text")
    np.testing.assert_array_equal(again.learned(joints), corrections)
