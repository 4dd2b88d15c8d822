"""Targets of several tables, told apart by their names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from calib.robot.table.pose_table import PoseTable


def present_targets(table: PoseTable) -> PoseTable:
    """The table with the names of those targets alone that it has rows of, in their order."""
    present, index = np.unique(table.target, return_inverse=True)
    if len(present) >= len(table.target_names):
        return table
    names = tuple(table.target_names[i] for i in present)
    return replace(table, target=index.reshape(-1).astype(np.intp), target_names=names)


def with_targets_of(table: PoseTable, names: tuple[str, ...]) -> PoseTable:
    """The table with its targets numbered as in `names`, those of other names after them.

    A single target is the same one where either has no name.
    """
    own = table.target_names or ("",)
    known = names or ("",)
    if len(own) == len(known) == 1 and not (names and table.target_names):
        return replace(table, target_names=names)
    every = (*known, *(name for name in own if name not in known))
    place = np.array([every.index(name) for name in own], dtype=np.intp)
    return replace(table, target=place[table.target], target_names=every if len(every) > 1 else names)
