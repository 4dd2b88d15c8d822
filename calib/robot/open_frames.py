"""Frames that measured poses leave open, and the weak priors that keep them where they are found.

Where the flange hardly turns, a target anywhere on it is measured alike by an instrument that stands elsewhere: the two
trade, and nothing that is predicted in those orientations depends on it. A weak prior keeps the target near the flange;
what the rows do tell of it, through the errors of the arm, still counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine import ParameterBlock, ResidualBlock, prior
from calib.geometry import so3

if TYPE_CHECKING:
    from calib.engine.problem import Rows, Values

# A target is mounted within so much of the flange; a base that may turn about a line of positions is left to a radian.
TARGET_WITHIN = (0.3, np.inf)
BASE_WITHIN = (np.inf, 1.0)


@dataclass(frozen=True, eq=False)
class OpenFrames:
    """Frames that are not separable from each other."""

    what: str
    """How the poses leave them open, in words."""
    centre: Mapping[str, ParameterBlock]
    """Where the frames are kept, per block."""
    sigma: Mapping[str, float]
    """Standard deviations of the priors, m and rad; a coordinate without one is not kept."""

    def prior(self, block: ParameterBlock) -> tuple[ResidualBlock, ...]:
        """The prior on a block, if it has one."""
        if block.name not in self.centre:
            return ()
        width: dict[str, float] = {label: self.sigma[label] for label in block.labels if label in self.sigma}
        centre = self.centre[block.name].values
        if block.values.ndim > 2:
            return (_prior_on_transforms(block, centre[0], width),)
        mean: dict[str, float] = dict(zip(block.labels, centre[0].tolist(), strict=True))
        return (prior(block, mean, width),)


def open_frames(
    what: str, blocks: Sequence[ParameterBlock], within: Mapping[str, tuple[float, float]]
) -> OpenFrames | None:
    """The frames of blocks as they are left open; None where `what` says of nothing.

    within: per block, the standard deviations in m and rad, infinite where its coordinates are not kept.
    """
    if not what:
        return None
    sigma: dict[str, float] = {
        label: width
        for block in blocks
        for label in block.labels
        if np.isfinite(width := within[block.name][label.angular])
    }
    return OpenFrames(what, {block.name: block for block in blocks}, sigma)


def _prior_on_transforms(block: ParameterBlock, centre: Array, width: Mapping[str, float]) -> ResidualBlock:
    """A prior about transforms (k, 4, 4): differences of origins and turns, along the axes of each centre."""
    kept = np.array([block.labels.index(label) for label in width], dtype=np.intp)
    scale = np.array(list(width.values()))
    count, back = len(centre), np.swapaxes(centre[:, :3, :3], 1, 2)

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        now = values[block.name][0]
        turn = back @ now[:, :3, :3]
        bend = so3.log(turn)
        offset = np.einsum("kij,kj->ki", back, now[:, :3, 3] - centre[:, :3, 3])
        jacobian = np.zeros((count, 6, count, 6))
        members = np.arange(count)
        jacobian[members, :3, members, :3] = turn
        jacobian[members, 3:, members, 3:] = np.swapaxes(so3.left_jacobian_inverse(bend), 1, 2)  # the right one's
        residuals = np.concatenate([offset, bend], axis=1).reshape(1, -1)[:, kept] / scale
        return residuals, (jacobian.reshape(1, 6 * count, 6 * count)[:, kept] / scale[:, None],)

    return ResidualBlock(f"prior on {block.name}", 1, len(kept), {block.name: None}, evaluate, prior=True)
