"""Which effects an arm shows: those that reduce the error of rows that were not fitted.

At a fit the model is linear in small changes, so every choice of effects is evaluated by the same normal equations, one
per fold: parameters from the other folds predict this one. Five folds, whole poses in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from calib.arrays import Array, Index
from calib.engine.normal_equations.assembly import NormalEquations, assemble
from calib.engine.normal_equations.layout import layout_of
from calib.robot.identification.model import model_rows, pose_problem
from calib.robot.identification.robust_fit import Fit
from calib.robot.table.holdout import folds

if TYPE_CHECKING:
    from calib.robot.effect import Conditions, Effect
    from calib.robot.table.pose_table import PoseTable

FOLDS = 5
WORTH_IT = 0.01  # relative decrease of the squared errors of rows not fitted below which an effect is not added
MOST_FOLDS = 4  # of the five that must gain: by chance four or more do with 0.19, and by 1 % almost never
DAMPING = 1e-11  # added to unit-scaled normal equations: a direction that is not observable stays where it is


@dataclass(frozen=True)
class EffectTrial:
    """An effect tried in addition to those before it."""

    effect: str
    """Its name."""
    gain: float
    """Relative decrease of the squared errors of rows not fitted."""
    folds: int
    """In how many folds they decrease."""
    added: bool
    """Whether it is part of the model."""

    def __str__(self) -> str:
        share = f"{abs(100 * self.gain):.1f} %"
        verb = "lowers" if self.gain > 0 else "raises"
        return f"{self.effect} {verb} the squared error of poses not fitted by {share}" + (
            "" if self.added else ": not added"
        )


def select_effects(
    fitted: Fit, table: PoseTable, conditions: Conditions, candidates: Sequence[Effect], seed: int = 0
) -> tuple[tuple[Effect, ...], tuple[EffectTrial, ...]]:
    """Add, one at a time, the effect that lowers the cross-validated error most, as long as it is worth it.

    fitted: without effects. table, conditions: of its rows. Returns the effects chosen and every trial.
    """
    names = [effect.name for effect in candidates]
    parts, columns, precision = _normal_equations(fitted, table, conditions, candidates, seed)
    chosen: list[int] = []
    trials: list[EffectTrial] = []
    errors = _errors(parts, columns[None], precision)
    while len(chosen) < len(candidates):
        tried = []
        for i in range(len(candidates)):
            if i in chosen or not len(columns[names[i]]):
                continue
            use = np.concatenate([columns[None], *(columns[names[k]] for k in (*chosen, i))])
            found = _errors(parts, use, precision)
            tried.append((float(1 - found.sum() / errors.sum()), int((found < errors).sum()), i, found))
        if not tried:
            break
        gain, better, best, found = max(tried, key=lambda each: each[0])
        added = gain > WORTH_IT and better >= MOST_FOLDS
        if not added:
            trials += [EffectTrial(names[i], g, n, False) for g, n, i, _ in sorted(tried, key=lambda each: -each[0])]
            break
        trials.append(EffectTrial(names[best], gain, better, True))
        chosen.append(best)
        errors = found
    return tuple(candidates[i] for i in chosen), tuple(trials)


def _normal_equations(
    fitted: Fit, table: PoseTable, conditions: Conditions, candidates: Sequence[Effect], seed: int
) -> tuple[list[NormalEquations], dict[str | None, Index], Array]:
    """Per fold the normal equations of everything together, the columns of each effect (None: all others), and the
    precision of each column's prior."""
    model = replace(fitted.model, effects=tuple(candidates), tolerance=None)
    rows = model_rows(model, table, conditions)
    fold = folds(table, FOLDS, seed)
    parts = []
    columns: dict[str | None, Index] = {}
    precision = np.zeros(0)
    for k in range(FOLDS):
        keep = fitted.used & (fold == k)
        if not keep.any():
            continue
        problem = pose_problem(model, rows[keep], fitted.values, fitted.noise.sigma[keep], priors=False)
        layout = layout_of(problem)
        parts.append(assemble(layout, problem.start))
        if not columns:
            labels = layout.shared_labels()
            owner = {label: basis.name for basis in rows.bases for label in basis.labels}
            for name in (None, *(effect.name for effect in candidates)):
                mine = [i for i, label in enumerate(labels) if owner.get(label) == name]
                columns[name] = np.array(mine, dtype=np.intp)
            width = model.prior_sigma()
            precision = np.array([1 / width[label] ** 2 if label in width else 0.0 for label in labels])
    return parts, columns, precision


def _errors(parts: list[NormalEquations], use: Index, precision: Array) -> Array:
    """Squared whitened errors (folds,) of each fold, with the columns `use` fitted to the other folds."""
    matrix = np.sum([part.shared for part in parts], axis=0)[np.ix_(use, use)]
    slope = np.sum([part.gradient for part in parts], axis=0)[use]
    out = np.empty(len(parts))
    for k, part in enumerate(parts):
        own, own_slope = part.shared[np.ix_(use, use)], part.gradient[use]
        step = _solve(matrix - own + np.diag(precision[use]), own_slope - slope)
        out[k] = part.squares + 2 * own_slope @ step + step @ own @ step
    return out


def _solve(matrix: Array, right: Array) -> Array:
    """The step of matrix x = right."""
    scale = 1 / np.sqrt(np.maximum(np.diagonal(matrix), 1e-300))
    factor = cho_factor(matrix * scale * scale[:, None] + DAMPING * np.eye(len(scale)), check_finite=False)
    return np.asarray(scale * cho_solve(factor, scale * right, check_finite=False))
