"""What follows from images alone: the board's pose in each, and the noise of the corners."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Index, Mask
from calib.camera.adjustment.bundle_adjustment import adjust
from calib.camera.adjustment.reprojection import PosedLens, corners_of
from calib.camera.calibration.calibrate import calibrate
from calib.camera.calibration.camera_match import require_same_images
from calib.camera.camera import Camera
from calib.camera.diagnosis.evidence import rms_px
from calib.camera.lens_choice.choose_lens import AUTO
from calib.camera.observations import Excluded, Observations, View
from calib.camera.start.zhang import start_at
from calib.camera.views.outliers import start_from_plausible_views, without_outliers
from calib.camera.views.usable_views import find_usable_views
from calib.errors import ConvergenceError
from calib.geometry import se3

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, eq=False)
class LocatedBoards:
    """Board poses from images alone."""

    camera: Camera
    """Its lens."""
    own_lens: bool
    """Whether the lens was estimated from these very images."""
    held: frozenset[str]
    """Labels of the lens that were not, or need not be, estimated along with the poses."""
    views: tuple[View, ...]
    """With the corners that are not outliers."""
    camera_from_board: Array
    """(n, 4, 4)."""
    noise_px: float
    """Standard deviation of a corner's coordinate."""
    rms_px: float
    """sqrt(mean squared distance)."""
    excluded: tuple[Excluded, ...] = ()
    """Images that cannot be used, and why."""

    def select(self, index: Index) -> LocatedBoards:
        """Some of the views, in the order given."""
        views = tuple(self.views[i] for i in index)
        return replace(self, views=views, camera_from_board=self.camera_from_board[index])

    def with_points(self, move: Array, which: Mask, scale: float = 1.0) -> LocatedBoards:
        """The board points of some views (n,) moved by a rigid map (4, 4), and those of all scaled: what is seen stays.

        camera_from_board follows, so that every corner is projected where it was.
        """
        views, poses = [], self.camera_from_board.copy()
        poses[:, :3, 3] *= scale
        for i, view in enumerate(self.views):
            points = view.corners_in_board * scale
            if which[i]:
                points = se3.apply(move, points)
                poses[i] = poses[i] @ se3.inverse(move)
            radius = None if view.radius is None else view.radius * scale
            views.append(replace(view, corners_in_board=points, radius=radius))
        return replace(self, views=tuple(views), camera_from_board=poses)


def locate_boards(
    observations: Observations,
    camera: Camera | None = None,
    lens: str = AUTO,
    *,
    fix: Sequence[str] = (),
    free: Sequence[str] = (),
    robust: bool = True,
    global_start: bool = False,
    on_progress: Callable[[int, int], object] | None = None,
) -> LocatedBoards:
    """The board's pose in every image, with the camera given or one calibrated from the same images.

    lens, fix, free, global_start, on_progress: of that calibration, as of `calib.camera.calibrate`.
    Raises as `calib.camera.calibrate`, `usable_views.find_usable_views` and `camera_match.require_same_images`;
    ConvergenceError `board-poses`.
    """
    if camera is None:
        found = calibrate(
            observations,
            lens,
            fix=fix,
            free=free,
            robust=robust,
            global_start=global_start,
            on_progress=on_progress,
        )
        views = tuple(fit.view.with_corners(fit.used) for fit in found.views)
        poses = np.stack([fit.camera_from_board for fit in found.views])
        return LocatedBoards(found.camera, True, found.held, views, poses, found.noise_px, found.rms_px, found.excluded)
    every = find_usable_views(observations)
    plausible = start_from_plausible_views(
        every, lambda corners: start_at(camera.lens, corners, camera.parameters)[1], robust
    )
    usable, held = plausible.usable, frozenset(camera.lens.labels)
    fit = adjust(camera.lens, held, usable.views, usable.corners, plausible.start, used=plausible.used)
    require_same_images(camera, every, observations.image_size_px, rms_px(fit))
    outliers: list[Excluded] = []
    if robust and np.isfinite(fit.norms()).all():  # else there is nothing to be an outlier of
        fit, outliers = without_outliers(fit, usable.pivot)
    if not fit.solution.status.converged:
        why, advice = fit.solution.sentence(), "check that the camera file belongs to these images"
        raise ConvergenceError("the board's poses do not converge", code="board-poses", why=why, advice=advice)
    residuals = fit.residuals_px()[fit.used]
    begins = fit.corners.starts
    masks = [fit.used[a:b] for a, b in zip(begins, begins + fit.corners.counts, strict=True)]
    views = tuple(view.with_corners(mask) for view, mask in zip(fit.views, masks, strict=True))
    poses = fit.camera_from_board @ se3.compose(np.eye(3), -usable.pivot)
    rms = float(np.sqrt(np.mean(np.sum(residuals**2, axis=1))))
    noise = float(np.sqrt(fit.solution.variance_factor))
    return LocatedBoards(camera, False, camera.lens.held, views, poses, noise, rms, (*usable.excluded, *outliers))


def relocate_boards(seen: LocatedBoards, camera: Camera) -> LocatedBoards:
    """The same corners by another camera: the board poses adjusted anew, from where they are.

    Raises ConvergenceError `board-poses`.
    """
    held = frozenset(camera.lens.labels)
    start = PosedLens(camera.parameters, seen.camera_from_board)
    fit = adjust(camera.lens, held, seen.views, corners_of(seen.views), start)
    if not fit.solution.status.converged:
        advice = "check that the lens of the camera file is the kind of lens in use"
        why = fit.solution.sentence()
        raise ConvergenceError("the board's poses do not converge", code="board-poses", why=why, advice=advice)
    rms = float(np.sqrt(np.mean(np.sum(fit.residuals_px() ** 2, axis=1))))
    noise = float(np.sqrt(fit.solution.variance_factor))
    return replace(seen, camera=camera, camera_from_board=fit.camera_from_board, noise_px=noise, rms_px=rms)
