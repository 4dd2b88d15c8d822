"""Mini-batch training: a Levenberg-Marquardt step per batch, damping carried along.

A batch has fewer residuals than the net has weights, so the engine takes its steps in the dual form. Damping is what
keeps a step on one batch from undoing what the others taught.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.engine.damping import Damping, Nielsen
from calib.engine.methods.mini_batch import BatchState, batch_step
from calib.network.fitting import fitting, samples, with_values
from calib.network.net import Net, single


@dataclass(frozen=True)
class Floored(Nielsen):
    """Nielsen's rule, never below a floor: however well a step serves its own batch, it stays short for the others."""

    floor: float = 5.0

    def after(self, damping: Damping, gain: float, accepted: bool, norm: float) -> Damping:
        """Nielsen's next damping, or the floor."""
        following = super().after(damping, gain, accepted, norm)
        return Damping(max(following.mu, self.floor), following.growth)


@dataclass(frozen=True)
class BatchSettings:
    """How to train in batches; the defaults were measured on the 8 x 8 digits.

    batch: samples per step. epochs: passes over all samples, newly shuffled each. damping: at least, relative to the
    squared column norms of a batch. averaged: the answer is the mean of the weights after the last so many epochs,
    which evens out what single batches did.
    """

    batch: int = 20
    epochs: int = 8
    damping: float = 5.0
    averaged: int = 4


@dataclass(frozen=True, eq=False)
class BatchTraining:
    """A net trained in batches. mse: mean squared residual in scaled units, over each epoch's batches before their
    steps."""

    net: Net
    mse: tuple[float, ...]


def train_in_batches(
    net: Net, inputs: Array, targets: Array, seed: int, settings: BatchSettings | None = None
) -> BatchTraining:
    """Train a net on inputs (n, k) and targets (n, d), batch by batch in an order drawn from the seed."""
    settings = settings or BatchSettings()
    generator = np.random.default_rng(seed)
    bank = single(net)
    data = samples(bank, inputs, targets)
    stands = BatchState(fitting(bank, data).start, Damping(settings.damping))
    mse, recent = [], []
    for epoch in range(settings.epochs):
        order = generator.permutation(len(inputs))
        squares = 0.0
        for begin in range(0, len(order), settings.batch):
            rows = order[begin : begin + settings.batch]
            stands = batch_step(fitting(bank, data.rows(rows)), stands, Floored(floor=settings.damping))
            squares += stands.squares[0]
        mse.append(squares / targets.size)
        if epoch >= settings.epochs - settings.averaged:
            recent.append(with_values(bank, stands.values).nets[0].weights)
    return BatchTraining(net.with_weights(np.mean(recent, axis=0)), tuple(mse))
