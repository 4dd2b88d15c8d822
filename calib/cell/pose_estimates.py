"""A pose as six estimates, and as plain data in the notations that controllers and ROS take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.documents import finite
from calib.engine.label import Label
from calib.estimate import Estimate
from calib.geometry import so3

POSITION = tuple(Label(axis, "m") for axis in "xyz")
ROTATION = tuple(Label(f"r{axis}", "rad") for axis in "xyz")  # components of the rotation vector


def pose_estimates(owner: str, pose: Array, covariance: Array, freedom: float, member: str = "") -> dict[str, Estimate]:
    """Position and rotation vector of a pose `parent_from_child` (4, 4), by label `owner[member].x_m` to `rz_rad`.

    covariance: (6, 6), metres along the parent's axes, then radians about them: R becomes exp(d) R. freedom: the
    degrees of freedom that it was measured with.
    """
    vector = so3.log(pose[:3, :3])
    by_turn = so3.left_jacobian_inverse(vector)  # of the rotation vector by d
    variances = np.concatenate([np.diagonal(covariance)[:3], np.diagonal(by_turn @ covariance[3:, 3:] @ by_turn.T)])
    sigmas = np.where(np.isfinite(variances), np.sqrt(np.maximum(np.nan_to_num(variances), 0.0)), np.inf)
    labels = [label.of(owner, member) for label in (*POSITION, *ROTATION)]
    values = [*pose[:3, 3].tolist(), *vector.tolist()]
    return {
        label: Estimate(label, value, sigma, degrees_of_freedom=freedom)
        for label, value, sigma in zip(labels, values, sigmas.tolist(), strict=True)
    }


def pose_document(pose: Array, estimates: Mapping[str, Estimate] | None = None) -> dict[str, Any]:
    """A pose (4, 4) as matrix in metres, position, quaternion and rotation vector, with intervals of its estimates."""
    document: dict[str, Any] = {
        "matrix": pose.tolist(),
        "position_mm": (1000 * pose[:3, 3]).tolist(),
        "quaternion_xyzw": so3.quaternion_xyzw(pose[:3, :3]).tolist(),
        "rotation_vector_deg": np.degrees(so3.log(pose[:3, :3])).tolist(),
    }
    if estimates is not None:
        six = list(estimates.values())
        for kind, scale, unit in ((six[:3], 1000.0, "mm"), (six[3:], float(np.degrees(1.0)), "deg")):
            document[f"sigma_{unit}"] = [finite(scale * each.sigma) for each in kind]
            document[f"interval_95_{unit}"] = [[finite(scale * end) for end in each.interval_95] for each in kind]
    return document
