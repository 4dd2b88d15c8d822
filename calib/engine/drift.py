"""Errors that last from one cluster to the next: how much more uncertain they make what is common to all.

The scores of clusters in the order in which they were measured are taken apart into cosines, b half periods over all of
them. Where errors of clusters are independent, all cosines are equally large; where they drift, or clusters measured
one after another are alike in what the model leaves out, the slow ones stand out, and they are what a mean over all
clusters has most in common with (M. Mueller, "A theory of robust long-run variance estimation", J. Econometrics 141,
2007; E. Lazarus, D. Lewis, J. Stock, M. Watson, "HAR inference", J. Bus. Econ. Stat. 36, 2018: the equal-weighted
cosines). How many count as slow is decided by which stand out most plainly. What is slower than all of the clusters
together they cannot show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array

FEWEST = 4  # clusters
SLOWEST = 4  # at most one cosine for so many clusters is slow
# Sigmas of chance that count for nothing: the most conspicuous of several numbers of cosines is taken. Independent
# errors of 6 to 40 clusters then widen the intervals of nine parameters by .5 % on average, of a single one by 1 %.
BY_CHANCE = 2.0
PLAIN_SIGMAS, PLAIN_EXCESS = 3.0, 0.2  # from which drift is plain, and makes an interval a tenth wider


@dataclass(frozen=True)
class Drift:
    """How far slow changes exceed those of independent clusters."""

    excess: float = 0.0
    """Variance of the slow cosines over that of all, less 1."""
    chance: float = 1.0
    """Its standard deviation for independent clusters."""
    cosines: int = 0
    """How many are slow."""

    @property
    def sigmas(self) -> float:
        """How far beyond chance that is, in standard deviations of a normal distribution: a mean of squares is as good
        as one when it is the cube root that is compared (E. B. Wilson, M. M. Hilferty, "The distribution of
        chi-square", PNAS 17, 1931)."""
        ninth = self.chance**2 / 9.0  # 2 / (9 degrees of freedom)
        return float((np.cbrt(max(1.0 + self.excess, 0.0)) - (1.0 - ninth)) / np.sqrt(ninth))

    @property
    def evidence(self) -> float:
        """0 to 1, how much of the excess is believed."""
        return max(0.0, 1.0 - (BY_CHANCE / self.sigmas) ** 2) if min(self.excess, self.sigmas) > 0 else 0.0

    @property
    def inflation(self) -> float:
        """How many times the variance of independent clusters is to be gone by."""
        return 1.0 + self.evidence * self.excess

    @property
    def inflation_sigma(self) -> float:
        """Its standard deviation: the cosines scatter by as much as they are large."""
        return self.evidence * self.chance * (1.0 + self.excess)

    @property
    def is_plain(self) -> bool:
        """Whether it is no chance, and matters."""
        return self.sigmas > PLAIN_SIGMAS and self.excess > PLAIN_EXCESS


def drift_of(scores: Array, lost: Array) -> Drift:
    """Of scores (G, k) in the order of the clusters, whose covariances for independent errors are, between two
    different clusters, -lost_g lost_h', (G, k, k). None for too few clusters, or scores that are all zero."""
    count, total = len(scores), float(np.sum(scores**2))
    if count < FEWEST or not total > 0:
        return Drift()
    numbers = 2 ** np.arange(int(np.log2(max(count // SLOWEST, 1))) + 1)
    at = np.pi * (np.arange(count) + 0.5) / count
    cosines = np.sqrt(2.0 / count) * np.cos(np.arange(1, numbers[-1] + 1)[:, None] * at)
    by_loss = cosines @ lost.reshape(count, -1)
    # of every cosine, what different clusters have in common, less what independent errors do
    common = np.sum((cosines @ scores) ** 2, axis=1) - cosines**2 @ np.sum(scores**2, axis=1)
    common += np.sum(by_loss**2, axis=1) - cosines**2 @ np.einsum("gij,gij->g", lost, lost)
    squares = (scores @ scores.T) ** 2
    np.fill_diagonal(squares, 0.0)
    found = []
    for number in numbers.tolist():
        weights, scale = cosines[:number].T @ cosines[:number], count / number / total
        chance = scale * float(np.sqrt(2.0 * np.einsum("gh,gh,gh->", weights, weights, squares)))
        found.append(Drift(scale * float(np.sum(common[:number])), max(chance, 1e-9), number))
    return max(found, key=lambda each: each.sigmas)
