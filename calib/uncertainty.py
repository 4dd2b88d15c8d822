"""The covariance of a result's parameters, as it is stored with them for whoever uses them next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calib import config
from calib.arrays import Array
from calib.documents import finite
from calib.errors import UsageError
from calib.verdict import Grade

ROUNDING = 1e-9  # by which a correlation may exceed 1, and differ from its mirror image


@dataclass(frozen=True, eq=False, repr=False)
class ParameterUncertainty:
    """How well the parameters of a camera or an arm are known; those that it does not name were held."""

    labels: tuple[str, ...]
    """Of the p parameters that were estimated, such as `fx_px`."""
    covariance: Array
    """(p, p) in the labels' units."""
    degrees_of_freedom: Array
    """(p,) that each variance was measured with; infinite where it was not measured."""
    unobservable: tuple[str, ...] = ()
    """Parameters that were to be estimated and that the data do not determine: their variance is infinite."""
    verdict: Grade | None = None
    """Of the calibration; None where it does not come from a file."""

    def __repr__(self) -> str:
        return f"ParameterUncertainty({len(self.labels)} parameters)"

    def over(self, labels: Sequence[str]) -> Array:
        """Covariance (n, n) of n labels: zero for those that were held, infinite on the diagonal for those that are not
        observable."""
        row = {label: i for i, label in enumerate(self.labels)}
        here = [i for i, label in enumerate(labels) if label in row]
        there = [row[labels[i]] for i in here]
        out = np.zeros((len(labels), len(labels)))
        out[np.ix_(here, here)] = self.covariance[np.ix_(there, there)]
        unseen = [i for i, label in enumerate(labels) if label in self.unobservable]
        out[unseen, unseen] = np.inf
        return out

    def document(self, verdict: Grade | None) -> dict[str, Any]:
        """As it is stored, a document with arrays. verdict: of the calibration, unless it is known."""
        return {
            "verdict": self.verdict or verdict,
            "labels": [str(label) for label in self.labels],
            "unobservable": [str(label) for label in self.unobservable],
            "degrees_of_freedom": [finite(each) for each in self.degrees_of_freedom],
            "covariance": self.covariance,
        }


def uncertainty_of(labels: Sequence[str], covariance: Array, degrees_of_freedom: Array) -> ParameterUncertainty:
    """The uncertainty of p estimated parameters.

    covariance: (p, p), infinite on the diagonal where a parameter is not observable; what exceeds any number that is
    read again counts as that, and NaN, of an exact fit, too. degrees_of_freedom: (p,), infinite where not measured.
    """
    seen = np.flatnonzero(np.diagonal(covariance) < config.MAX_MAGNITUDE)
    unseen = sorted(set(range(len(labels))) - set(seen.tolist()))
    return ParameterUncertainty(
        tuple(labels[i] for i in seen.tolist()),
        np.asarray(covariance[np.ix_(seen, seen)]),
        np.where(degrees_of_freedom < config.MAX_MAGNITUDE, degrees_of_freedom, np.inf)[seen],
        tuple(labels[i] for i in unseen),
    )


@dataclass(frozen=True)
class _Written:
    """An uncertainty, as written."""

    labels: tuple[str, ...]
    degrees_of_freedom: tuple[float | None, ...]
    covariance: Array
    unobservable: tuple[str, ...] = ()
    verdict: Grade | None = None


def read_uncertainty(document: Any, known: Sequence[str], where: str) -> ParameterUncertainty | None:
    """The uncertainty of plain data, None of None. known: the labels of what it belongs to.

    Raises UsageError `config-value` for other labels, and for what is no covariance; the codes of `calib.config`.
    """
    if document is None:
        return None
    written = config.build(_Written, document, where)
    named, size = (*written.labels, *written.unobservable), len(written.labels)
    if len(set(named)) < len(named) or not set(named) <= set(known):
        raise _wrong("labels that are not parameters, or occur twice", f"{where}: labels")
    covariance = written.covariance.reshape(0, 0) if size == 0 == written.covariance.size else written.covariance
    if covariance.shape != (size, size):
        raise _wrong(f"expected {size} rows of {size} numbers", f"{where}: covariance")
    sigma = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    most = sigma * sigma[:, None]
    symmetric = np.all(np.abs(covariance - covariance.T) <= ROUNDING * most)
    if np.any(np.diagonal(covariance) < 0) or not symmetric or np.any(np.abs(covariance) > (1 + ROUNDING) * most):
        raise _wrong("not a covariance: it is not symmetric, or correlations exceed 1", f"{where}: covariance")
    freedom = np.array([np.inf if each is None else each for each in written.degrees_of_freedom])
    if freedom.shape != (size,) or np.any(freedom < 0):
        raise _wrong(f"expected {size} numbers of 0 or more", f"{where}: degrees_of_freedom")
    return ParameterUncertainty(written.labels, covariance, freedom, written.unobservable, written.verdict)


def _wrong(what: str, where: str) -> UsageError:
    advice = "restore the file as the calibration wrote it, or delete its `uncertainty`"
    return UsageError(what, code="config-value", where=where, advice=advice)
