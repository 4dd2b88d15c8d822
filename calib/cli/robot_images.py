"""The part of `calib robot` that looks at images: which arm, which end of it carries the camera, what was seen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from calib.errors import InputError

if TYPE_CHECKING:
    from calib.cell.arms.image_measurement import ArmViews
    from calib.cell.arms.joint_lens import LensOfArm
    from calib.cell.hand_eye.frame_loop import Setup
    from calib.robot.arm_model import Arm
    from calib.robot.conventions.find_arm import ArmSearch
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.robot.identification.request import Request
    from calib.robot.resolve import ConventionPolicy
    from calib.robot.table.holdout import Split


def arm_and_setup(views: ArmViews, arm: str | None, setup: str | None, seed: int) -> tuple[Arm, Setup, tuple[str, ...]]:
    """The arm of that name or file, else the shipped one that fits; the set-up given, else the one that fits better."""
    from calib.cell.arms.image_measurement import best_setup
    from calib.cell.hand_eye.frame_loop import SETUPS, read_setup
    from calib.robot.arm_file import load_arm
    from calib.robot.arm_model import Arm
    from calib.robot.conventions.find_arm import find_arm

    asked = read_setup(setup) if setup is not None else None
    if arm is not None:
        nominal = load_arm(arm)
        if asked is not None:
            return nominal, asked, views.notes
        chosen, remark = best_setup(views, nominal.geometry)
        return nominal, chosen, (remark, *views.notes)
    searches: dict[Setup, ArmSearch] = {}
    for each in [asked] if asked else SETUPS:
        try:
            searches[each] = find_arm(views.table(each), "pose", seed=seed)
        except InputError:  # no arm fits that way round
            if each == (asked or SETUPS[-1]) and not searches:
                raise
    chosen = min(searches, key=lambda each: searches[each].candidates[0].residual.size)
    remark = f"no arm was named; the one that fits, {chosen}: {searches[chosen]}"
    return Arm(searches[chosen].arm), chosen, (remark, *views.notes)


def from_images(
    views: ArmViews, arm: str | None, setup: str | None, request: Request, split: Split, policy: ConventionPolicy
) -> tuple[ArmCalibration, LensOfArm | None]:
    """The arm with a remark on how far corners are from its prediction, and the lens if it is estimated too. See
    `identify_in_view`."""
    from calib.cell.arms.joint_lens import identify_in_view
    from calib.robot.calibration import identify
    from calib.robot.resolve import resolve_arm

    nominal, side, notes = arm_and_setup(views, arm, setup, request.seed)
    resolved = resolve_arm(views.table(side), nominal, request, policy)
    remarks = (*notes, *resolved.notes)
    identified = partial(identify, resolved.arm, request=request, split=split, notes=remarks)
    found = identify_in_view(views, side, resolved.table, identified)
    remark = _prediction(found.calibration, found.views, side)
    return replace(found.calibration, notes=(remark, *found.calibration.notes)), found.lens


def _prediction(calibration: ArmCalibration, views: ArmViews, setup: Setup) -> str:
    """How far corners in images not fitted are from where the arm says."""
    import numpy as np

    judged = calibration.evaluation.heldout or calibration.evaluation.fitted
    world, target = (
        calibration.frames[name].reshape(-1, 4, 4)[0] for name in ("world_from_base", "flange_from_target")
    )
    said = world @ calibration.arm.base_from_flange(judged.table.joints) @ target
    px = views.prediction_px(setup, said, np.asarray(judged.table.pose))
    part = "not fitted" if calibration.evaluation.heldout else "fitted"
    return f"corners in {len(said)} images {part} are {px:.2f} px rms from where the arm says they should be"
