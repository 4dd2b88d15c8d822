"""Several cameras with one robot in a screenful."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.cell.hand_eye.summary import noise_words, place_lines, rejected_lines, size_words
from calib.geometry import so3
from calib.text import cut, wrap

if TYPE_CHECKING:
    from calib.cell.hand_eye.result import HandEyeCalibration
    from calib.cell.rig.result import CamerasCalibration, RelativePose


def summary(c: CamerasCalibration) -> str:
    """The terminal summary: every camera's pose with intervals, camera in camera, and a verdict."""
    place = c.together[0].place
    lines = [
        f"{len(c.together)} cameras on the {place.mount} ({c.setup}), one board on the {place.fixture}; "
        f"{c.poses} poses of the robot, {c.shared} of them seen by several"
    ]
    for together, alone in zip(c.together, c.alone, strict=True):
        lines += ["", *_camera(together, alone)]
    lines += ["", *(line for pair in c.relative for line in _relative(pair))]
    scale, height_m = c.together[0].evidence.board_scale, c.together[0].evidence.board_height_m
    lines.append(
        f"board size by the robot: {scale.ratio:.4f} ± {scale.sigma:.4f} of the size given; {size_words(scale)}"
    )
    if height_m is not None:
        lines.append(f"height of the board's surface: {1000 * height_m:.2f} mm")
    lines.append(f"robot noise {noise_words(c.noise)}; one correction per pose, whichever cameras saw it")
    lines = [wrap(line) if line.startswith("board size") else cut(line) for line in lines]
    return "\n".join([*lines, *map(wrap, c.verdict.lines(0))])  # advice stands beside each camera


def _camera(together: HandEyeCalibration, alone: HandEyeCalibration) -> list[str]:
    images = len(together.images) + len(together.excluded)
    far, turn = 1000 * alone.place.half_width_95_m.max(), np.degrees(alone.place.half_width_95_rad.max())
    return [
        f"{together.place.camera}: {len(together.used)} of {images} images",
        *(f"  convention applied: {each}" for each in together.evidence.conventions_applied),
        *(f"  {note}" for note in together.notes[:2]),
        *(f"  {line}" for line in rejected_lines(together)),
        *place_lines(together.place),
        f"  rms {together.rms_px:.4f} px; by its own images alone known to {far:.2g} mm and {turn:.2g} deg (95 %)",
        *(f"  next: {text}" for text in together.verdict.advice[:2]),
    ]


def _relative(pair: RelativePose) -> list[str]:
    """One camera in another, with the larger half width of the intervals."""
    x, y, z = 1000 * pair.a_from_b[:3, 3]
    a, b, c = np.degrees(so3.log(pair.a_from_b[:3, :3]))
    far, turn = 1000 * pair.half_width_95_m.max(), np.degrees(pair.half_width_95_rad.max())
    return [
        f"{pair.b} in {pair.a}: x {x:.3f} y {y:.3f} z {z:.3f} mm, known to {far:.2g} mm (95 %)",
        f"  rotation vector {a:.4f} {b:.4f} {c:.4f} deg, known to {turn:.2g} deg",
    ]
