"""How corners of a camera come to be wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calib.arrays import Array
from calib.camera.bow import Bow
from verdict_bench.cameras import BOARD, SIZE, VIEWS, CameraSet, Drawing, views, with_lens, zoomed
from verdict_bench.spoiling import spoiled

FEW = "views: take|more of them"
SHAPE = "bend|bent|not flat|corners are off by"
BLUR = "residuals are (too )?large|check focus"
OUTLIERS = "outliers|rejected"
TILT = "tilt|parallel|focal length"
UNTILTED = "focal-length-unobservable parallel-boards"
TWICE = "zoom or focus changed|two cameras"


@spoiled("camera", FEW)
def few_views(seed: int) -> CameraSet:
    """4 views."""
    return views(seed, count=4).set()


@spoiled("camera", "one view", refusals="one-view")
def one_view(seed: int) -> CameraSet:
    """A single view, hardly tilted."""
    return views(seed, Drawing((0.0, 5.0)), count=1).set()


@spoiled("camera", TILT, refusals=UNTILTED)
def parallel_boards(seed: int) -> CameraSet:
    """All boards parallel to the image."""
    return views(seed, Drawing((0.0, 0.01), (0.3, 0.6), ((0.3, 0.7), (0.3, 0.7)))).set()


@spoiled("camera", TILT, refusals=UNTILTED)
def little_tilt(seed: int) -> CameraSet:
    """Boards tilted by at most 4 deg, from the middle of the image."""
    return views(seed, Drawing((0.0, 4.0), (0.3, 0.6), ((0.4, 0.6), (0.4, 0.6)))).set()


@spoiled("camera", "coverage|no corners in|towards")
def poor_coverage(seed: int) -> CameraSet:
    """Boards in the left third of the image."""
    return views(seed, Drawing(span=(0.2, 0.35), middle=((0.1, 0.3), (0.1, 0.9)))).set()


@spoiled("camera", "closer|no corners|towards|more of them")
def far_boards(seed: int) -> CameraSet:
    """Boards that span a tenth of the image."""
    return views(seed, Drawing(span=(0.08, 0.12)), count=15).set()


@spoiled("camera", SHAPE)
def board_bowed_by_1_mm(seed: int) -> CameraSet:
    """The board's middle is 1 mm higher than its ends."""
    return views(seed).set(board=Bow.over(BOARD, 1e-3).bend(BOARD))


@spoiled("camera", SHAPE)
def board_bowed_by_3_mm(seed: int) -> CameraSet:
    """The board's middle is 3 mm higher than its ends."""
    return views(seed).set(board=Bow.over(BOARD, 3e-3).bend(BOARD))


@spoiled("camera", SHAPE)
def board_twisted(seed: int) -> CameraSet:
    """Two opposite corners of the board are 2 mm up, the two others 2 mm down."""
    u = (BOARD - BOARD.mean(axis=0)) / (np.ptp(BOARD, axis=0) / 2 + (0, 0, 1))
    return views(seed).set(board=BOARD + 2e-3 * (u[:, :1] * u[:, 1:2]) * (0.0, 0.0, 1.0))


@spoiled("camera", "along X")
def print_stretched(seed: int) -> CameraSet:
    """The print is .8 % longer along x, and the board always upright."""
    return views(seed).set(board=BOARD * (1.008, 1.0, 1.0))


@spoiled("camera", SHAPE)
def print_uneven(seed: int) -> CameraSet:
    """Every corner of the print is .2 mm off (one sigma) along both axes."""
    made = views(seed)
    return made.set(board=BOARD + made.rng.normal(0.0, 2e-4, BOARD.shape) * (1, 1, 0))


@spoiled("camera", SHAPE)
def wrong_square(seed: int) -> CameraSet:
    """Squares of 24 mm taken for 25: the lens does not depend on it."""
    return views(seed).set(board=BOARD * 0.96)


@spoiled("camera", "rows and columns", refusals="corner-order")
def rows_and_columns_exchanged(seed: int) -> CameraSet:
    """The corners are numbered column by column, and read row by row."""
    place, step = np.arange(len(BOARD)), BOARD[1, 0]
    return views(seed).set(stated=np.column_stack([place % 6 * step, place // 6 * step, 0 * place]))


@spoiled("camera", "mirrored|swapped", refusals="mirrored")
def mirrored(seed: int) -> CameraSet:
    """The images are mirrored left to right."""
    return views(seed).set(change=lambda _, px: px * (-1, 1) + (SIZE[0] - 1, 0))


@spoiled("camera", "mirrored|swapped", refusals="mirrored corners-outside")
def x_and_y_swapped(seed: int) -> CameraSet:
    """The columns of x and y are swapped; the image size is not known."""
    made = views(seed).set(change=lambda _, px: px[:, ::-1])
    return replace(made, observations=replace(made.observations, image_size_px=None))


@spoiled("camera", BLUR)
def blurred(seed: int) -> CameraSet:
    """Corners found to 1.2 px."""
    return views(seed).set(noise_px=1.2)


@spoiled("camera", BLUR)
def very_blurred(seed: int) -> CameraSet:
    """Corners found to 3 px."""
    return views(seed).set(noise_px=3.0)


@spoiled("camera", "rolling shutter")
def rolling_shutter(seed: int) -> CameraSet:
    """The camera turns while the rows are read, by some 10 px over the image."""
    made = views(seed)
    speed = made.rng.normal(0.0, 10.0, (VIEWS, 2))
    return made.set(change=lambda i, px: px + speed[i] * (px[:, 1:] / SIZE[1] - 0.5))


@spoiled("camera", TWICE)
def zoom_midway(seed: int) -> CameraSet:
    """The focal length is 4 % longer from the middle on."""
    made = views(seed)
    cameras = tuple(zoomed(each, 1.04) if i >= VIEWS // 2 else each for i, each in enumerate(made.cameras))
    return replace(made, cameras=cameras).set()


@spoiled("camera", "focus|focal length")
def autofocus(seed: int) -> CameraSet:
    """Every image has a focal length of its own, by .7 %."""
    made = views(seed)
    return replace(made, cameras=tuple(zoomed(each, 1 + made.rng.normal(0, 0.007)) for each in made.cameras)).set()


@spoiled("camera", "stabili|principal point|shift")
def stabilised(seed: int) -> CameraSet:
    """A stabiliser moves the image by 6 px (one sigma)."""
    made = views(seed)
    shift = made.rng.normal(0.0, 6.0, (VIEWS, 2))
    return made.set(change=lambda i, px: px + shift[i])


@spoiled("camera", "two cameras")
def two_cameras(seed: int) -> CameraSet:
    """Images of the left and the right camera of a stereo pair."""
    made = views(seed)
    other = with_lens(made.cameras[0], fx_px=14, fy_px=14, cx_px=17, cy_px=-12, k1=0.01)
    cameras = tuple(made.cameras[0] if i < VIEWS // 2 else other for i in range(VIEWS))
    names = tuple(f"{'left' if i < VIEWS // 2 else 'right'}{i % (VIEWS // 2):02d}.png" for i in range(VIEWS))
    return replace(made, cameras=cameras, names=names).set()


@spoiled("camera", "resol|size|two cameras|zoom", refusals="corners-outside image-sizes")
def two_resolutions(seed: int) -> CameraSet:
    """Every third image was taken at half the resolution."""
    return views(seed).set(change=lambda i, px: px / 2 if i % 3 == 0 else px)


@spoiled("camera", "--lens|lens model")
def pinhole_named(seed: int) -> CameraSet:
    """The lens is said to be a pinhole, and has k1 = -.2."""
    return views(seed).set(lens="pinhole")


@spoiled("camera", "--lens|lens model|cannot be inverted", refusals="camera-not-converged")
def brown_named_for_a_fisheye(seed: int) -> CameraSet:
    """A fisheye lens, calibrated as brown_conrady."""
    return views(seed, lens="kannala_brandt").set(lens="brown_conrady")


@spoiled("camera", "--lens|lens model")
def fisheye_named_for_brown(seed: int) -> CameraSet:
    """An ordinary lens with decentring, calibrated as kannala_brandt."""
    return views(seed, p1=0.004, p2=-0.004).set(lens="kannala_brandt")


@spoiled("camera", OUTLIERS)
def outliers_5_percent(seed: int) -> CameraSet:
    """1 in 20 corners is 8 px off."""
    return _outliers(seed, 0.05, 8.0)


@spoiled("camera", OUTLIERS)
def outliers_20_percent(seed: int) -> CameraSet:
    """1 in 5 corners is 8 px off."""
    return _outliers(seed, 0.2, 8.0)


@spoiled("camera", OUTLIERS)
def small_outliers(seed: int) -> CameraSet:
    """1 in 5 corners is 1.5 px off."""
    return _outliers(seed, 0.2, 1.5)


@spoiled("camera", OUTLIERS)
def huge_outliers(seed: int) -> CameraSet:
    """1 in 50 corners is 300 px off."""
    return _outliers(seed, 0.02, 300.0)


@spoiled("camera", OUTLIERS)
def scattered_views(seed: int) -> CameraSet:
    """The corners of four views are anywhere in the image."""
    made = views(seed)
    return made.set(change=lambda i, px: made.rng.uniform((0, 0), SIZE, px.shape) if i % 8 == 3 else px)


@spoiled(
    "camera",
    "still|static|alike|differ|tilt",
    refusals="static-camera parallel-boards focal-length-unobservable",
)
def one_pose_repeated(seed: int) -> CameraSet:
    """30 images of a board that stood still before a camera that did."""
    made = views(seed)
    return replace(made, poses=np.repeat(made.poses[:1], VIEWS, axis=0)).set()


@spoiled("camera", FEW)
def four_poses_repeated(seed: int) -> CameraSet:
    """Four poses, seen seven times each."""
    made = views(seed)
    return replace(made, poses=made.poses[np.arange(VIEWS) % 4]).set()


@spoiled("camera", OUTLIERS)
def numbered_from_the_other_end(seed: int) -> CameraSet:
    """In a third of the views the corners are counted from the other end: another pose of the board, no harm."""
    return views(seed).set(change=lambda i, px: px[::-1] if i % 3 == 0 else px)


@spoiled("camera", "whole pixels")
def whole_pixels(seed: int) -> CameraSet:
    """Corners rounded to whole pixels."""
    return views(seed).set(change=lambda _, px: np.round(px))


@spoiled("camera", "asymmetr|tilt|more of them|towards")
def tilted_about_one_axis(seed: int) -> CameraSet:
    """All boards tilted about the vertical axis."""
    return views(seed, Drawing(direction=np.pi / 2)).set()


@spoiled("camera", "motion|residuals are (too )?large")
def moving_blur(seed: int) -> CameraSet:
    """The board moves while the image is exposed: its corners are drawn out along one direction, by 2 px at random."""
    made = views(seed)
    drawn = made.rng.normal(0.0, 2.0, (VIEWS, 2)) / np.sqrt(2)
    return made.set(change=lambda i, px: px + made.rng.normal(0.0, 1.0, (len(px), 1)) * drawn[i])


@spoiled("camera", "more of them|outside|rest of the image|towards|no corners")
def boards_in_the_middle(seed: int) -> CameraSet:
    """Boards in the middle of the image, of which the rest is never seen."""
    return views(seed, Drawing(span=(0.25, 0.35), middle=((0.4, 0.6), (0.4, 0.6)))).set()


def _outliers(seed: int, share: float, size_px: float) -> CameraSet:
    made = views(seed)

    def displace(_: int, px: Array) -> Array:
        angle, off = made.rng.uniform(0, 2 * np.pi, len(px)), made.rng.random(len(px)) < share
        return px + size_px * off[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    return made.set(change=displace)
