"""An arm identified from images: joint angles, and the pose of a board before the camera.

Every image gives the board's pose before the camera and, from its corners, the information matrix of that pose. With
residuals weighted by it, the identification of `calib.robot` minimises the reprojection error itself, to first order
in the residuals: the camera's part has been eliminated image by image. The lens is held, or estimated along with the
arm: always where it was calibrated from the same images, since it has absorbed part of the arm's errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.camera.adjustment.reprojection import LENS_BLOCK, corners_of, reproject
from calib.camera.calibration.condensed_corners import condense_corners
from calib.camera.calibration.locate_boards import locate_boards
from calib.camera.refinable import require_refinable
from calib.cell.frame_loop import SETUPS
from calib.cell.hand_eye.pair_views import require_scale
from calib.cell.pairing.by_name_or_order import pair
from calib.engine import ParameterBlock
from calib.geometry import se3, so3
from calib.robot.conventions.residual import residual
from calib.robot.measurement import Component, Instrument, Linearise, Linearised, Measurement, load_measurement
from calib.robot.row_algebra import rows_last

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.camera.calibration.locate_boards import LocatedBoards
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.cell.frame_loop import Setup
    from calib.engine.problem import Rows, Values
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable

NAME = "images"
REFINABLE = ("lens",)


def with_views(table: PoseTable, seen: LocatedBoards, rows: NDArray[np.intp], setup: Setup) -> PoseTable:
    """The rows (n,) of a table of joint values, with what was seen there; see `as_seen`."""
    column = {name: getattr(table, name)[rows] for name in ("joints", "target", "lines")}
    optional = ("temperature_degc", "payload_kg")
    column |= {name: getattr(table, name)[rows] for name in optional if getattr(table, name) is not None}
    images = replace(
        table,
        **column,
        pose=np.arange(len(rows)),
        pose_names=tuple(view.image for view in seen.views),
        other={name: tuple(texts[i] for i in rows) for name, texts in table.other.items()},
    )
    return as_seen(images, seen, setup)


def as_seen(table: PoseTable, seen: LocatedBoards, setup: Setup) -> PoseTable:
    """A table whose rows are the views of `seen`, with what was seen as world_from_target.

    eye-in-hand: the camera's poses in the frame of the board; eye-to-hand: the board's in that of the camera.
    """
    world_from_target = se3.inverse(seen.camera_from_board) if setup == "eye-in-hand" else seen.camera_from_board
    turn = so3.quaternion_xyzw(world_from_target[:, :3, :3])
    return replace(table, position=world_from_target[:, :3, 3], quaternion_xyzw=turn)


def measurement_of_images(seen: LocatedBoards, setup: Setup, lens: Sequence[str] = ()) -> Measurement:
    """Views of the board, in pixels: the residual of `pose_from_flange` for a camera on the hand, of `pose` for a fixed
    one, weighted by what the corners of each image know.

    lens: labels of the lens' parameters that are estimated along with arm and frames; the others are held. What an
    image's corners tell of those parameters alone follows its pose residual as a component of its own: corners have the
    noise of a camera, a pose by the arm has that of the arm as well, and images left out take both with them.
    A table's `pose` is the index of the image. The residual's unit is the noise of a corner's coordinate, 1 px.
    """
    told = load_measurement("pose_from_flange" if setup == "eye-in-hand" else "pose")
    known = condense_corners(seen, lens)
    whiten = rows_last(-known.by_pose @ np.swapaxes(_residual_by_board_pose(seen, setup), 1, 2))
    offset, by_lens = rows_last(known.residuals), rows_last(known.by_lens)
    size, start = len(offset), _values(seen, lens)

    def below(array: Array) -> Array:
        """Columns (t, 6, n) as (t, 6 + k, n): the information on the lens alone depends on nothing else."""
        return np.concatenate([array, np.zeros((len(array), size - 6, array.shape[2]))], axis=1) if lens else array

    def residual(table: PoseTable) -> Linearise:
        plain = told.residual(table)

        def linearise(values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised:
            image = table.pose[rows]
            found, weight = plain(values, flange, rows, derivatives), whiten[:, :, image]
            residuals = offset[:, image]
            residuals[:6] += np.einsum("abn,bn->an", weight, found.residuals)
            if lens:
                residuals += np.einsum("akn,k->an", by_lens[:, :, image], values[LENS_BLOCK][0] - start)
            if not derivatives:
                return Linearised(residuals)
            by_flange = below(np.einsum("abn,bcn->can", weight, found.by_flange)).swapaxes(0, 1)
            by_block = [below(np.einsum("abn,tbn->tan", weight, own)) for own in found.by_block]
            by_block += [by_lens[:, :, image].swapaxes(0, 1)] if lens else []
            return Linearised(residuals, by_flange, tuple(by_block))

        return linearise

    components = (Component("corners", "px", slice(0, 6)),)
    if not lens:
        return replace(told, name=NAME, components=components, residual=residual, reported_name=told.name)
    return replace(
        told,
        name=NAME,
        components=(*components, Component("lens", "px", slice(6, size), of_instrument=True)),
        residual=residual,
        reported_name=told.name,
        instrument=_instrument(seen, lens),
    )


def _instrument(seen: LocatedBoards, lens: Sequence[str]) -> Instrument:
    """Parameters of the lens as unknowns that start where they are."""
    labels = tuple(map(lens_label, lens))
    weak = {
        lens_label(label): seen.noise_px * seen.camera.lens.weak[label]
        for label in lens
        if label in seen.camera.lens.weak
    }
    return Instrument(ParameterBlock(LENS_BLOCK, _values(seen, lens)[None], labels), weak)


def lens_label(label: str) -> str:
    """The label of a parameter of the lens among those of arm and frames."""
    return f"{LENS_BLOCK}.{label}"


def _values(seen: LocatedBoards, lens: Sequence[str]) -> Array:
    return np.array([seen.camera.value(label) for label in lens])


def _residual_by_board_pose(seen: LocatedBoards, setup: Setup) -> Array:
    """(n, 6, 6) by what the residual, metres and radians, moves when camera_from_board as seen is moved by a right
    tangent. The predicted pose moves it the other way."""
    out = np.zeros((len(seen.views), 6, 6))
    rotation = seen.camera_from_board[:, :3, :3]
    out[:, :3, :3], out[:, 3:, 3:] = -rotation, rotation if setup == "eye-in-hand" else -rotation
    return out


@dataclass(frozen=True, eq=False, repr=False)
class ArmViews:
    """Rows of joint values, and the boards that the camera saw there."""

    joints: PoseTable

    seen: LocatedBoards

    rows: NDArray[np.intp]
    """(n,) of the table, for each view of `seen`."""

    lens: tuple[str, ...] = ()
    """Labels of the lens' parameters to be estimated along with the arm."""

    notes: tuple[str, ...] = ()
    """Remarks on how images and rows were paired."""

    def __repr__(self) -> str:
        return f"ArmViews({len(self.rows)} views of {self.joints.name}, {len(self.lens)} lens parameters estimated)"

    def table(self, setup: Setup) -> PoseTable:
        """The rows with the poses seen; see `with_views`."""
        return with_views(self.joints, self.seen, self.rows, setup)

    def measurement(self, setup: Setup) -> Measurement:
        """What those rows measure; see `measurement_of_images`."""
        return measurement_of_images(self.seen, setup, self.lens)

    def prediction_px(self, setup: Setup, world_from_target: Array, views: NDArray[np.intp]) -> float:
        """rms distance in pixels between corners seen in some views (k,) and where an arm says they should be.

        world_from_target: (k, 4, 4) by the arm and its frames.
        """
        poses = se3.inverse(world_from_target) if setup == "eye-in-hand" else world_from_target
        corners = corners_of([self.seen.views[i] for i in views])
        off = reproject(self.seen.camera.lens, self.seen.camera.parameters, poses, corners) - corners.px
        return float(np.sqrt(np.mean(np.sum(off**2, axis=0))))


def views_of_arm(
    observations: Observations,
    table: PoseTable,
    camera: Camera | None,
    lens: str,
    robust: bool = True,
    refine: Sequence[str] = (),
) -> ArmViews:
    """The board as seen from every row of a table of joint values that has an image.

    camera: one calibrated from the same images with that lens if None; it is estimated anew along with the arm then.
    refine: `lens`, to have a given one estimated so. Raises as `pair` and `locate_boards`; UsageError `unknown-refine`;
    UsageError `board-size-needed` for a board whose size is not known, the only length that images bring in.
    """
    require_refinable_with_arm(refine)
    require_scale(observations)
    pairing = pair(observations, table, poses_needed=False)
    seen = locate_boards(observations, camera, lens, robust=robust)
    row_of = dict(zip(pairing.images, pairing.rows.tolist(), strict=True))
    seen = seen.select(np.array([i for i, view in enumerate(seen.views) if view.image in row_of], dtype=np.intp))
    rows = np.array([row_of[view.image] for view in seen.views], dtype=np.intp)
    excluded = tuple(f"{each.image} excluded: {each.reason}" for each in seen.excluded)
    own, held = seen.camera.lens.labels, seen.held
    free = tuple(label for label in own if label not in held) if seen.own_lens or "lens" in refine else ()
    # the reader's remark on columns it knows no use for names the very column of images
    remarks = tuple(note for note in table.notes if not note.startswith("columns not used"))
    return ArmViews(replace(table, notes=remarks), seen, rows, free, (*pairing.notes, *excluded))


def require_refinable_with_arm(refine: Sequence[str]) -> None:
    """Raise UsageError `unknown-refine` for what cannot be refined along with an arm."""
    require_refinable(refine, REFINABLE, "along with an arm")


def best_setup(views: ArmViews, arm: SerialArm) -> tuple[Setup, str]:
    """Which end of the arm carries the camera, by the closed-form error of either, and a remark."""
    left = {setup: residual(arm, views.table(setup), "pose") for setup in SETUPS}
    best, other = sorted(SETUPS, key=lambda setup: left[setup].size)
    return best, f"{best}: closed-form error {left[best]}; {other} {left[other]}"
