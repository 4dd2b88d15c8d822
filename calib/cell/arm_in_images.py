"""An arm identified from images: joint angles, and the board as a camera sees it from there.

Every image gives the board's pose before the camera and, from its corners, how sure that pose is in each direction and
each combination of them. With residuals weighted so, the identification of `calib.robot` minimises the reprojection
error itself, to first order in what is left: the camera's part has been eliminated image by image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calib.camera.projection import POSE_BLOCK, corners_of, lens_block, pose_block, reprojected, reprojection
from calib.cell.boards_seen import boards_seen
from calib.cell.chain import SETUPS
from calib.cell.data import require_scale
from calib.cell.pairing import pair
from calib.engine import Problem
from calib.engine.assembly import assemble
from calib.engine.structure import structure
from calib.geometry import se3, so3
from calib.robot import conventions
from calib.robot.measurement import Component, Linearise, Linearised, Measurement, read_measurement, rows_last

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.cell.boards_seen import BoardsSeen
    from calib.cell.chain import Setup
    from calib.engine.problem import Rows, Values
    from calib.robot.arm import SerialArm
    from calib.robot.table import PoseTable

Array = NDArray[Any]
NAME = "images"
OWN_LENS = (
    "the lens comes from these very images, and its errors are taken for the arm's: better one of its own, --camera"
)


def pose_information(seen: BoardsSeen) -> Array:
    """How sure the corners are of every camera_from_board: J'J (n, 6, 6) by its tangent, corners known to 1 px."""
    corners = corners_of(seen.views)
    lens = lens_block(seen.camera.lens, seen.camera.parameters, frozenset(seen.camera.lens.labels))
    poses = pose_block(seen.camera_from_board, [view.image for view in seen.views])
    problem = Problem((lens, poses), (reprojection(seen.camera.lens, corners),))
    return assemble(structure(problem), problem.start).private[POSE_BLOCK][:, :, :6]


def with_views(table: PoseTable, seen: BoardsSeen, rows: NDArray[np.intp], setup: Setup) -> PoseTable:
    """The rows (n,) of a table of joint values, with what was seen there as world_from_target.

    eye-in-hand: the camera's poses in the frame of the board; eye-to-hand: the board's in that of the camera.
    """
    world_from_target = se3.inverse(seen.camera_from_board) if setup == "eye-in-hand" else seen.camera_from_board
    column = {name: getattr(table, name)[rows] for name in ("joints", "target", "lines")}
    optional = ("temperature_degc", "payload_kg")
    column |= {name: getattr(table, name)[rows] for name in optional if getattr(table, name) is not None}
    return replace(
        table,
        **column,
        pose=np.arange(len(rows)),
        pose_names=tuple(view.image for view in seen.views),
        position=world_from_target[:, :3, 3],
        quaternion_xyzw=so3.quaternion_xyzw(world_from_target[:, :3, :3]),
        other={name: tuple(texts[i] for i in rows) for name, texts in table.other.items()},
    )


def measurement_of_images(seen: BoardsSeen, setup: Setup) -> Measurement:
    """Views of the board, in pixels: the residual of `view` for a camera on the hand, of `pose` for a fixed one,
    weighted by what the corners of each image know.

    A table's `pose` is the index of the image. The residual's unit is the noise of a corner's coordinate, 1 px.
    """
    told = read_measurement("view" if setup == "eye-in-hand" else "pose")
    turns = (-1.0, 1.0) if setup == "eye-in-hand" else (-1.0, -1.0)
    whiten = rows_last(_square_roots(pose_information(seen), seen.camera_from_board[:, :3, :3], turns))

    def residual(table: PoseTable) -> Linearise:
        plain = told.residual(table)

        def linearise(values: Values, flange: Array, rows: Rows, derivatives: bool = True) -> Linearised:
            found, weight = plain(values, flange, rows, derivatives), whiten[:, :, table.pose[rows]]
            residuals = np.einsum("abn,bn->an", weight, found.residuals)
            if not derivatives:
                return Linearised(residuals)
            return Linearised(
                residuals,
                np.einsum("abn,bcn->acn", weight, found.by_flange),
                tuple(np.einsum("abn,tbn->tan", weight, own) for own in found.by_block),
            )

        return linearise

    corners = Component("corners", "px", slice(0, 6))
    return replace(told, name=NAME, components=(corners,), residual=residual, told_as=told.name)


def _square_roots(information: Array, rotation: Array, turns: tuple[float, float]) -> Array:
    """W (n, 6, 6) with W'W the information of a residual whose metres and radians move by `turns` times R v and R w
    when camera_from_board, of rotation R (n, 3, 3), is moved by (v, w) on the right."""
    turn = np.zeros_like(information)
    turn[:, :3, :3], turn[:, 3:, 3:] = turns[0] * rotation, turns[1] * rotation
    return np.swapaxes(np.linalg.cholesky(turn @ information @ np.swapaxes(turn, 1, 2)), 1, 2)


@dataclass(frozen=True, eq=False)
class ArmViews:
    """Rows of joint values, and what the camera saw there. rows: (n,) of the table, for each view of `seen`."""

    joints: PoseTable
    seen: BoardsSeen
    rows: NDArray[np.intp]
    notes: tuple[str, ...] = ()

    def table(self, setup: Setup) -> PoseTable:
        """The rows with the poses seen; see `with_views`."""
        return with_views(self.joints, self.seen, self.rows, setup)

    def measurement(self, setup: Setup) -> Measurement:
        """What those rows measure; see `measurement_of_images`."""
        return measurement_of_images(self.seen, setup)

    def prediction_px(self, setup: Setup, world_from_target: Array, views: NDArray[np.intp]) -> float:
        """rms distance in pixels between corners seen in some views (k,) and where an arm says they should be.

        world_from_target: (k, 4, 4) by the arm and its frames.
        """
        poses = se3.inverse(world_from_target) if setup == "eye-in-hand" else world_from_target
        corners = corners_of([self.seen.views[i] for i in views])
        off = reprojected(self.seen.camera.lens, self.seen.camera.parameters, poses, corners) - corners.px
        return float(np.sqrt(np.mean(np.sum(off**2, axis=0))))


def views_of_arm(
    observations: Observations, table: PoseTable, camera: Camera | None, lens: str, robust: bool = True
) -> ArmViews:
    """The board as seen from every row of a table of joint values that has an image.

    camera: one calibrated from the same images with that lens if None. Raises as `pair` and `boards_seen`; UsageError
    `board-size-needed` for a board whose size is not known, the only length that images bring in.
    """
    require_scale(observations)
    pairing = pair(observations, table, poses_needed=False)
    seen = boards_seen(observations, camera, lens, robust=robust)
    row_of = dict(zip(pairing.images, pairing.rows.tolist(), strict=True))
    seen = seen.chosen(np.array([i for i, view in enumerate(seen.views) if view.image in row_of], dtype=np.intp))
    rows = np.array([row_of[view.image] for view in seen.views], dtype=np.intp)
    aside = tuple(f"{each.image} set aside: {each.reason}" for each in seen.set_aside)
    own = (OWN_LENS,) if seen.own_lens else ()
    # the reader's remark on columns it knows no use for names the very column of images
    remarks = tuple(note for note in table.notes if not note.startswith("columns not used"))
    return ArmViews(replace(table, notes=remarks), seen, rows, (*own, *pairing.notes, *aside))


def best_setup(views: ArmViews, arm: SerialArm) -> tuple[Setup, str]:
    """Which end of the arm carries the camera, by what the closed-form start leaves of either, and a remark."""
    left = {setup: conventions.residual(arm, views.table(setup), "pose") for setup in SETUPS}
    best, other = sorted(SETUPS, key=lambda setup: left[setup].size)
    return best, f"{best}: {left[best]} left, {other} {left[other]}"
