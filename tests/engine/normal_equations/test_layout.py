"""Which blocks are eliminated, and that chunks only group sums."""

from __future__ import annotations

import numpy as np
import pytest
from cases.bundles import bundle, loop, scene, uniform

from calib.engine import solve
from calib.engine.normal_equations.layout import layout_of


def test_private_blocks_are_found() -> None:
    assert layout_of(bundle()).private == ("pose",)
    assert layout_of(uniform()).private == ("pose",)
    assert layout_of(scene()).private == ("point",)
    assert layout_of(loop()).private == ("right",)


def test_rows_may_come_in_any_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks only group the sums."""
    whole = solve(scene())
    monkeypatch.setattr("calib.engine.normal_equations.layout.CHUNK_ENTRIES", 60)
    chunked = solve(scene())
    assert chunked.cost == pytest.approx(whole.cost, rel=1e-10)
    np.testing.assert_allclose(chunked.values["camera"], whole.values["camera"], atol=1e-5)
    np.testing.assert_allclose(chunked.uncertainty.shared, whole.uncertainty.shared, rtol=1e-4, atol=1e-9)
