"""Images of two cameras in one set: left and right of a stereo pair, two phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera.diagnosis.evidence import Cause, Finding
from calib.camera.diagnosis.grouping import (
    FEWEST,
    Groups,
    found_groups,
    is_cut,
    list_groups,
    name_groups,
    named_partitions,
    rejected_views,
    share_beyond_chance,
    solve_apart,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calib.arrays import Index
    from calib.camera.diagnosis.evidence import MisfitEvidence


def _find(evidence: MisfitEvidence) -> Finding | None:
    """Groups by name, by what the solution rejected, or found by two lenses, confirmed by solving each alone."""
    for groups in _candidates(evidence):
        apart = solve_apart(evidence, groups)
        if apart is None:
            continue
        return Finding(
            sentence=f"{_number(len(groups.names))} cameras: {' and '.join(groups.names)}; {apart}",
            advice=f"calibrate each group by itself, in a folder or table of its own: {apart.counts()} images",
            strength=groups.share,
            best_grade=apart.best_grade,
        )
    return None


def _candidates(evidence: MisfitEvidence) -> Iterator[Groups]:
    names = evidence.names
    rejected = rejected_views(evidence)
    if rejected is not None and (groups := _call(rejected.astype(np.intp), names, float(rejected.mean()))):
        yield groups
    if evidence.systems is None:
        yield from (Groups(group, called, 1.0) for group, called in named_partitions(names))
        return
    held = evidence.fitted[evidence.sampled]
    for group, called in named_partitions(names):
        if min(np.bincount(group[held], minlength=len(called))) >= FEWEST:
            share = share_beyond_chance(evidence.systems, group[held])
            if share > 0:
                yield Groups(group, called, share)
    found = found_groups(evidence.systems)
    if found is not None and len(held) == len(names) and (groups := _call(found[0], names, found[1])):
        yield groups


def _call(group: Index, names: Sequence[str], share: float) -> Groups | None:
    """Groups that were found, called by a pattern or a list of names; a mere before and after is another cause."""
    called = name_groups(group, names)
    if called is None and is_cut(group):
        return None
    return Groups(group, called or list_groups(group, names), share)


def _number(count: int) -> str:
    return ("two", "three", "four", "five", "six")[count - 2]


CAUSE = Cause(looks_for="images of several cameras", level="cameras", find=_find)
