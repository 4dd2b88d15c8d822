"""The linear problem of a solved camera, view by view: what is left of every view once its pose is eliminated.

With it a question about the solution (would these views fit better with a lens of their own? with a board that is
stretched?) is answered by a small linear solve instead of a bundle adjustment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index
from calib.camera.adjustment.bundle_adjustment import select
from calib.camera.adjustment.reprojection import LENS_BLOCK, POSE_BLOCK, Corners, reprojection

if TYPE_CHECKING:
    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.engine.label import Label

SMALLEST = 1e-10  # relative singular value below which a combination of columns is not seen


@dataclass(frozen=True, eq=False)
class LinearViews:
    """Errors of all corners that were used, and their derivatives, in units of each corner's sigma."""

    corners: Corners
    """Of the m corners."""
    residuals: Array
    """(m, 2)"""
    by_pose: Array
    """(m, 2, 6) by the right tangent of camera_from_board."""
    by_lens: Array
    """(m, 2, k) by the parameters that were estimated."""
    labels: tuple[Label, ...]
    """(k,) of these."""

    @classmethod
    def at(cls, fit: Adjustment, views: Index) -> LinearViews:
        """At a solution, of some of its views."""
        corners, lens = select_corners(select(fit.corners_bent, fit.used), views), fit.lens
        at = {LENS_BLOCK: fit.parameters[None], POSE_BLOCK: fit.camera_from_board[views]}
        errors, (by_lens, by_pose) = reprojection(lens, corners).evaluate(at, slice(0, corners.px.shape[1]))
        free = [i for i, label in enumerate(lens.labels) if label not in fit.held]
        if isinstance(sigma := corners.sigma_px, np.ndarray):
            errors = errors / sigma[:, None]
            by_lens, by_pose = by_lens / sigma[:, None, None], by_pose / sigma[:, None, None]
        return cls(corners, errors, by_pose, by_lens[:, :, free], tuple(lens.labels[i] for i in free))

    @property
    def freedom(self) -> int:
        """Coordinates less the unknowns of lens and poses."""
        return int(2 * len(self.residuals) - 6 * len(self.corners.counts) - len(self.labels))

    @property
    def projected_px(self) -> Array:
        """(m, 2) where the solution has the corners: without noise, which columns must not share with residuals."""
        sigma = np.broadcast_to(self.corners.sigma_px, (len(self.residuals),))
        return np.asarray(self.corners.px.T + self.residuals * sigma[:, None])

    def triangles(self, *columns: Array) -> Array:
        """(views, t, t) upper triangles of the columns (m, 2, c) given and the residuals, the poses eliminated.

        An orthogonal map keeps sums of squares, so the first six rows of each view's factor are its pose's equations
        and what is below depends on the columns alone (Golub and Pereyra 1973, as in `condensed_corners`).
        """
        whole = np.concatenate([self.by_pose, *columns, self.residuals[:, :, None]], axis=2)
        width = whole.shape[2]
        out = np.zeros((len(self.corners.counts), width, width))
        for views, (part,) in self.corners.batches(whole.reshape(len(whole), -1).T):
            rows = part.reshape(2, width, *part.shape[1:]).transpose(2, 0, 3, 1).reshape(len(views), -1, width)
            factor = np.asarray(np.linalg.qr(rows, mode="r"))
            out[views, : factor.shape[1]] = factor
        return out[:, 6:, 6:]


def select_corners(corners: Corners, views: Index) -> Corners:
    """Those of some views, in ascending order, numbered anew."""
    if len(views) == len(corners.counts):
        return corners
    number = np.full(len(corners.counts), -1)
    number[views] = np.arange(len(views))
    taken = number[corners.view] >= 0
    return corners.select(taken, number[corners.view[taken]], corners.counts[views])


def least_squares(rows: Array) -> tuple[float, Array]:
    """The least sum of squares of rows (n, c + 1), of which the last column is the residual, and the step (c,)."""
    factor = np.asarray(np.linalg.qr(rows, mode="r"))
    scale = np.maximum(np.abs(factor[:, :-1]).max(axis=0, initial=1e-300), 1e-300)
    step = -np.linalg.lstsq(factor[:, :-1] / scale, factor[:, -1], rcond=SMALLEST)[0]
    return float(np.sum((factor[:, -1] + factor[:, :-1] @ (step / scale)) ** 2)), np.asarray(step / scale)


@dataclass(frozen=True, eq=False)
class GroupSystems:
    """Normal equations (views, k + 1, k + 1) of the lens, the residuals last, the poses eliminated, scaled."""

    grams: Array
    """They sum to the matrix of the whole set, whose diagonal is 1."""

    @classmethod
    def of(cls, linear: LinearViews) -> GroupSystems:
        """Of every view of a solution."""
        triangles = linear.triangles(linear.by_lens)
        grams = triangles.transpose(0, 2, 1) @ triangles
        scale = 1 / np.sqrt(np.maximum(np.einsum("vkk->k", grams), 1e-300))
        return cls(grams * scale * scale[:, None])

    def share(self, group: Index) -> float:
        """Share of the squared residuals that goes when every group (views,) of views has a lens of its own."""
        sums = np.zeros((int(group.max()) + 1, *self.grams.shape[1:]))
        np.add.at(sums, group, self.grams)
        return float(self._shares(sums[None])[0])

    def shares_of_cuts(self, cuts: Index, order: Index) -> Array:
        """The same (cuts,) for two groups each: the views before a place in an order (views,), and the others."""
        before = np.cumsum(self.grams[order], axis=0)
        first = before[cuts - 1]
        return self._shares(np.stack([first, before[-1] - first], axis=1))

    def steps(self, group: Index) -> Array:
        """(groups, k) by which each group's own lens differs from the common one, in the scaled units."""
        sums = np.zeros((int(group.max()) + 1, *self.grams.shape[1:]))
        np.add.at(sums, group, self.grams)
        return -np.asarray(_solve(sums[:, :-1, :-1], sums[:, :-1, -1]))

    def costs(self, step: Array) -> Array:
        """(views,) squared residuals of every view with a lens that differs by a step (k,)."""
        full = np.append(step, 1.0)
        return np.asarray(np.einsum("k,vkl,l->v", full, self.grams, full))

    def without_groups(self, group: Index) -> GroupSystems:
        """The same views as they would be if their groups (views,) had one lens: each seen from its own group's."""
        steps = self.steps(group)[group]
        move = np.tile(np.eye(self.grams.shape[1]), (len(steps), 1, 1))
        move[:, :-1, -1] = steps
        return GroupSystems(move.transpose(0, 2, 1) @ self.grams @ move)

    def select(self, views: Index) -> GroupSystems:
        """Of some views."""
        return GroupSystems(self.grams[views])

    def _shares(self, sums: Array) -> Array:
        """Of partitions, the summed matrices (n, groups, k + 1, k + 1) of whose groups are given."""
        apart = _squares(sums).sum(axis=1)
        together = _squares(self.grams.sum(axis=0)[None])[0]
        return np.asarray(1.0 - apart / max(together, 1e-300))


def _solve(matrix: Array, right: Array) -> Array:
    """Solutions (..., k) of symmetric systems (..., k, k), least where they are singular."""
    values, vectors = np.linalg.eigh(matrix)
    seen = values > SMALLEST * values[..., -1:]
    inner = np.einsum("...ij,...i->...j", vectors, right)
    return np.asarray(np.einsum("...ij,...j->...i", vectors, np.where(seen, inner / np.where(seen, values, 1.0), 0.0)))


def _squares(sums: Array) -> Array:
    """(...) least squares of summed matrices (..., k + 1, k + 1)."""
    right = sums[..., :-1, -1]
    return np.asarray(sums[..., -1, -1] - np.einsum("...k,...k->...", right, _solve(sums[..., :-1, :-1], right)))
