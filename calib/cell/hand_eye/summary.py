"""A hand-eye calibration in at most 30 lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.cell.hand_eye.documents import publisher
from calib.cell.hand_eye.next_poses import next_poses
from calib.geometry import so3

if TYPE_CHECKING:
    from calib.cell.hand_eye.calibrate import HandEye, TimeOffset
    from calib.cell.hand_eye.verdict import Verdict

MOST_NAMED = 4  # images named before "and n more"
WIDTH = 118


def summary(h: HandEye, verdict: Verdict, output: str) -> str:
    """The terminal summary: what was used, the camera's place with intervals, what is left, a verdict, what is next."""
    lines = [f"{len(h.used)} of {len(h.images) + len(h.set_aside)} images; {h.setup}, camera on the {h.mount}"]
    if h.other_start is not None:
        lines.append(f"set-up found by its residual: {h.start}, the other one {h.other_start}")
        lines.append("  (inverted poses look like the other set-up: say --setup to have them told apart)")
    lines += [f"read differently: {finding}" for finding in h.findings]
    lines += list(h.notes[:3])
    if h.time_offset is not None:
        lines.append(_clock(h.time_offset))
    lines += left_out(h)
    lines += ["", *place(h), ""]
    lines.append(
        f"rms {h.rms_px:.4f} px with the robot's poses corrected, {h.robot_rms_px:.3f} px with them as read; "
        f"corners {h.noise_px:.3f} px"
    )
    source = "estimated" if h.noise.estimated else "as given"
    worst = max(h.used, key=lambda fit: fit.sigmas)
    lines.append(
        f"robot's noise ({source}): {1000 * h.noise.sigma_m:.3g} mm, {np.degrees(h.noise.sigma_rad):.3g} deg per axis; "
        f"worst image {worst.image}: {1000 * worst.off_m:.3g} mm, {np.degrees(worst.off_rad):.3g} deg"
    )
    lines.append(
        "flange turns by " + ", ".join(f"{turn:.0f}" for turn in h.turns.rms_deg) + " deg rms about three axes; "
        f"board size by the robot: {h.scale.ratio:.4f} ± {h.scale.sigma:.4f} of the size used"
    )
    if h.bow_m is not None:
        lines.append(f"the board's surface is {1000 * h.bow_m:.2f} mm high")
    lines = [cut(line) for line in lines]
    lines.append(publisher(h))
    lines.append(f"written: {output}")
    lines.append(cut(f"verdict: {verdict.grade}: {verdict.reason}"))
    lines += [cut(f"next: {text}") for text in verdict.advice[:3]]
    lines += _next(h)
    return "\n".join(lines)


def left_out(h: HandEye) -> list[str]:
    """Images that took no part, and why."""
    lines = []
    if h.set_aside:
        lines.append("set aside: " + _named([f"{a.image} ({a.reason})" for a in h.set_aside]))
    if wrong := [f"{fit.image} ({fit.reason})" for fit in h.images if fit.reason]:
        lines.append(f"{len(wrong)} images left out: " + _named(wrong))
    return lines


def place(h: HandEye) -> list[str]:
    """Position and turn with intervals, and the quaternion."""
    position, far = 1000 * h.mount_from_camera[:3, 3], 1000 * h.interval_m
    vector, turn = np.degrees(so3.log(h.mount_from_camera[:3, :3])), np.degrees(h.interval_rad)
    lines = [f"  camera_in_{h.mount}              95 % intervals, along and about the axes of the {h.mount}"]
    for axis, value, half, angle, wide in zip("xyz", position, far, vector, turn, strict=True):
        lines.append(f"  {axis} {value:12.3f} ± {half:.3f} mm      r{axis} {angle:10.4f} ± {wide:.4f} deg")
    numbers = ", ".join(f"{value:.8f}" for value in so3.quaternion_xyzw(h.mount_from_camera[:3, :3]))
    return [*lines, f"  quaternion xyzw {numbers}"]


def _clock(t: TimeOffset) -> str:
    """What the robot's clock shows more than the camera's."""
    if t.held:
        return t.held
    speed = f"flange at {t.speed_m_s:.2g} m/s and {np.degrees(t.speed_rad_s):.2g} deg/s rms"
    value = f"{1000 * t.value_s:.2f} ± {1000 * t.interval_s:.2f} ms (95 %)"
    return f"time offset {value}, added to an image's time to find its pose; {speed}"


def _next(h: HandEye) -> list[str]:
    """The three poses that would help most."""
    lines = ["three more poses that would help most, if the arm can reach them (flange in base):"]
    for pose in next_poses(h):
        x, y, z = 1000 * pose.base_from_flange[:3, 3]
        a, b, c = np.degrees(so3.log(pose.base_from_flange[:3, :3]))
        known = f"-> {1000 * pose.interval_m:.2g} mm, {np.degrees(pose.interval_rad):.2g} deg"
        lines.append(f"  x {x:.0f} y {y:.0f} z {z:.0f} mm, rotation vector {a:.0f} {b:.0f} {c:.0f} deg  {known}")
    return lines


def _named(items: list[str]) -> str:
    rest = f", and {len(items) - MOST_NAMED} more" if len(items) > MOST_NAMED else ""
    return ", ".join(items[:MOST_NAMED]) + rest


def cut(text: str) -> str:
    """A line no wider than a terminal."""
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."
