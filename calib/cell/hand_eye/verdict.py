"""Is the camera's place known well enough, and if not, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from calib.cell.hand_eye.calibrate import HandEye

Grade = Literal["good", "usable", "do not use"]
GRADES: tuple[Grade, ...] = ("good", "usable", "do not use")  # from best to worst

# Half widths of 95 % intervals. Picking and placing wants a millimetre, which 0.1 deg are at 0.6 m; nothing that a
# camera guides gets along with ten times that.
GOOD_M, GOOD_RAD = 1e-3, np.deg2rad(0.1)
WORST_M, WORST_RAD = 1e-2, np.deg2rad(1.0)
USUAL_M, USUAL_RAD = 1e-3, np.deg2rad(0.15)  # noise of arms out of the box, as measured by trackers
FEWEST_IMAGES = 10
LEAST_TURN_DEG = 10.0  # rms about the second axis; views tilted by 20 to 40 deg have 15 to 30
MOST_LEFT_OUT = 0.15
GOOD_RMS_PX = 1.0


@dataclass(frozen=True)
class Verdict:
    """A grade, the reason for it in one sentence, and what to do next, most useful first."""

    grade: Grade
    reason: str
    advice: tuple[str, ...]


def judge(calibration: HandEye) -> Verdict:
    """Grade a hand-eye calibration by its intervals and by what its residuals still show."""
    advice = _advice(calibration)
    far, turn = float(np.max(calibration.interval_m)), float(np.max(calibration.interval_rad))
    known = f"the camera's place is known to {1000 * far:.2g} mm and {np.degrees(turn):.2g} deg (95 %)"
    if unseen := calibration.solution.uncertainty.unobservable:
        return Verdict("do not use", f"the data cannot see every unknown: {unseen[0]}", advice)
    if not (far <= WORST_M and turn <= WORST_RAD):
        return Verdict("do not use", known, advice)
    if calibration.noise.at_bound:
        return Verdict(
            "do not use", "the robot's poses are worse than any robot's: they belong to other images", advice
        )
    if far > GOOD_M or turn > GOOD_RAD:
        return Verdict("usable", known, advice or ("take the poses named below as well",))
    return Verdict("usable", f"{known}, but see below", advice) if advice else Verdict("good", known, ())


def _advice(h: HandEye) -> tuple[str, ...]:
    found = []
    left_out = len(h.images) - len(h.used)
    if h.scale.deviates:
        found.append(
            f"the robot's lengths ask for a board {h.scale.ratio:.4f} ± {h.scale.sigma:.4f} times as large: measure it"
        )
    if len(h.used) < FEWEST_IMAGES:
        found.append(f"only {len(h.used)} images: take at least {FEWEST_IMAGES}, better 20")
    if h.turns.rms_deg[1] < LEAST_TURN_DEG:
        found.append(
            f"the flange turns by {h.turns.rms_deg[1]:.0f} deg rms about its second axis: turn it by 30 about two"
        )
    if left_out > MOST_LEFT_OUT * len(h.images):
        found.append(f"{left_out} of {len(h.images)} images do not fit: check which pose belongs to which image")
    if h.noise.sigma_m > USUAL_M or h.noise.sigma_rad > USUAL_RAD:
        size = f"{1000 * h.noise.sigma_m:.2g} mm and {np.degrees(h.noise.sigma_rad):.2g} deg"
        hint = "" if h.lens_estimated else "; or the lens is not this camera's: try --refine lens"
        found.append(f"the robot's poses are off by {size}: wait until it stands still, or calibrate the arm{hint}")
    if h.rms_px > GOOD_RMS_PX:
        bent = "" if h.bow_m is not None else "; if the board may be bent, --refine board"
        found.append(f"corners are off by {h.rms_px:.2f} px: check focus, motion and the lens{bent}")
    return tuple(found)
