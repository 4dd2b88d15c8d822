"""Division of samples into folds, whole groups together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calib.errors import InputError

SMALLEST = 4  # samples in a fold: the mean error of fewer is too uncertain


def divide(
    count: int, groups: Sequence[object] | NDArray[np.generic] | None, folds: int, seed: int
) -> tuple[NDArray[np.intp], ...]:
    """Indices of the samples of each fold, at most `folds`, drawn from the seed.

    groups: (count,) samples of one group stay in one fold; the largest groups are dealt out first, each to the
    emptiest fold. Raises InputError `too-few-samples` for fewer than two folds' worth, or a single group.
    """
    generator = np.random.default_rng(seed)
    if groups is None:
        folds = min(folds, count // SMALLEST)
        if folds < 2:
            what = f"{count} samples are too few for holding any out"
            raise InputError(what, code="too-few-samples", advice=f"give at least {2 * SMALLEST}")
        return tuple(np.sort(part) for part in np.array_split(generator.permutation(count), folds))
    names, of = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    if len(of) != count:
        advice = "give one group per sample"
        raise InputError(f"{len(of)} groups for {count} samples", code="net-inputs", advice=advice)
    if len(names) < 2:
        what = "all samples are of one group: none can be held out"
        raise InputError(what, code="too-few-samples", advice="omit the groups, or measure another session")
    sizes = np.bincount(of)
    order = generator.permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled = np.zeros(min(folds, len(names)), np.intp)
    fold_of = np.empty(len(names), np.intp)
    for group in order:
        fold = int(np.argmin(filled))
        fold_of[group] = fold
        filled[fold] += sizes[group]
    return tuple(np.flatnonzero(fold_of[of] == fold) for fold in range(len(filled)))
