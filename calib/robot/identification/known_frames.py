"""Where the base stands or the tool sits, if it is known: held, so that the arm cannot pass its errors on to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from calib.arrays import Array
from calib.errors import UsageError

if TYPE_CHECKING:
    from calib.engine import ParameterBlock

BLOCKS = {
    "base": ("world_from_base",),
    "tool": ("flange_from_target", "target_in_flange", "tip_in_flange"),
}
"""What a known frame may be called among those of a measurement."""


def known_blocks(known: Mapping[str, Array], blocks: tuple[ParameterBlock, ...]) -> dict[str, Array]:
    """The values of the blocks that are known frames (4, 4); of points the origin alone.

    Raises UsageError `frame-unknown` for a measurement without such a frame, `several-targets` for one tool of many.
    """
    found = {}
    for name, frame in known.items():
        block = next((each for each in blocks if each.name in BLOCKS[name]), None)
        if block is None:
            has = ", ".join(each.name for each in blocks)
            advice = f"leave --{name} out; what is measured has these frames: {has}"
            raise UsageError(f"there is no {name} to hold", code="frame-unknown", where=f"--{name}", advice=advice)
        value = frame[None, None] if block.values.ndim > 2 else frame[None, :3, 3]
        if value.shape != block.values.shape:
            advice = "give a table with one target, or leave it to be estimated"
            raise UsageError("there are several targets", code="several-targets", where=f"--{name}", advice=advice)
        found[block.name] = value
    return found
