"""What corners seen through a lens tell of the board in every image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.camera.adjustment.board_shape import LABELS as SHAPE_LABELS
from calib.camera.adjustment.board_shape import Surface, bow_m, shape_block, shaped_reprojection
from calib.camera.adjustment.bundle_adjustment import adjust as adjust_camera
from calib.camera.adjustment.reprojection import (
    POSE_BLOCK,
    Corners,
    PosedLens,
    corners_of,
    lens_block,
    pose_block,
    reproject,
    reprojection,
    weak_priors,
)
from calib.camera.adjustment.shape_gain import shape_gains
from calib.cell.adjustment.variance_components import ReducedProblem
from calib.engine import Problem
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import View
    from calib.cell.adjustment.state import State
    from calib.cell.adjustment.variance_components import RobotNoise
    from calib.cell.frame_loop import LoopError
    from calib.cell.known_lens import KnownLens
    from calib.engine import ParameterBlock, ResidualBlock


@dataclass(frozen=True, eq=False)
class CornersSight:
    """Corners of all images, and what is known of the lens."""

    camera: Camera
    """With the lens from which a solve starts."""

    held: frozenset[str]
    """Lens labels that are not estimated."""

    views: tuple[View, ...]

    bent_board: bool = False
    """Whether the board's height is estimated."""

    known_lens: KnownLens | None = None
    """What is known of the lens' parameters beforehand."""

    own_poses = True
    """The board's pose in every image is an unknown of its own."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the lens."""
        return self.camera.lens.labels

    @property
    def parameters(self) -> Array:
        """Of the lens, from which a solve starts."""
        return self.camera.parameters

    @cached_property
    def corners(self) -> Corners:
        """Of all views in one table."""
        return corners_of(self.views)

    @property
    def flat_shape(self) -> Array:
        """(7,) of a board that is flat."""
        return np.zeros(len(SHAPE_LABELS))

    def begin(self, noise: RobotNoise) -> RobotNoise:
        """The noise from which an estimate starts: that of the robot alone."""
        return noise

    def hold_lens(self, views: tuple[View, ...]) -> CornersSight:
        """The same of other views, with the lens held."""
        return replace(self, held=frozenset(self.labels), views=views)

    def bend(self) -> CornersSight:
        """The same with the height of the board estimated."""
        return replace(self, bent_board=True)

    def bending_gains(self, state: State, noise_px: float) -> bool:
        """Whether images held out gain by the board's surface."""
        return not self.bent_board and shape_gains(Problem(*self.bend().blocks(state, noise_px)))

    def height_m(self, state: State) -> float | None:
        """Of the board's surface above its plane; None where it is taken as flat."""
        return bow_m(state.shape, self.corners.in_board) if self.bent_board else None

    def blocks(self, state: State, noise_px: float) -> tuple[tuple[ParameterBlock, ...], tuple[ResidualBlock, ...]]:
        """Unknowns and residuals of the images alone."""
        lens = lens_block(self.camera.lens, state.parameters, self.held)
        poses = pose_block(state.camera_from_board, [view.image for view in self.views])
        if self.known_lens is None:
            priors = weak_priors(self.camera.lens, lens, noise_px)
        else:
            priors = () if self.held.issuperset(self.labels) else (self.known_lens.prior(lens),)
        if not self.bent_board:
            return (lens, poses), (reprojection(self.camera.lens, self.corners, noise_px), *priors)
        seen = shaped_reprojection(self.camera.lens, self.corners, noise_px)
        return (lens, poses, shape_block(state.shape)), (seen, *priors)

    def whitening(self, off: LoopError, noise: RobotNoise) -> None:
        """None: in the residuals of the robot is its noise alone."""

    def eliminate(self, state: State, off: LoopError, noise_px: float) -> tuple[ReducedProblem, float]:
        """The problem about a state with every camera_from_board eliminated, and the variance factor of the corners.

        The common unknowns are the tangents of mount_from_camera and fixture_from_board, then the free lens parameters
        and the board's shape.
        """
        problem = Problem(*self.blocks(state, noise_px))
        normal = assemble(layout_of(problem), problem.start)
        own = normal.private[POSE_BLOCK]
        information, coupling, slope = own[:, :, :6], own[:, :, 6:-1], own[:, :, -1]
        covariance = np.linalg.inv(information)
        through = covariance @ coupling  # (n, 6, k)
        best = -np.einsum("nij,nj->ni", covariance, slope)  # the step of each pose to what its own corners fit best
        residuals = off.residuals + np.einsum("nij,nj->ni", off.by_view, best)
        by = np.concatenate([off.by_camera, off.by_board, -off.by_view @ through], axis=2)
        common = normal.shared.shape[0]
        shared, gradient = np.zeros((12 + common, 12 + common)), np.zeros(12 + common)
        shared[12:, 12:] = normal.shared - np.einsum("nik,nil->kl", coupling, through)
        gradient[12:] = normal.gradient - np.einsum("nik,ni->k", through, slope)
        by_corners = off.by_view @ covariance @ np.swapaxes(off.by_view, 1, 2)
        squares = normal.squares + float(np.einsum("ni,ni->", slope, best))
        if common:
            squares -= float(gradient[12:] @ np.linalg.lstsq(shared[12:, 12:], gradient[12:], rcond=None)[0])
        factor = max(squares, 0.0) / max(normal.residuals - 6 * len(own) - common, 1)
        excess = self._excess(state, noise_px)
        return ReducedProblem(residuals, by, by_corners, shared, gradient, excess), factor

    def _excess(self, state: State, noise_px: float) -> Array:
        """Variance (n,) of each image's own corners about its own pose over that given, at least 1."""
        corners = self.corners
        errors = self.errors_px(state) / (np.reshape(corners.sigma_px, (-1, 1)) * noise_px)
        squares = np.bincount(corners.view, np.einsum("nd,nd->n", errors, errors), len(corners.counts))
        return np.asarray(np.maximum(squares / np.maximum(2 * corners.counts - 6, 1), 1.0))

    def errors_px(self, state: State, camera_from_board: Array | None = None) -> Array:
        """Projected less seen (rows, 2) in pixels, at the state's poses or others."""
        corners = self.corners
        if self.bent_board:
            bent = Surface.over(corners.in_board).bend(state.shape, corners.in_board)
            corners = replace(corners, in_board=bent)
        poses = state.camera_from_board if camera_from_board is None else camera_from_board
        return np.asarray((reproject(self.camera.lens, state.parameters, poses, corners) - corners.px).T)

    def rms_px(self, state: State, camera_from_board: Array) -> Array:
        """(n,) of the corners of each image at poses (n, 4, 4)."""
        errors = self.errors_px(state, camera_from_board)
        squares = np.einsum("nd,nd->n", errors, errors)
        return np.asarray(np.sqrt(np.bincount(self.corners.view, squares) / self.corners.counts))

    def relocate(self, camera_from_board: Array, state: State, used: Mask) -> Array:
        """The board's poses (n, 4, 4) in all images: those of the state where used, the others anew from where they
        were, for the lens has changed."""
        poses = camera_from_board.copy()
        poses[used] = state.camera_from_board
        if (others := np.flatnonzero(~used)).size:
            views = [self.views[i] for i in others]
            start = PosedLens(state.parameters, poses[others])
            held = frozenset(self.labels)
            poses[others] = adjust_camera(self.camera.lens, held, views, corners_of(views), start).camera_from_board
        return poses
