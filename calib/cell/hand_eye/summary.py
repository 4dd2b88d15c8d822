"""A hand-eye calibration in at most 30 lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.cell.frame_loop import other_setup
from calib.cell.hand_eye.documents import publisher
from calib.geometry import so3
from calib.text import WIDTH, first_few, with_sigma, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calib.cell.adjustment.variance_components import RobotNoise
    from calib.cell.hand_eye.board_scale import BoardScale
    from calib.cell.hand_eye.place import CameraPlace
    from calib.cell.hand_eye.result import HandEyeCalibration, TimeOffset
    from calib.estimate import Estimate


def summary(h: HandEyeCalibration) -> str:
    """The terminal summary: images used, the camera's pose with intervals, residuals, verdict, next steps."""
    verdict = h.verdict
    lines = [
        *_inputs(h),
        *h.notes,
        *([] if h.time_offset is None else [_clock(h.time_offset)]),
        *rejected_lines(h),
        "",
        *place_lines(h.place),
        "",
        *_residuals(h),
        *_evidence(h),
    ]
    lines = [wrap(line) if len(line) > WIDTH else line for line in lines]
    lines.append(publisher(h.place))  # to be copied whole
    lines += verdict.lines(len(verdict.advice))  # which carry the answer
    return "\n".join([*lines, *_next(h)])


def rejected_lines(h: HandEyeCalibration) -> list[str]:
    """Images that took no part, and why."""
    lines = []
    if h.excluded:
        lines.append("excluded: " + first_few([f"{each.image} ({each.reason})" for each in h.excluded]))
    if outliers := [f"{fit.image} ({fit.reason})" for fit in h.images if fit.reason]:
        lines.append(f"rejected {len(outliers)} outlier images: " + first_few(outliers))
    return lines


def place_lines(place: CameraPlace) -> list[str]:
    """Position and rotation vector with standard deviations and intervals, and the quaternion."""
    estimates = list(place.camera_estimates.values())
    lines = [f"  {place.mount}_from_camera"]
    for axis, position, turn in zip("xyz", estimates[:3], estimates[3:], strict=True):
        left = _with_interval(position, 1000.0, "mm", 3)
        right = _with_interval(turn, float(np.degrees(1.0)), "deg", 4)
        lines.append(f"  {axis} {left:<48}r{axis} {right}")
    numbers = ", ".join(f"{value:.8f}" for value in so3.quaternion_xyzw(place.mount_from_camera[:3, :3]))
    return [*lines, f"  quaternion xyzw {numbers}"]


def noise_words(noise: RobotNoise) -> str:
    """Standard deviations per axis, and where they come from."""
    source = "estimated" if noise.estimated else "as given"
    return f"({source}): {1000 * noise.sigma_m:.3g} mm, {np.degrees(noise.sigma_rad):.3g} deg per axis"


def board_noise_words(noise: RobotNoise) -> str:
    """The same of board poses that are given."""
    turn = f"{np.degrees(noise.board_rad):.3g} deg per axis"
    if not noise.of_board:
        return f"of the board's poses (as given): {1000 * noise.board_m:.3g} mm, {turn}"
    if noise.board_m:
        return f"of the board's poses (estimated): {1000 * noise.board_m:.3g} mm, {turn}"
    return f"of the board's turns (estimated): {turn}; noise of its position counts as the robot's"


def _inputs(h: HandEyeCalibration) -> list[str]:
    evidence, images = h.evidence, len(h.images) + len(h.excluded)
    kind = "board poses" if h.poses_given else "images"
    lines = [f"{len(h.used)} of {images} {kind}; {h.setup}, camera on the {h.place.mount}"]
    if evidence.other_start is not None:
        other = f"{other_setup(h.place.setup)} {evidence.other_start}"
        lines.append(f"set-up: {h.setup} (median closed-form error {evidence.start}; {other})")
        lines.append("  (inverted poses look like the other set-up: state --setup to have them distinguished)")
    return lines + [f"convention applied: {each}" for each in evidence.conventions_applied]


def _residuals(h: HandEyeCalibration) -> list[str]:
    worst = max(h.used, key=lambda fit: fit.distance)
    correction = f"{1000 * worst.correction_m:.3g} mm, {np.degrees(worst.correction_rad):.3g} deg"
    if h.poses_given:
        words = f"robot noise {noise_words(h.noise.robot)}; {board_noise_words(h.noise.robot)}"
        return [words, f"worst pose {worst.image}: {correction} off"]
    assert h.noise.corner_px is not None
    return [
        f"rms {h.rms_px:.4f} px with the robot's poses corrected, {h.uncorrected_rms_px:.3f} px uncorrected; "
        f"corner noise {h.noise.corner_px:.3f} px",
        f"robot noise {noise_words(h.noise.robot)}; worst image {worst.image}: {correction}",
    ]


def _evidence(h: HandEyeCalibration) -> list[str]:
    evidence, scale = h.evidence, h.evidence.board_scale
    turns = ", ".join(f"{turn:.0f}" for turn in evidence.turns.rms_deg)
    lines = [
        f"flange turns by {turns} deg rms about three axes; "
        f"board size by the robot: {scale.ratio:.4f} ± {scale.sigma:.4f} of the size given",
        size_words(scale),
    ]
    if evidence.board_height_m is not None:
        lines.append(f"height of the board's surface: {1000 * evidence.board_height_m:.2f} mm")
    return lines


def size_words(scale: BoardScale) -> str:
    """By which size the camera's position was found."""
    given = f"the size given, known to {100 * scale.size_sigma:.2g} % (--square-sigma)"
    if not scale.size_sigma:
        return "the size given is taken as exact"
    if scale.deviates:
        return f"which contradicts {given}: the robot's lengths were used"
    if scale.unseen:
        return f"the poses hardly determine the size: {given}, counts"
    return f"used: {scale.estimated:.4f}, by the robot and {given}"


def _with_interval(estimate: Estimate, scale: float, unit: str, digits: int) -> str:
    value, sigma = scale * estimate.value, scale * estimate.sigma
    if not estimate.observable:
        return f"{value:11.{digits}f} {unit}, not observable"
    return f"{with_sigma(value, sigma, 11)} {unit} {interval_words(estimate, scale, sigma)}"


def interval_words(estimate: Estimate, scale: float, sigma: float) -> str:
    """`[low, high] 95 %`, to the second significant digit of the standard deviation."""
    low, high = (with_sigma(scale * end, sigma).split(" ± ")[0] for end in estimate.interval_95)
    return f"[{low}, {high}] 95 %"


def _clock(offset: TimeOffset) -> str:
    """By which the robot's clock is ahead of the camera's."""
    if offset.held:
        return offset.held
    speed = f"flange at {offset.speed_m_s:.2g} m/s and {np.degrees(offset.speed_rad_s):.2g} deg/s rms"
    sigma = 1000 * offset.estimate.sigma
    value = f"{with_sigma(1000 * offset.estimate.value, sigma)} ms {interval_words(offset.estimate, 1000.0, sigma)}"
    return f"time offset {value}, added to an image's time to find its pose; {speed}"


def _next(h: HandEyeCalibration) -> Sequence[str]:
    """The three poses that would help most."""
    if not h.next_poses:
        return []
    lines = ["three more poses that reduce the uncertainty most (flange in base; check that the arm can reach them):"]
    for pose in h.next_poses:
        x, y, z = 1000 * pose.base_from_flange[:3, 3]
        a, b, c = np.degrees(so3.log(pose.base_from_flange[:3, :3]))
        known = f"-> {1000 * pose.half_width_95_m:.2g} mm, {np.degrees(pose.half_width_95_rad):.2g} deg"
        lines.append(f"  x {x:.0f} y {y:.0f} z {z:.0f} mm, rotation vector {a:.0f} {b:.0f} {c:.0f} deg  {known}")
    return lines
