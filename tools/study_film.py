"""A film against frames picked by hand: what the choice of frames costs in the uncertainty of the lens.

    python tools/study_film.py            600 frames of 640 x 480
    python tools/study_film.py --quick    150 frames

A board is carried from pose to pose, blurred by its motion, while the focus drifts in and out; for three frames in each
pose it rests, in focus. The frames picked by hand are those, one per pose, of the same film. Prints the ratio of the
standard deviations of the lens and the CPU seconds of the whole calibration. Exits 1 above 1.3, or 40 s (two cores of
20 s).
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from calib.arrays import Array, Grey
from calib.camera import Observations, calibrate, detect, detect_film, load_board, typical_camera
from calib.camera.images.film import FRAME
from calib.camera.simulation.draw_views import draw_views
from calib.camera.simulation.rendering import PixelRays, render
from calib.geometry import se3, so3

SIZE_PX = (640, 480)
BOARD = "checkerboard:9x6:25mm"
PER_POSE, RESTING = 15, 3
DEFOCUS_PX = 2.5
MOST_RATIO, MOST_CPU_S = 1.3, 40.0


def poses_of_film(keys: Array) -> Array:
    """(frames, 4, 4): at rest in each key pose, then on the way to the next."""
    found = []
    for here, there in zip(keys, np.roll(keys, -1, axis=0), strict=True):
        step = se3.inverse(here) @ there
        turn = so3.log(step[:3, :3])
        for k in range(PER_POSE):
            share = max(0, k - RESTING + 1) / (PER_POSE - RESTING + 1)
            found.append(here @ se3.compose(so3.exp(share * turn), share * step[:3, 3]))
    return np.array(found)


def blur_by_motion(image: Grey, shift_px: Array) -> Grey:
    """The mean of an image along a straight way."""
    length = int(np.ceil(np.linalg.norm(shift_px)))
    if length < 1:
        return image
    size = 2 * length + 1
    kernel = np.zeros((size, size), np.float32)
    half = 0.5 * shift_px
    ends = [tuple(np.rint(length + sign * half).astype(int).tolist()) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    blurred: Grey = cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    return blurred


def write_film(path: Path, keys: int, seed: int) -> list[int]:
    """Write the film; returns the frames in which the board rests, one per pose."""
    camera, board = typical_camera("brown_conrady", SIZE_PX), load_board(BOARD)
    assert camera.image_size_px is not None
    drawn = draw_views(camera, board.corners_in_board, views=keys, seed=seed)
    poses = poses_of_film(drawn.camera_from_board)
    rays = PixelRays.of(camera.unproject, camera.image_size_px)
    middles = camera.project(se3.apply(poses, board.corners_in_board.mean(axis=0)[None]).reshape(-1, 3))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30.0, SIZE_PX)
    if not writer.isOpened():
        raise SystemExit("this OpenCV cannot write mp4")
    for i, pose in enumerate(poses):
        k = i % PER_POSE
        moving = k >= RESTING
        focus = 0.7 + (DEFOCUS_PX * np.sin(np.pi * (k - RESTING + 1) / (PER_POSE - RESTING + 1)) if moving else 0.0)
        image = render(board, pose, rays, blur_px=focus, seed=seed * 1_000_003 + i)
        if moving:
            image = blur_by_motion(image, 0.5 * (middles[i] - middles[i - 1]))
        writer.write(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    writer.release()
    return [pose * PER_POSE + RESTING // 2 for pose in range(keys)]


def pick_by_hand(film: Path, numbers: list[int]) -> Observations:
    """The corners in frames by their numbers."""
    with tempfile.TemporaryDirectory() as place:
        capture = cv2.VideoCapture(str(film))
        for number in range(max(numbers) + 1):
            _, frame = capture.read()
            if number in numbers:
                cv2.imwrite(str(Path(place) / f"{FRAME.format(number)}.png"), frame)
        capture.release()
        return detect(place, BOARD, jobs=1)


def cpu_s() -> float:
    """Of this process and its children."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        resting = write_film(film, 10 if options.quick else 40, options.seed)
        by_hand = calibrate(pick_by_hand(film, resting))
        begin = cpu_s()
        seen = detect_film(film, BOARD, jobs=1)
        by_film = calibrate(seen)
        spent = cpu_s() - begin
    print(seen.notes[0])
    ratios = []
    for label, value in by_film.parameters.items():
        other = by_hand.parameters[label]
        if value.sigma and other.sigma:
            ratios.append(value.sigma / other.sigma)
            film_text, hand_text = (f"{each.value:10.4f} +- {each.sigma:.4f}" for each in (value, other))
            print(f"{label:8} by film {film_text}   by hand {hand_text}")
    ratio = float(np.median(ratios))
    print(f"ratio of standard deviations, median {ratio:.2f} (most {MOST_RATIO})")
    print(f"CPU {spent:.1f} s (most {MOST_CPU_S:.0f})")
    return int(ratio > MOST_RATIO or spent > MOST_CPU_S)


if __name__ == "__main__":
    sys.exit(main())
