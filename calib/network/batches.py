"""Mini-batch training: a Levenberg-Marquardt step per batch, damping carried along.

A batch has fewer residuals than the net has weights, so the engine takes its steps in the dual form. Damping is what
keeps a step on one batch from undoing the steps on the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array
from calib.engine.damping import Damping, Nielsen
from calib.engine.methods.mini_batch import BatchState, batch_step
from calib.network.net import Net, bank_of
from calib.network.training_problem import samples, training_problem, with_values


@dataclass(frozen=True)
class Floored(Nielsen):
    """Nielsen's rule, never below a floor: however well a step serves its own batch, it stays short for the others."""

    floor: float = 5.0
    """The least damping, mu."""

    def after(self, damping: Damping, gain: float, accepted: bool, norm: float) -> Damping:
        """Nielsen's next damping, or the floor."""
        following = super().after(damping, gain, accepted, norm)
        return Damping(max(following.mu, self.floor), following.growth)


@dataclass(frozen=True)
class BatchSettings:
    """How to train in batches; the defaults were measured on the 8 x 8 digits."""

    batch: int = 20
    """Samples per step."""
    epochs: int = 8
    """Passes over all samples, newly shuffled each."""
    damping: float = 5.0
    """At least, relative to the squared column norms of a batch."""
    averaged: int = 4
    """The answer is the mean of the weights after the last so many epochs, which evens out what single batches did."""


@dataclass(frozen=True, eq=False, repr=False)
class BatchTraining:
    """A net trained in batches."""

    net: Net
    """With the weights found."""
    mse: tuple[float, ...]
    """Mean squared residual in scaled units, over each epoch's batches before their steps."""

    def __repr__(self) -> str:
        return f"BatchTraining({self.net!r}, {len(self.mse)} epochs, mse {self.mse[-1] if self.mse else np.nan:.4g})"


def train_in_batches(
    net: Net,
    inputs: Array,
    targets: Array,
    seed: int,
    settings: BatchSettings | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> BatchTraining:
    """Train a net on inputs (n, k) and targets (n, d), batch by batch in an order drawn from the seed.

    on_progress(done, total) is called after every epoch.
    """
    settings = settings or BatchSettings()
    generator = np.random.default_rng(seed)
    bank = bank_of(net)
    data = samples(bank, inputs, targets)
    state = BatchState(training_problem(bank, data).start, Damping(settings.damping))
    mse, recent = [], []
    for epoch in range(settings.epochs):
        order = generator.permutation(len(inputs))
        squares = 0.0
        for begin in range(0, len(order), settings.batch):
            rows = order[begin : begin + settings.batch]
            state = batch_step(training_problem(bank, data.rows(rows)), state, Floored(floor=settings.damping))
            squares += state.squares[0]
        mse.append(squares / targets.size)
        if epoch >= settings.epochs - settings.averaged:
            recent.append(with_values(bank, state.values).nets[0].weights)
        if on_progress is not None:
            on_progress(epoch + 1, settings.epochs)
    return BatchTraining(net.with_weights(np.mean(recent, axis=0)), tuple(mse))
