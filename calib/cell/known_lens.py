"""A lens that was calibrated before: unknown still, and held by the covariance that it was estimated with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.engine import ParameterBlock, ResidualBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.camera import Camera
    from calib.engine.problem import Rows, Values
    from calib.verdict import Grade

LEAST_EIGENVALUE = 1e-12  # of correlations, below which they are rounding


@dataclass(frozen=True, eq=False, repr=False)
class KnownLens:
    """What a calibration found of the parameters of a lens that it did not hold, as a normal distribution."""

    labels: tuple[str, ...]
    """(n,) as of the lens."""

    mean: Array
    """(n,)."""

    whitening: Array
    """(n, n): its square is the inverse covariance."""

    freedom: float
    """Degrees of freedom that the least known variance was measured with."""

    verdict: Grade | None
    """Of the calibration."""

    def __repr__(self) -> str:
        return f"KnownLens({', '.join(self.labels)})"

    def prior(self, block: ParameterBlock) -> ResidualBlock:
        """The prior on the block of the lens' parameters, whose labels may have the camera's name for owner."""
        columns = np.array([_column(block, label) for label in self.labels], dtype=np.intp)
        jacobian = np.zeros((1, len(columns), block.tangent))
        jacobian[0][:, columns] = self.whitening

        def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
            residuals = (values[block.name][rows][:, columns] - self.mean) @ self.whitening.T
            return residuals, (np.broadcast_to(jacobian, (len(residuals), *jacobian.shape[1:])),)

        name = f"calibration of {block.name}"
        return ResidualBlock(name, 1, len(columns), {block.name: None}, evaluate, prior=True)


def known_lens(camera: Camera) -> KnownLens | None:
    """What is known of a camera's lens; None where its parameters are taken as exact."""
    known = camera.uncertainty
    if known is None:
        return None
    sigma = np.sqrt(np.diagonal(known.covariance))
    index = np.flatnonzero(sigma > 0)
    if not index.size:
        return None
    sigma, labels = sigma[index], tuple(known.labels[i] for i in index.tolist())
    values, vectors = np.linalg.eigh(known.covariance[np.ix_(index, index)] / sigma / sigma[:, None])
    whitening = (vectors / np.sqrt(np.maximum(values, LEAST_EIGENVALUE))).T / sigma
    mean = np.array([camera.value(label) for label in labels])
    return KnownLens(labels, mean, whitening, float(known.degrees_of_freedom[index].min()), known.verdict)


def _column(block: ParameterBlock, label: str) -> int:
    return next(i for i, own in enumerate(block.labels) if own == label or str(own).endswith(f".{label}"))
