"""How far the middles of circles are off at growing tilt: as found here, by the model of their images, and by OpenCV.

    python tools/bench_circles.py [--size 1280x960]

A grid of circles is rendered at each tilt. `off` is the distance of a measured middle from where the model has it, the
middle of the area of the circle's image through lens and pose; `plain` is that of OpenCV's findCirclesGrid from where
the circle's own middle is projected, which is what a script with OpenCV takes it for. Means are of the vectors, along
the tilt: what noise does not average out. Root mean squares in brackets.
"""

from __future__ import annotations

import argparse
import time

import cv2
import numpy as np

from calib.camera.adjustment.reprojection import corners_of, reproject
from calib.camera.board import load_board
from calib.camera.observations import View
from calib.camera.simulation.rendering import PixelRays, render
from calib.camera.simulation.simulate import typical_camera
from calib.geometry import se3, so3

BOARD = "circles:7x5:30mm:18mm"
FOUND_PX = 3.0
TILTS_DEG = (0, 20, 40, 60, 70)


def pose(tilt_deg: float, middle: np.ndarray, distance_m: float) -> np.ndarray:
    turn = so3.exp(np.radians([0.0, tilt_deg, 0.0]))
    return se3.compose(turn, np.array([0.0, 0.0, distance_m]) - turn @ middle)


def opencv_centres(image: np.ndarray, expected: np.ndarray) -> np.ndarray | None:
    """By the blob detector with its area limits opened, as every script has to."""
    parameters = cv2.SimpleBlobDetector_Params()
    parameters.minArea, parameters.maxArea = 20.0, 1e5
    parameters.filterByInertia = parameters.filterByConvexity = False
    found, centres = cv2.findCirclesGrid(image, (7, 5), flags=cv2.CALIB_CB_SYMMETRIC_GRID | cv2.CALIB_CB_CLUSTERING,
                                         blobDetector=cv2.SimpleBlobDetector_create(parameters))  # fmt: skip
    if not found:
        return None
    centres = np.asarray(centres).reshape(-1, 2)
    distance = np.linalg.norm(centres[:, None] - expected, axis=2)
    nearest = centres[distance.argmin(axis=0)]
    nearest[distance.min(axis=0) > FOUND_PX] = np.nan  # clusters leave one out now and then
    return np.asarray(nearest)


def summary(off: np.ndarray | None) -> str:
    if off is None:
        return "     not found    "
    off = off[np.isfinite(off[:, 0])]
    return f"{np.linalg.norm(off.mean(axis=0)):8.4f} ({np.sqrt((off**2).sum(axis=1).mean()):6.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1280x960")
    parser.add_argument("--noise", type=float, default=2.0)
    options = parser.parse_args()
    size = tuple(int(side) for side in options.size.split("x"))
    camera, board = typical_camera("brown_conrady", size), load_board(BOARD)
    rays, middle = PixelRays.of(camera.unproject, size), board.corners_in_board.mean(axis=0)
    print(f"{BOARD}, {options.size}, noise {options.noise:g} of 190 grey levels; px")
    print(f"{'tilt':>5}  {'off: model':>17}  {'off: point':>17}  {'plain OpenCV':>18}  ms   ms OpenCV")
    for tilt in TILTS_DEG:
        at = pose(tilt, middle, 0.32)
        image = render(board, at, rays, noise=options.noise)
        begin = time.process_time()
        found, reason = board.find(image)
        spent = time.process_time() - begin
        points = camera.project(se3.apply(at, board.corners_in_board))
        begin = time.process_time()
        theirs = opencv_centres(image, points)
        spent_opencv = time.process_time() - begin
        own = point = None
        if found is not None:
            index = min((found.index, found.index[::-1]), key=lambda i: np.abs(points[i] - found.corners_px).sum())
            view = View("", found.corners_px, board.corners_in_board[index], radius=found.radius)
            model = reproject(camera.lens, camera.parameters, at[None], corners_of([view])).T
            own, point = found.corners_px - model, found.corners_px - points[index]
        plain = None if theirs is None else theirs - points
        times = f"{1e3 * spent:3.0f}  {1e3 * spent_opencv:4.0f}"
        print(f"{tilt:5d}  {summary(own)}  {summary(point)}  {summary(plain)}  {times}  {reason}")


if __name__ == "__main__":
    main()
