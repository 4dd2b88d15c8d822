"""Cameras from images of a board: detect the corners, calibrate the lens, state the uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.lazy import lazy

if TYPE_CHECKING:
    from calib.camera.board import load_board
    from calib.camera.calibration.calibrate import calibrate
    from calib.camera.calibration.refine_board import require_refinable
    from calib.camera.calibration.result import CameraCalibration
    from calib.camera.camera import Camera, load_camera
    from calib.camera.corner_table import read_corners
    from calib.camera.detection.detect import detect
    from calib.camera.detection.film_views import detect_film
    from calib.camera.detection.found_corners import FoundCorners
    from calib.camera.detection.overlays import draw_overlays
    from calib.camera.images.film import is_film
    from calib.camera.images.read import image_paths
    from calib.camera.lens import load_lens
    from calib.camera.lens_choice.choose_lens import require_lens
    from calib.camera.observations import Excluded, Observations, View
    from calib.camera.printing.board_print import BoardPrint, measured_board, print_board
    from calib.camera.resampling import Resampling
    from calib.camera.simulation.simulate import CameraSimulation, simulate, typical_camera

__all__ = [
    "BoardPrint",
    "Camera",
    "CameraCalibration",
    "CameraSimulation",
    "Excluded",
    "FoundCorners",
    "Observations",
    "Resampling",
    "View",
    "calibrate",
    "detect",
    "detect_film",
    "draw_overlays",
    "image_paths",
    "is_film",
    "load_board",
    "load_camera",
    "load_lens",
    "measured_board",
    "print_board",
    "read_corners",
    "require_lens",
    "require_refinable",
    "simulate",
    "typical_camera",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "BoardPrint": "printing.board_print",
        "Camera": "camera",
        "CameraCalibration": "calibration.result",
        "CameraSimulation": "simulation.simulate",
        "Excluded": "observations",
        "FoundCorners": "detection.found_corners",
        "Observations": "observations",
        "Resampling": "resampling",
        "View": "observations",
        "calibrate": "calibration.calibrate",
        "detect": "detection.detect",
        "draw_overlays": "detection.overlays",
        "detect_film": "detection.film_views",
        "image_paths": "images.read",
        "is_film": "images.film",
        "load_board": "board",
        "load_camera": "camera",
        "load_lens": "lens",
        "measured_board": "printing.board_print",
        "print_board": "printing.board_print",
        "read_corners": "corner_table",
        "require_lens": "lens_choice.choose_lens",
        "require_refinable": "calibration.refine_board",
        "simulate": "simulation.simulate",
        "typical_camera": "simulation.simulate",
    },
)
