"""Whether a camera's pose is known well enough, and if not, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.verdict import Verdict

if TYPE_CHECKING:
    from calib.cell.hand_eye.result import HandEyeCalibration

# Half widths of 95 % intervals. Picking and placing requires a millimetre, which 0.1 deg are at 0.6 m; ten times that
# is too much for anything that a camera guides.
GOOD_M, GOOD_RAD = 1e-3, np.deg2rad(0.1)
WORST_M, WORST_RAD = 1e-2, np.deg2rad(1.0)
USUAL_M, USUAL_RAD = 1e-3, np.deg2rad(0.15)  # noise of arms out of the box, as measured by trackers
FEWEST_IMAGES = 10
LEAST_TURN_DEG = 10.0  # rms about the second axis; views tilted by 20 to 40 deg have 15 to 30
MOST_REJECTED = 0.15  # share of the images
GOOD_RMS_PX = 1.0
# A focal length that is off by a share makes every board seem as much larger or smaller.
ANOTHER_LENS = "; or the lens is that of another camera: try --refine lens"


def judge(h: HandEyeCalibration) -> Verdict:
    """Grade a hand-eye calibration by its intervals and by its residuals."""
    advice = _advice(h)
    far, turn = float(np.max(h.place.half_width_95_m)), float(np.max(h.place.half_width_95_rad))
    known = f"the camera's pose is known to {1000 * far:.2g} mm and {np.degrees(turn):.2g} deg (95 %)"
    if unobservable := h.adjustment.solution.uncertainty.unobservable:
        return Verdict("do not use", f"not all parameters are observable: {unobservable[0]}", advice)
    if open_position := h.open_position:
        reason = f"{open_position} is not observable, for the robot does not turn enough; its orientation is known"
        return Verdict("do not use", f"{reason} to {np.degrees(turn):.2g} deg (95 %)", advice)
    if not (far <= WORST_M and turn <= WORST_RAD):
        return Verdict("do not use", known, advice, imprecise=True)
    if h.noise.robot.at_bound:
        reason = "the robot's poses are implausibly noisy: poses and images are probably mismatched"
        return Verdict("do not use", reason, advice)
    if far > GOOD_M or turn > GOOD_RAD:
        return Verdict("usable", known, advice or ("take the poses named below as well",))
    return Verdict("usable", f"{known}, but see below", advice) if advice else Verdict("good", known)


def _advice(h: HandEyeCalibration) -> tuple[str, ...]:
    return tuple(text for text in (*_of_poses(h), *_of_noise(h)) if text)


def _of_poses(h: HandEyeCalibration) -> tuple[str, ...]:
    """On the board's size, on the number of images and on how they were taken; empty where all is well."""
    scale, turn_deg = h.evidence.board_scale, float(h.evidence.turns.rms_deg[1])
    rejected = len(h.images) - len(h.used)
    size = f"the robot's lengths require a board {scale.ratio:.4f} ± {scale.sigma:.4f} times as large: measure it"
    size += "" if h.lens_estimated or h.poses_given else ANOTHER_LENS
    verdict = None if (lens := h.adjustment.scene.sight.known_lens) is None else lens.verdict
    unsound = 'the verdict on the camera given is "do not use": calibrate it anew, or try --refine lens'
    few = f"only {len(h.used)} images: take at least {FEWEST_IMAGES}, better 20"
    hold, few_axes = h.adjustment.scene.hold, len(h.evidence.turns.open) > 0
    missing = () if hold is None else hold.missing
    stated = ",".join(f"{axis}=100mm" for axis in missing)
    state = f"measure it on the robot and state it, as --hold {stated}, or turn the flange about two axes"
    flat = f"the flange turns by {turn_deg:.0f} deg rms about its second axis: turn it by 30 about two"
    wrong = f"{rejected} of {len(h.images)} images are outliers: check which pose belongs to which image"
    return (
        unsound if verdict == "do not use" else "",
        size if scale.deviates else "",
        few if len(h.used) < FEWEST_IMAGES else "",
        state if missing else "",
        flat if turn_deg < LEAST_TURN_DEG and not few_axes else "",
        wrong if rejected > MOST_REJECTED * len(h.images) else "",
    )


def _of_noise(h: HandEyeCalibration) -> tuple[str, ...]:
    """On the noise of the robot and of the corners; empty where all is well."""
    robot = h.noise.robot
    size = f"{1000 * robot.sigma_m:.2g} mm and {np.degrees(robot.sigma_rad):.2g} deg"
    hint = "" if h.lens_estimated else "; or the lens is not this camera's: try --refine lens"
    if h.poses_given:
        hint = "; or the board's poses are noisy: state what is known, --board-noise 1mm,0.5deg, or give the images"
    noisy = f"robot noise is {size}: wait until the robot has come to rest, or calibrate the arm{hint}"
    blurred = f"rms reprojection error is {h.rms_px:.2f} px: check focus, motion and the lens"
    return (
        noisy if robot.sigma_m > USUAL_M or robot.sigma_rad > USUAL_RAD else "",
        blurred if h.rms_px > GOOD_RMS_PX else "",
    )
