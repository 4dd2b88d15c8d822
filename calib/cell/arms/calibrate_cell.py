"""Several arms in one world: each identified from what one instrument, or one board, shows of it, and how well one
would hand a point to another.

The arms share nothing but the world they are measured in, so solving them together or one by one is the same; they are
solved one by one. A point that one arm holds where it believes it to be is met by another where that believes it to be:
the difference of their errors in the world is what the hand-over misses.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from calib import config
from calib.arrays import Array
from calib.camera.detection.detect import detect
from calib.camera.images.read import image_paths
from calib.camera.resampling import Resampling
from calib.cell.arms.cell_calibration import CellCalibration, HandOver
from calib.cell.arms.image_measurement import views_of_arm
from calib.cell.arms.joint_lens import identify_in_view
from calib.errors import CalibError, InputError, UsageError
from calib.formats.arm_reader import load_any_arm
from calib.formats.camera_format import load_any_camera
from calib.formats.corner_reader import read_any_corners
from calib.formats.pose_reader import read_poses
from calib.robot.arm.read import arm_beside, file_of_arm, shipped_arms
from calib.robot.calibration import identify
from calib.robot.effect import conditions_of
from calib.robot.evaluation.accuracy import statistics
from calib.robot.identification.model import model_rows, residuals_at
from calib.robot.identification.request import Request
from calib.robot.measurement import measurement_of
from calib.robot.resolve import ConventionPolicy, resolve_arm
from calib.robot.table.holdout import Split
from calib.storage.result_folder import file_in
from calib.storage.stored import document_files
from calib.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from calib.camera.observations import Observations
    from calib.cell.arms.image_measurement import ArmViews
    from calib.engine import OnIteration
    from calib.robot.arm_model import Arm
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.robot.measurement import Measurement
    from calib.robot.resolve import ResolvedArm
    from calib.robot.table.pose_table import PoseTable

CELL_FILE = "cell.yaml"
PAIRS = 4000  # pairs of poses by which a hand-over is judged, drawn where there are more


@dataclass(frozen=True)
class ArmOfCell:
    """One arm in cell.yaml. Files are looked for beside cell.yaml."""

    arm: str
    """A shipped name, a file or a result folder."""
    poses: str
    """Its table."""
    tip: str | None = None
    """The link at which it ends, of a URDF with several last links."""
    euler: str | None = None
    """Sequence of Euler angles in the table."""
    columns: dict[str, str] = field(default_factory=dict)
    """The table's column for ours, by our name."""
    measurement: str | None = None
    """Kind of measurement, unless the columns imply it."""
    corners: str | None = None
    """What a camera on its hand saw of the board that all arms see, instead of an instrument."""
    images: str | None = None
    """A folder of images instead of corners."""
    board: str | None = None
    """The board in the images."""
    camera: str | None = None
    """The camera on its hand; else its lens is estimated with the arm."""
    scale_camera: str | float | None = None
    """What its images are scaled by against those that it was calibrated with, or `FACTOR,LEFT,TOP` of a crop."""

    @property
    def has_camera(self) -> bool:
        """Whether it has a camera on its hand, rather than being seen by an instrument."""
        return self.corners is not None or self.images is not None


@dataclass(frozen=True)
class CellFile:
    """The content of cell.yaml."""

    arms: dict[str, ArmOfCell]
    """By name."""
    world: str = "world"
    """What they were all measured in, in words."""


def read_cell(path: Path) -> CellFile:
    """Read cell.yaml, or the one in a folder.

    Raises `not-in-folder`, the errors of `calib.config`, and `bad-name` of an arm; UsageError `cell-arms` for fewer
    than two arms, `cell-images` for images without a board, a board without images, or images beside corners.
    """
    path = file_in(path, CELL_FILE, "--config")
    cell = config.load(CellFile, path)
    if len(cell.arms) < 2:
        advice = "add an arm below `arms:`; a single one is calibrated by: calib robot --poses poses.csv"
        raise UsageError("a cell has two arms or more", code="cell-arms", where=str(path), advice=advice)
    for name, member in cell.arms.items():
        config.require_name(name, f"{path}: arms")  # the name of a folder of the result
        if (member.images is None) != (member.board is None) or None not in (member.images, member.corners):
            raise UsageError(
                f"{name}: images and their board go together, and corners stand for both",
                code="cell-images",
                where=f"{path}: arms.{name}",
                advice="images: photos/ with board: checkerboard:9x6:25mm, or corners: corners.csv",
            )
    return replace(cell, world=one_line(cell.world))


def cell_files(path: Path) -> list[Path]:
    """A cell.yaml, or the one in a folder, and the files that it names. Raises as `read_cell`, `image_paths`."""
    path = file_in(path, CELL_FILE, "--config")
    found = [path]
    for member in read_cell(path).arms.values():
        arm = arm_beside(path.parent, member.arm)
        found += [] if arm in shipped_arms() else document_files(Path(file_of_arm(arm)))
        found += [path.parent / each for each in (member.poses, member.corners) if each is not None]
        found += [] if member.images is None else image_paths(path.parent / member.images)[0]
        if member.camera is not None:
            found += document_files(file_in(path.parent / member.camera, "camera.yaml", "--camera"))
    return found


class CornerSearch(TypedDict, total=False):
    """Options of the search for corners in the images of an arm; as of `calib.camera.detect`."""

    jobs: int | None
    timeout_s: float
    on_progress: Callable[[int, int], object] | None


def calibrate_cell(
    cell: CellFile | str | Path,
    folder: Path | None = None,
    model: str = "geometry",
    *,
    robust: bool = True,
    fix_conventions: bool = False,
    holdout: float = 0.2,
    seed: int = 0,
    on_iteration: OnIteration | None = None,
    **search: Unpack[CornerSearch],
) -> CellCalibration:
    """Identify every arm of a cell and evaluate the hand-overs.

    cell: itself, or the path of a cell.yaml. folder: of the files that it names; None: that of cell.yaml, else the
    current one. model, robust, fix_conventions, holdout, seed, on_iteration: as of `calib.robot.calibrate`. search: see
    `CornerSearch`.

    Raises as `read_cell`, `calib.robot.calibrate` and, of images, `calib.camera.detect`; UsageError `cell-measurement`
    for data that do not determine a base's pose in the world.
    """
    if not isinstance(cell, CellFile):
        path = file_in(Path(cell), CELL_FILE, "--config")
        folder = folder or path.parent
        cell = read_cell(path)
    request = Request(model, robust=robust, seed=seed)
    find_corners = partial(detect, **search)
    solve = partial(identify, split=Split(holdout), on_iteration=on_iteration)
    pairs = {}
    for name, member in cell.arms.items():
        inputs = _Inputs(name, member, folder or Path(), request, fix_conventions)
        try:
            pairs[name] = _calibrate_arm(inputs, solve, find_corners)
        except CalibError as error:
            raise error.of(name) from error
    before = {name: pair[0] for name, pair in pairs.items()}
    after = {name: pair[1] for name, pair in pairs.items()}
    overs = tuple(_hand_over(a, b, before, after, seed) for a, b in combinations(cell.arms, 2))
    return CellCalibration(cell.world, before, after, overs)


@dataclass(frozen=True, eq=False)
class _Inputs:
    """One arm of the cell, and what is asked of it."""

    name: str
    member: ArmOfCell
    folder: Path
    request: Request
    fix_conventions: bool

    def resolve(self, nominal: Arm, table: PoseTable, measurement: str) -> ResolvedArm:
        """Arm and table in the conventions in which they fit, as `calib.robot.resolve.resolve_arm`."""
        policy = ConventionPolicy(measurement, self.fix_conventions, seed=self.request.seed)
        try:
            return resolve_arm(table, nominal, self.request, policy)
        except InputError as error:
            if error.code != "arm-does-not-fit":
                raise
            error.advice = f"check `arm:` and `poses:` of {self.name}, the joint values and their order"
            raise


def _calibrate_arm(
    inputs: _Inputs, solve: Callable[..., ArmCalibration], find_corners: Callable[..., Observations]
) -> tuple[ArmCalibration, ArmCalibration]:
    """One arm, nominal with its frames fitted, and identified.

    solve, find_corners: `identify` and `detect` with their options.
    """
    member, folder, request = inputs.member, inputs.folder, inputs.request
    nominal = load_any_arm(arm_beside(folder, member.arm), tip=member.tip)
    table = read_poses(folder / member.poses, euler=member.euler, columns=member.columns)
    frames_only = replace(request, model="offsets")
    if not member.has_camera:
        measurement = _measurement(member, folder, table)
        resolved = inputs.resolve(nominal, table, measurement.name)
        fit_frames = partial(solve, resolved.arm, resolved.table, measurement=measurement)
        return (
            fit_frames(request=replace(frames_only, fix=resolved.arm.geometry.labels)),
            fit_frames(request=request, notes=resolved.notes, begin=resolved.start),
        )
    views = _views(member, folder, table, request.robust, find_corners)
    resolved = inputs.resolve(nominal, views.table("eye-in-hand"), "pose")
    fit_frames = partial(solve, resolved.arm, request=replace(frames_only, fix=resolved.arm.geometry.labels))
    fit_arm = partial(solve, resolved.arm, request=request, notes=(*views.notes, *resolved.notes), begin=resolved.start)
    # errors of a nominal arm would be absorbed by a lens
    before = identify_in_view(replace(views, lens=()), "eye-in-hand", resolved.table, fit_frames)
    after = identify_in_view(views, "eye-in-hand", resolved.table, fit_arm)
    return before.calibration, after.calibration


def _measurement(member: ArmOfCell, folder: Path, table: PoseTable) -> Measurement:
    """What an instrument measured: one that may ride on a hand instead would turn the world inside out."""
    measurement = member.measurement or table.measurement
    if measurement not in ("pose", "position"):
        raise UsageError(
            "the table does not determine the arm's pose in the world",
            code="cell-measurement",
            where=str(folder / member.poses),
            why=f"it holds {measurement}",
            advice="measure poses or positions in one frame for all arms, or give corners of one board seen by all",
        )
    return measurement_of(table, measurement)


def _views(
    member: ArmOfCell, folder: Path, table: PoseTable, robust: bool, find_corners: Callable[..., Observations]
) -> ArmViews:
    camera = load_any_camera(folder / member.camera) if member.camera is not None else None
    if camera is not None and member.scale_camera is not None:
        camera = Resampling.from_text(str(member.scale_camera)).apply(camera)
    if member.images is not None:
        observations = find_corners(folder / member.images, member.board)
    else:
        assert member.corners is not None
        observations = read_any_corners(folder / member.corners, None)
    return views_of_arm(observations, table, camera, "brown_conrady", robust)


def _hand_over(
    giver: str, taker: str, before: dict[str, ArmCalibration], after: dict[str, ArmCalibration], seed: int
) -> HandOver:
    rng = np.random.default_rng(seed)
    misses = []
    for arms in (before, after):
        one, other = _errors(arms[giver]), _errors(arms[taker])
        i, j = (grid.ravel() for grid in np.meshgrid(np.arange(len(one)), np.arange(len(other)), indexing="ij"))
        if len(i) > PAIRS:
            some = rng.choice(len(i), PAIRS, replace=False)
            i, j = i[some], j[some]
        misses.append(statistics(1000 * np.linalg.norm(one[i] - other[j], axis=1)))
    return HandOver(giver, taker, *misses)


def _errors(calibration: ArmCalibration) -> Array:
    """The target's position by the arm minus the measured one, (n, 3) m in the world, on held-out poses.

    Of a board seen by a camera on the hand, where it says that the board is: the camera's own place is seen from afar,
    and by the board's tilt alone.
    """
    judged = calibration.evaluation.heldout or calibration.evaluation.fitted
    fitted, table, reported = calibration.fit, judged.table, calibration.measurement.reported
    model = replace(fitted.model, measurement=reported)
    errors = residuals_at(model, model_rows(model, table, conditions_of(table, None)), fitted.values)[:, :3]
    if reported.along_target:
        assert table.rotation is not None
        return np.asarray(np.einsum("nij,nj->ni", table.rotation, errors))
    return errors
