"""A zoom, a focus or a lens that was changed midway: images before and after a moment fit apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera.diagnosis.evidence import Cause, Finding
from calib.camera.diagnosis.grouping import (
    FEWEST,
    Groups,
    best_cut,
    is_cut,
    named_partitions,
    rejected_views,
    solve_apart,
)
from calib.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.diagnosis.evidence import MisfitEvidence


def _find(evidence: MisfitEvidence) -> Finding | None:
    """The best place to cut the order of the images in two, confirmed by solving both parts alone."""
    cut, share = _cut(evidence)
    if not FEWEST <= cut <= len(evidence.views) - FEWEST or _is_named(cut, evidence.names):
        return None
    after = (np.arange(len(evidence.views)) >= cut).astype(np.intp)
    apart = solve_apart(evidence, Groups(after, ("before", "after"), share))
    if apart is None:
        return None
    focal = [_focal(fit) for fit in apart.fits]
    image = one_line(evidence.names[cut])
    return Finding(
        sentence=f"zoom or focus changed at {image}: f {focal[0]:.5g} px before, {focal[1]:.5g} after; {apart}",
        advice="fix zoom and focus and take the images anew, or calibrate the images before and after by themselves",
        strength=share,
        best_grade=apart.best_grade,
    )


def _is_named(cut: int, names: Sequence[str]) -> bool:
    """Whether the names of the images change there, give or take what a cut is uncertain by: then they are of two
    cameras, which is another cause."""
    by_name = [group for group, _ in named_partitions(names) if is_cut(group)]
    return any(abs(int(np.argmax(np.diff(group) != 0)) + 1 - cut) < FEWEST for group in by_name)


def _cut(evidence: MisfitEvidence) -> tuple[int, float]:
    """The index among all usable views of the first one after the change, and the share that it explains."""
    if evidence.systems is None:
        return len(evidence.views) // 2, 1.0  # the halves tell, even if it was not exactly there
    rejected = rejected_views(evidence)
    if rejected is not None:
        changes = np.flatnonzero(np.diff(rejected.astype(int)))
        if len(changes) == 1:
            return int(changes[0]) + 1, float(rejected.mean())
    cut, share = best_cut(evidence.systems)
    return (int(evidence.fitted[evidence.sampled[cut]]), share) if share > 0 else (0, 0.0)


def _focal(fit: Adjustment) -> float:
    """Mean of fx and fy."""
    return float(np.mean(fit.parameters[:2]))


CAUSE = Cause(looks_for="a zoom or focus that was changed between images", level="cameras", find=_find)
