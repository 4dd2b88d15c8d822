"""Several cameras as a page: where they are to each other, and what is left in the images of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3
from calib.report.page import Figure, Report, Section, Table
from calib.report.parameters import parameter_table
from calib.report.scene import axes_of, draw_scene

if TYPE_CHECKING:
    from calib.cell.rig.result import CamerasCalibration

LEAST_AXES_M = 0.02  # of a camera in the picture, where all are at one place


def report(cameras: CamerasCalibration) -> Report:
    """The page's content."""
    facts = [("cameras", ", ".join(cameras.names)), ("poses of the robot", str(cameras.poses))]
    for pair in cameras.relative:
        length, turn = 1000 * pair.half_width_95_m.max(), np.degrees(pair.half_width_95_rad.max())
        facts.append((f"{pair.b} in {pair.a} known to (95 %)", f"{length:.2g} mm, {turn:.2g} deg"))
    return Report(
        f"{len(cameras.names)} cameras, {cameras.setup}",
        facts,
        [
            Section("The cameras", [_scene(cameras), _residuals(cameras)]),
            Section("Parameters", [parameter_table("Poses and lenses", cameras.parameters.values())]),
        ],
    )


def _scene(cameras: CamerasCalibration) -> Figure:
    """Every camera in the first one's frame."""
    first, *others = (h.mount_from_camera for h in cameras.together)
    places = [np.eye(4), *(se3.inverse(first) @ pose for pose in others)]
    size = max(0.3 * max(float(np.linalg.norm(place[:3, 3])) for place in places), LEAST_AXES_M)
    paths = [axis for name, place in zip(cameras.names, places, strict=True) for axis in axes_of(place, size, name)]
    drawn = draw_scene(paths, "The cameras", f"{', '.join(cameras.names)}, seen together.")
    return Figure("The cameras.", drawn, "x red, y green, z, the optical axis, blue. Drag to turn.")


def _residuals(cameras: CamerasCalibration) -> Table:
    rows = [
        (h.place.camera, f"{len(h.used)} of {len(h.images) + len(h.excluded)}", f"{h.rms_px:.3f}", str(h.verdict))
        for h in cameras.together
    ]
    return Table("Cameras", ("camera", "images used", "rms (px)", "verdict"), rows)
