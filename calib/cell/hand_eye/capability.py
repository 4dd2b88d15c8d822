"""What a camera on or beside a robot is good for: how far its frame is from where it is taken to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.need import Capability, radius_95

if TYPE_CHECKING:
    from calib.cell.hand_eye.place import CameraPlace


def capability_of(place: CameraPlace) -> Capability:
    """Of the camera's position, in mm, and of its orientation, in deg; points that the camera sees follow from both."""
    outward = place.mount_from_camera[:3, :3]
    own = np.kron(np.eye(2), outward.T)  # from the mount's axes to the camera's
    position, turn = (radius_95(place.covariance[part, part], place.freedom) for part in (slice(3), slice(3, 6)))
    sizes = {"mm": 1000 * position, "deg": float(np.degrees(turn))}
    of = {"mm": f"the camera's position on the {place.mount}", "deg": "its orientation"}
    with np.errstate(invalid="ignore"):
        return Capability(sizes, of, "camera", own @ place.covariance @ own.T, place.freedom)
