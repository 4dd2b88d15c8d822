"""An arm identified from images of a board: its set-up found, its conventions checked, its lens estimated with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from calib.camera.lens_choice.choose_lens import AUTO, require_lens
from calib.cell.arms.image_measurement import ArmViews, best_setup, require_refinable_with_arm, views_of_arm
from calib.cell.arms.joint_lens import ArmFromImages, identify_in_view
from calib.cell.frame_loop import SETUPS, Setup, require_setup
from calib.errors import InputError
from calib.formats.arm_reader import load_any_arm
from calib.robot.arm.serial_arm import SerialArm
from calib.robot.arm_model import Arm
from calib.robot.calibration import identify
from calib.robot.conventions.find_arm import ArmSearch, find_arm
from calib.robot.identification.request import Request
from calib.robot.resolve import ConventionPolicy, resolve_arm
from calib.robot.table.holdout import HOLDOUT, Split

if TYPE_CHECKING:
    from collections.abc import Callable

    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.engine import OnIteration
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.robot.table.pose_table import PoseTable


class ArmOptions(TypedDict, total=False):
    """Options that `calibrate_arm_from_images` hands on to the identification; as of `calib.robot.calibrate`."""

    model: str
    fix: Sequence[str]
    free: Sequence[str]
    tolerance: tuple[float, float] | None
    holdout: float | None
    holdout_by: str | None
    train_rows: int | None
    fix_conventions: bool
    global_start: bool
    robust: bool
    seed: int
    on_iteration: OnIteration | None
    on_progress: Callable[[int, int], object] | None


@dataclass(frozen=True)
class ArmRequest:
    """`ArmOptions` with defaults."""

    model: str = "geometry"
    fix: Sequence[str] = ()
    free: Sequence[str] = ()
    tolerance: tuple[float, float] | None = None
    holdout: float | None = None
    holdout_by: str | None = None
    train_rows: int | None = None
    fix_conventions: bool = False
    global_start: bool = False
    robust: bool = True
    seed: int = 0
    on_iteration: OnIteration | None = None
    on_progress: Callable[[int, int], object] | None = None

    @property
    def identification(self) -> Request:
        """What is to be identified."""
        return Request(
            self.model, tuple(self.fix), tuple(self.free), self.tolerance, robust=self.robust, seed=self.seed
        )

    @property
    def split(self) -> Split:
        """Which rows are held out."""
        return Split(HOLDOUT if self.holdout is None else self.holdout, self.holdout_by, self.train_rows)

    @property
    def conventions(self) -> ConventionPolicy:
        """What may be changed of arm and table."""
        return ConventionPolicy("pose", self.fix_conventions, self.global_start, self.seed, self.on_progress)


@dataclass(frozen=True, eq=False)
class ArmAndSetup:
    """The arm given or found, and which end of it carries the camera."""

    arm: Arm

    setup: Setup

    notes: tuple[str, ...]
    """How both were found."""


def calibrate_arm_from_images(
    observations: Observations,
    table: PoseTable,
    arm: Arm | SerialArm | str | Path | None = None,
    *,
    camera: Camera | None = None,
    lens: str = AUTO,
    refine: Sequence[str] = (),
    setup: Setup | None = None,
    **options: Unpack[ArmOptions],
) -> ArmFromImages:
    """Identify an arm from images of a board; everything that `calib robot` does with images.

    observations: the corners. table: joint values, a row per image. arm: itself, a shipped name or a file; None: the
    shipped arm that fits. camera: its lens; None: one of kind `lens` is calibrated from the same images and estimated
    anew with the arm. refine: `lens`, to have a given one estimated so. setup: eye-in-hand or eye-to-hand; None: the
    one that fits better.

    Raises UsageError for unknown names, `board-size-needed`; InputError `pairing-...`, `conventions`,
    `arm-does-not-fit`, `no-arm-fits`; DegenerateError `too-few-poses`, `poses-degenerate`; ConvergenceError
    `arm-not-converged`, `lens-not-settled`, `board-poses`.
    """
    require_lens(lens)  # a misspelt name is found before the long work
    require_refinable_with_arm(refine)
    request = ArmRequest(**options)
    views = views_of_arm(observations, table, camera, lens, request.robust, refine)
    chosen = find_arm_and_setup(views, arm, setup, request.seed)
    resolved = resolve_arm(views.table(chosen.setup), chosen.arm, request.identification, request.conventions)
    identify_arm = partial(
        identify,
        resolved.arm,
        request=request.identification,
        split=request.split,
        notes=(*chosen.notes, *views.notes, *resolved.notes),
        on_iteration=request.on_iteration,
        begin=resolved.start,
    )
    found = identify_in_view(views, chosen.setup, resolved.table, identify_arm)
    remark = _prediction_error(found.calibration, found.views, chosen.setup)
    return replace(found, calibration=replace(found.calibration, notes=(remark, *found.calibration.notes)))


def find_arm_and_setup(
    views: ArmViews, arm: Arm | SerialArm | str | Path | None, setup: Setup | None, seed: int = 0
) -> ArmAndSetup:
    """The arm given, else the shipped one that fits; the set-up given, else the one that fits better.

    Raises UsageError `unknown-setup`, and as `load_any_arm`; InputError `no-arm-fits`.
    """
    asked = None if setup is None else require_setup(setup)
    if arm is None:
        return _search_arm(views, asked, seed)
    given = as_arm(arm)
    if asked is not None:
        return ArmAndSetup(given, asked, ())
    chosen, remark = best_setup(views, given.geometry)
    return ArmAndSetup(given, chosen, (remark,))


def as_arm(arm: Arm | SerialArm | str | Path) -> Arm:
    """The arm itself, one of that geometry alone, or the one of that shipped name or file. Raises as `load_any_arm`."""
    if isinstance(arm, str | Path):
        return load_any_arm(arm)
    return Arm(arm) if isinstance(arm, SerialArm) else arm


def _search_arm(views: ArmViews, asked: Setup | None, seed: int) -> ArmAndSetup:
    searches: dict[Setup, ArmSearch] = {}
    setups = (asked,) if asked else SETUPS
    for setup in setups:
        try:
            searches[setup] = find_arm(views.table(setup), "pose", seed=seed)
        except InputError:  # no arm fits that way round
            if setup == setups[-1] and not searches:
                raise
    best = min(searches, key=lambda setup: searches[setup].candidates[0].residual.size)
    return ArmAndSetup(Arm(searches[best].arm), best, (f"arm found by its fit, {best}: {searches[best]}",))


def _prediction_error(calibration: ArmCalibration, views: ArmViews, setup: Setup) -> str:
    """How far corners in images not fitted are from the arm's prediction."""
    heldout = calibration.evaluation.heldout
    judged = heldout or calibration.evaluation.fitted
    world, target = (
        calibration.frames[name].reshape(-1, 4, 4)[0] for name in ("world_from_base", "flange_from_target")
    )
    predictions = world @ calibration.arm.base_from_flange(judged.table.joints) @ target
    px = views.prediction_px(setup, predictions, np.asarray(judged.table.pose))
    part = "held out" if heldout else "fitted"
    return f"corners in {len(predictions)} {part} images are {px:.2f} px rms from the arm's prediction"
