"""Simulated images of a moving arm in a stream of poses, and what is made of them."""

from __future__ import annotations

from typing import Any

from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.hand_eye.result import HandEyeCalibration
from calib.cell.pairing.by_name_or_order import stem_of
from calib.cell.pairing.timestamps import ImageTimes
from calib.cell.simulation.hand_eye import HandEyeSimulation
from calib.cell.simulation.moving_arm import simulate_moving
from cases.hand_eye import BOARD, CAMERA


def moving(seed: int = 3, **options: Any) -> HandEyeSimulation:
    return simulate_moving(CAMERA, BOARD, seed=seed, **options)


def image_times(s: HandEyeSimulation, later_s: float = 0.0) -> ImageTimes:
    """The times of the images, by a clock that is ahead."""
    assert s.image_s is not None
    names = [stem_of(view.image) for view in s.observations.views]
    return ImageTimes(dict(zip(names, (s.image_s + later_s).tolist(), strict=True)), "times.csv")


def calibrated(s: HandEyeSimulation, times: ImageTimes | None = None, **options: Any) -> HandEyeCalibration:
    times = times or image_times(s)
    return calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=s.setup, image_times=times, **options)


def offset(h: HandEyeCalibration) -> float:
    """Seconds."""
    assert h.time_offset is not None
    return h.time_offset.estimate.value
