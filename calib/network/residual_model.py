"""A model of the residuals of another: an ensemble of small nets, kept only if the error on held-out samples falls.

The samples are divided into folds, by group where groups are given. A member is trained without each fold and tested
on it; the members together are the ensemble (A. Krogh, J. Vedelsby, "Neural network ensembles, cross validation, and
active learning", NIPS 7, 1995), and their errors, each on its own fold, are what the ensemble is accepted by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.errors import InputError
from calib.network.folds import divide
from calib.network.net import Bank, Ensemble, Net, Scaling, bank_of, check_columns, new_net, scaling_onto
from calib.network.shape import feed_forward
from calib.network.start import nguyen_widrow
from calib.network.training import TrainingSettings, fit
from calib.network.training_problem import samples

Groups = Sequence[object] | NDArray[np.generic]

FOLDS = 5  # the usual compromise between the share trained on and the number of trainings
COMPARED = 2  # folds on which the candidates are compared; the best one is trained on the others as well
HIDDEN = (8, 20, 40)  # units per net
# Squared weights against squared residuals in scaled units: the variance of the noise over that of the weights, from
# nearly noise-free to almost nothing but noise.
WEIGHT_DECAYS = (1e-3, 1e-1, 1e1)
# Few, for the ensemble averages out what a member has not settled. Measured on a UR10's joints, mean held-out error
# after 6, 12, 30 steps of 40 units: 0.200, 0.199, 0.200.
ITERATIONS = 8
SIGNIFICANT = 2.0  # standard errors by which the held-out error must fall: 97.5 % that the decrease is no accident
TESTED_ALONE = 10  # samples of a group from which on its own error must fall: the mean of fewer is too uncertain


@dataclass(frozen=True)
class NetCandidate:
    """A size of net and a weight decay."""

    hidden: int
    """Units of the hidden layer."""
    weight_decay: float
    """See `TrainingSettings`."""
    error: float
    """Mean held-out error on the folds it was tried on."""


@dataclass(frozen=True, eq=False, repr=False)
class ResidualModel:
    """A model of residuals, or why there is none."""

    ensemble: Ensemble | None
    """None if it was declined."""
    reason: str
    """A sentence with both figures."""
    before: float
    """Mean held-out error without the model, in the targets' unit."""
    after: float
    """The same with it."""
    candidates: tuple[NetCandidate, ...]
    """All that were tried."""

    def __repr__(self) -> str:
        return f"ResidualModel({self.reason})"

    @property
    def kept(self) -> bool:
        """Whether the held-out error fell."""
        return self.ensemble is not None


def fit_residual_model(
    inputs: Array,
    targets: Array,
    groups: Groups | None = None,
    *,
    seed: int,
    mixing: Array | None = None,
    hidden: Sequence[int] = HIDDEN,
    weight_decays: Sequence[float] = WEIGHT_DECAYS,
) -> ResidualModel:
    """Learn targets (n, d) from inputs (n, k), or decline if that does not lower the held-out error.

    groups: (n,) what must not be divided between training and testing, such as sessions; the error must fall in every
    one of TESTED_ALONE samples or more. mixing: (n, d, k), given where each output is a correction of one input, a
    function of that input alone, and mixing @ corrections should equal the targets: the Jacobian of an arm, for errors
    of its joints. The ensemble then returns corrections (n, k).
    Error is the mean length of the rows of targets - prediction; d coordinates in one unit.
    Raises InputError `net-inputs` or `too-few-samples`.
    """
    inputs, targets = check_columns(inputs, None, "inputs"), check_columns(targets, None, "targets")
    if len(inputs) != len(targets):
        what = f"{len(inputs)} rows of inputs for {len(targets)} of targets"
        raise InputError(what, code="net-inputs", advice="give one row of targets per row of inputs")
    if mixing is not None and mixing.shape != (*targets.shape, inputs.shape[1]):
        needed = (*targets.shape, inputs.shape[1])
        advice = "give a matrix (outputs, inputs) per sample"
        raise InputError(f"mixing of shape {mixing.shape}, expected {needed}", code="net-inputs", advice=advice)
    task = _Task(inputs, targets, mixing, divide(len(inputs), groups, FOLDS, seed), seed)
    tried = _search(task, hidden, weight_decays)
    best = min(tried, key=lambda trial: trial.candidate.error)
    members, left = zip(*best.members, *task.members(best.candidate, COMPARED, len(task.folds)), strict=True)
    order = np.argsort(np.concatenate(task.folds))
    after = np.concatenate(left)[order]
    before = np.linalg.norm(targets, axis=1)
    reason = _objection(before, after, groups)
    figures = f"mean held-out error {before.mean():.4g} before, {after.mean():.4g} after"
    ensemble = None if reason else Ensemble(members, inputs.min(axis=0), inputs.max(axis=0))
    sentence = f"declined: {reason}; {figures}" if reason else f"kept: {figures}"
    return ResidualModel(
        ensemble, sentence, float(before.mean()), float(after.mean()), tuple(each.candidate for each in tried)
    )


@dataclass(frozen=True, eq=False)
class _Trial:
    """A candidate, and for each fold it was tried on the bank trained without it and what that leaves there."""

    candidate: NetCandidate
    members: tuple[tuple[Bank, Array], ...]


@dataclass(frozen=True, eq=False)
class _Task:
    """The samples and their folds."""

    inputs: Array
    targets: Array
    mixing: Array | None
    folds: tuple[NDArray[np.intp], ...]
    seed: int

    def members(self, candidate: NetCandidate, first: int, last: int) -> tuple[tuple[Bank, Array], ...]:
        """The members without fold `first` to before `last`, as far as there are so many."""
        return tuple(self.member(candidate, fold) for fold in range(first, min(last, len(self.folds))))

    def member(self, candidate: NetCandidate, fold: int) -> tuple[Bank, Array]:
        """A bank trained without a fold, and the lengths (m,) of what it leaves on that fold."""
        held_out = self.folds[fold]
        rest = np.setdiff1d(np.arange(len(self.inputs)), held_out)
        mixing = None if self.mixing is None else self.mixing[rest]
        bank = self._bank(candidate.hidden, rest, fold)
        data = samples(bank, self.inputs[rest], self.targets[rest], mixing)
        settings = TrainingSettings(ITERATIONS, candidate.weight_decay)
        bank = fit(bank, data, settings).bank
        answer = bank(self.inputs[held_out])
        if self.mixing is not None:
            answer = np.einsum("ndo,no->nd", self.mixing[held_out], answer)
        return bank, np.linalg.norm(self.targets[held_out] - answer, axis=1)

    def _bank(self, hidden: int, rows: NDArray[np.intp], fold: int) -> Bank:
        """An untrained bank: one net, or one per input where outputs are corrections of inputs."""
        if self.mixing is None:
            return bank_of(new_net(self.inputs[rows], self.targets[rows], (hidden,), self.seed + fold))
        # one correction alone would explain the targets if it had this size
        reach = np.sqrt(np.mean(self.mixing[rows] ** 2, axis=(0, 1)))
        size = np.sqrt(np.mean(self.targets[rows] ** 2)) / np.where(reach > 0, reach, 1.0)
        shape = feed_forward((1, hidden, 1))
        generator = np.random.default_rng(self.seed + fold)
        nets = tuple(
            Net(
                shape,
                nguyen_widrow(shape, generator),
                scaling_onto(self.inputs[:, [k]]),
                Scaling(np.zeros(1), size[[k]]),
            )
            for k in range(self.inputs.shape[1])
        )
        return Bank(nets, tuple((k,) for k in range(len(nets))))


def _search(task: _Task, hidden: Sequence[int], weight_decays: Sequence[float]) -> list[_Trial]:
    """Weight decays at the middle size, then the other sizes at the best of them."""
    sizes = sorted(hidden)
    middle = sizes[len(sizes) // 2]
    tried = [_try_candidate(task, middle, decay) for decay in weight_decays]
    decay = min(tried, key=lambda trial: trial.candidate.error).candidate.weight_decay
    return tried + [_try_candidate(task, size, decay) for size in sizes if size != middle]


def _try_candidate(task: _Task, hidden: int, weight_decay: float) -> _Trial:
    members = task.members(NetCandidate(hidden, weight_decay, np.inf), 0, COMPARED)
    error = float(np.concatenate([left for _, left in members]).mean())
    return _Trial(NetCandidate(hidden, weight_decay, error), members)


def _objection(before: Array, after: Array, groups: Groups | None) -> str:
    """Why the held-out errors after (n,) are no clear gain on those before (n,); empty if they are."""
    fall = before - after
    if fall.mean() <= 0:
        return "the held-out error does not fall"
    if fall.mean() <= SIGNIFICANT * fall.std() / np.sqrt(len(fall)):
        return "the held-out error falls by less than chance would explain"
    if groups is not None:
        names, of = np.unique(np.asarray(groups).astype(str), return_inverse=True)
        large = np.bincount(of) >= TESTED_ALONE
        worse = [str(name) for i, name in enumerate(names) if large[i] and fall[of == i].mean() <= 0]
        if worse:
            return f"the held-out error does not fall for {', '.join(worse)}"
    return ""
