"""One damped solve of the normal equations; the private blocks are eliminated by Schur complement.

The small matrices of all members are factorise at once: Cholesky written out over rows, each elementary operation on
vectors as long as there are members.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lapack

from calib.arrays import Array
from calib.engine.normal_equations.tangent import Tangent

if TYPE_CHECKING:
    from calib.engine.normal_equations.assembly import NormalEquations


class NotPositiveDefinite(ArithmeticError):  # noqa: N818 (a finding, not a fault)
    """The damped matrix has no Cholesky factor: more damping is needed."""


@dataclass(frozen=True, eq=False)
class SchurComplement:
    """The normal equations with the private blocks eliminated."""

    matrix: Array
    """(K, K) Schur complement."""
    right: Array
    """(K,) its gradient."""
    private: dict[str, Array]
    """Per block (t, t + K + 1, members): the upper Cholesky factor U with U'U the member's matrix, then U'^-1 times the
    coupling and the gradient."""


def eliminate(normal: NormalEquations, added: Tangent | None = None) -> SchurComplement:
    """Eliminate the private blocks, after adding `added` to the diagonal.

    Raises NotPositiveDefinite if a member's matrix is not.
    """
    matrix = normal.shared.copy()
    right = normal.gradient.copy()
    if added is not None:
        matrix.ravel()[:: len(matrix) + 1] += added.shared
    factors = {}
    for name, system in normal.private.items():
        factor = system.transpose(1, 2, 0).copy()  # members last: one elementary operation serves them all
        t, _, members = factor.shape
        if added is not None:
            for i in range(t):
                factor[i, i] += added.private[name][i]
        _forward(factor)
        across = factor[:, t:].transpose(1, 0, 2).reshape(-1, t * members)
        product = across @ across.T
        matrix -= product[:-1, :-1]
        right -= product[:-1, -1]
        factors[name] = factor
    return SchurComplement(matrix, right, factors)


def back_substitute(system: SchurComplement, shared: Array) -> Tangent:
    """The full step that belongs to a step of the shared columns."""
    private = {}
    for name, factor in system.private.items():
        t = len(factor)
        step = -(factor[:, -1] + np.matmul(shared, factor[:, t:-1]))
        for i in reversed(range(t)):
            step[i] /= factor[i, i]
            step[:i] -= factor[:i, i] * step[i]
        private[name] = step
    return Tangent(shared, private)


@dataclass(frozen=True, eq=False)
class DampedSystem:
    """A damped matrix, factorised: solves for its own gradient and for others."""

    system: SchurComplement
    """The Schur complement."""
    factor: Array
    """(K, K) Cholesky factor of the Schur complement between `scale` on both sides."""
    scale: Array
    """(K,)."""

    def step(self) -> Tangent:
        """h with (J'J + diag(added)) h = -J'r."""
        return back_substitute(self.system, -self._solve(self.system.right))

    def step_against(self, slope: Tangent) -> Tangent:
        """h with (J'J + diag(added)) h = -slope."""
        right = slope.shared.copy()
        private = {}
        for name, factor in self.system.private.items():
            t = len(factor)
            reduced = slope.private[name].copy()
            for i in range(t):
                reduced[i] -= np.einsum("jm,jm->m", factor[:i, i], reduced[:i])
                reduced[i] /= factor[i, i]
            right -= np.einsum("tkm,tm->k", factor[:, t:-1], reduced)
            private[name] = np.concatenate([factor[:, :-1], reduced[:, None]], axis=1)
        return back_substitute(SchurComplement(self.system.matrix, right, private), -self._solve(right))

    def _solve(self, right: Array) -> Array:
        if not len(right):
            return right
        return np.asarray(self.scale * lapack.dpotrs(self.factor, self.scale * right)[0])


def factorise(normal: NormalEquations, added: Tangent | None = None) -> DampedSystem:
    """Eliminate and factor, after adding `added` to the diagonal.

    Raises NotPositiveDefinite if the matrix is not numerically so.
    """
    system = eliminate(normal, added)
    if not len(system.right):
        return DampedSystem(system, system.matrix, system.right)
    norms = np.diagonal(system.matrix)
    if not (norms > 0).all():
        raise NotPositiveDefinite
    scale = 1.0 / np.sqrt(norms)
    factor, failed = lapack.dpotrf(system.matrix * scale * scale[:, None])
    if failed:
        raise NotPositiveDefinite
    return DampedSystem(system, factor, scale)


def solve_damped(normal: NormalEquations, added: Tangent | None = None) -> Tangent:
    """The step h of (J'J + diag(added)) h = -J'r.

    Raises NotPositiveDefinite if the matrix is not numerically so.
    """
    return factorise(normal, added).step()


def _forward(system: Array) -> None:
    """Cholesky-factor the members' matrices in place and carry the columns to their right along."""
    t = len(system)
    with np.errstate(divide="ignore", invalid="ignore"):  # a pivot of 0 is found out at the end
        for j in range(t - 1):
            ratio = system[j, j + 1 : t] / system[j, j]
            system[j + 1 :, j + 1 :] -= ratio[:, None] * system[j, j + 1 :]
    pivots = np.einsum("iin->in", system[:, :t])
    if not np.minimum.reduce(pivots, axis=None, initial=np.inf) > 0:  # neither where it is not a number
        raise NotPositiveDefinite
    system *= (1.0 / np.sqrt(pivots))[:, None]
