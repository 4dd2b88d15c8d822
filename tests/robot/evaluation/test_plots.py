"""Figures show the errors that the result holds."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

import numpy as np
import pytest

from calib.errors import UsageError
from calib.robot import ArmCalibration, Spread, calibrate, simulate


@pytest.fixture(scope="module")
def calibration() -> ArmCalibration:
    table = simulate("ur5e", poses=80, seed=7, spread=Spread(outlier_share=0.05)).table
    return calibrate(table, "ur5e")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


def test_curves_hold_every_held_out_row(calibration: ArmCalibration) -> None:
    axes = calibration.plot_errors()
    assert calibration.heldout is not None
    before, after = (line.get_xdata() for line in axes.get_lines())
    assert np.mean(before) == pytest.approx(calibration.heldout.before.position_mm.mean)
    assert np.mean(after) == pytest.approx(calibration.heldout.after.position_mm.mean)


def test_every_row_is_a_point(calibration: ArmCalibration) -> None:
    axes = calibration.plot_residuals()
    points = np.concatenate([drawn.get_offsets() for drawn in axes.collections])
    assert sorted(points[:, 0]) == sorted(calibration.table.lines)
    assert {drawn.get_label() for drawn in axes.collections} >= {"fitted", "fitted, rejected", "held out"}


def test_without_matplotlib_the_extra_is_named(calibration: ArmCalibration, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *arguments: object) -> object:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return imported(name, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UsageError) as caught:
        calibration.plot_errors()
    assert caught.value.code == "plot-extra"
