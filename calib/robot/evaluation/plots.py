"""Figures of an identification; matplotlib is imported where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calib.errors import UsageError

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.robot.evaluation.evaluate import Comparison

MARK = 9.0  # points^2


def plot_errors(calibration: ArmCalibration, axes: Any = None) -> Any:
    """Position errors of the nominal and the identified arm as sorted curves: the share of rows below each error.

    Of held-out rows, or of another table if there is one, else of the rows fitted. axes: matplotlib's, new ones if
    None. Returns the axes. Raises UsageError `plot-extra`.
    """
    comparison = _compared_rows(calibration)
    axes = _axes(axes)
    for name, sizes in (("nominal arm", comparison.before_sizes), ("identified arm", comparison.sizes)):
        errors = np.sort(1000 * _position(sizes)[comparison.plausible])
        axes.step(errors, 100 * np.arange(1, len(errors) + 1) / len(errors), where="post", label=name)
    axes.set_xscale("log")
    axes.set_xlabel("position error, mm")
    axes.set_ylabel("rows with a smaller error, %")
    axes.set_title(f"{calibration.nominal.name}: {comparison.after.rows} rows, {_part(calibration)}")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    return axes


def plot_residuals(calibration: ArmCalibration, axes: Any = None) -> Any:
    """Position error of the identified arm, row by row: fitted, held out and rejected rows.

    axes, returns, raises: as `plot_errors`.
    """
    axes = _axes(axes)
    evaluation = calibration.evaluation
    for name, comparison in (("fitted", evaluation.fitted), ("held out", evaluation.heldout)):
        if comparison is None:
            continue
        lines, errors = comparison.table.lines, 1000 * _position(comparison.sizes)
        rejected = np.isin(lines, [outlier.line for outlier in comparison.outliers])
        axes.scatter(lines[~rejected], errors[~rejected], s=MARK, label=name)
        if rejected.any():
            axes.scatter(lines[rejected], errors[rejected], s=3 * MARK, marker="x", label=f"{name}, rejected")
    axes.set_yscale("log")
    axes.set_xlabel("line of the table")
    axes.set_ylabel("position error, mm")
    axes.set_title(f"{calibration.arm.name}: residuals of the identified arm")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    return axes


def _axes(axes: Any) -> Any:
    if axes is not None:
        return axes
    try:
        from matplotlib import pyplot
    except ImportError:
        raise UsageError("matplotlib is not installed", code="plot-extra", advice="pip install 'calib[plot]'") from None
    return pyplot.subplots(layout="constrained")[1]


def _compared_rows(calibration: ArmCalibration) -> Comparison:
    return calibration.evaluation.decisive or calibration.evaluation.fitted


def _part(calibration: ArmCalibration) -> str:
    if calibration.evaluation.decisive is None:
        return "fitted"
    return "held out" if calibration.evaluation.validation is None else "of another table"


def _position(sizes: Any) -> Array:
    """Errors (n,) of the first component, m."""
    first: Array = next(iter(sizes.values()))
    return first
