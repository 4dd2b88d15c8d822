"""A maker for every cause of misfit: views as a camera has them to which that, and nothing else, has happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calib.arrays import Array
from calib.camera.camera import Camera
from calib.camera.observations import Observations, View
from calib.camera.simulation.simulate import typical_camera
from calib.geometry import se3
from cases.camera import BOARD, poses_of

NOISE_PX = 0.1
SIZE = (1280, 720)


@dataclass(frozen=True)
class Made:
    """What a maker made."""

    observations: Observations
    words: tuple[str, ...]
    """What the sentence must hold."""
    grade: str
    """The best that the verdict may be."""


def with_lens(camera: Camera, **change: float) -> Camera:
    """A camera with parameters changed by amounts, as fx_px=3."""
    parameters = camera.parameters.copy()
    for label, amount in change.items():
        parameters[camera.lens.labels.index(label)] += amount  # type: ignore[arg-type]
    return replace(camera, parameters=parameters)


def zoomed(camera: Camera, ratio: float) -> Camera:
    """Another focal length."""
    fx, fy = camera.focal_px * (ratio - 1)
    return with_lens(camera, fx_px=float(fx), fy_px=float(fy))


def shot(
    cameras: Sequence[Camera],
    rng: np.random.Generator,
    names: Sequence[str] | None = None,
    board: Array = BOARD,
    project: Callable[[Camera, Array], Array] | None = None,
) -> Observations:
    """One view by each camera, of a board whose corners are really at `board`."""
    pool = poses_of("brown_conrady")
    poses = pool[rng.choice(len(pool), len(cameras), replace=False)]
    views = []
    for i, (camera, pose) in enumerate(zip(cameras, poses, strict=True)):
        px = project(camera, pose) if project else camera.project(se3.apply(pose, board))
        name = names[i] if names else f"view_{i + 1:03d}.png"
        views.append(View(name, px + rng.normal(0.0, NOISE_PX, px.shape), BOARD))
    return Observations(tuple(views), SIZE)


def usual() -> Camera:
    return typical_camera("brown_conrady", SIZE)


def another() -> Camera:
    """Of the same make as `usual`: its numbers differ by what copies differ."""
    return with_lens(usual(), fx_px=9, fy_px=9, cx_px=14, cy_px=-11, k1=0.01)


def stranger() -> Camera:
    """Of another make."""
    return with_lens(usual(), fx_px=60, fy_px=60, cx_px=-40, cy_px=25, k1=0.08)


def left_and_right(rng: np.random.Generator) -> Made:
    cameras = [usual()] * 12 + [another()] * 12
    names = [f"{side}{i:02d}.png" for side in ("left", "right") for i in range(12)]
    return Made(shot(cameras, rng, names), ("two cameras", "left*.png", "right*.png"), "usable")


def two_cameras_without_names(rng: np.random.Generator) -> Made:
    which = rng.permutation(np.arange(24) % 2)
    cameras = [(usual(), stranger())[k] for k in which]
    first = [f"view_{i + 1:03d}.png" for i in np.flatnonzero(which == which[0])]
    return Made(shot(cameras, rng), ("two cameras", first[0], first[1]), "usable")


def three_cameras(rng: np.random.Generator) -> Made:
    third = with_lens(usual(), fx_px=-12, fy_px=-12, cx_px=-16)
    cameras = [camera for camera in (usual(), another(), third) for _ in range(9)]
    names = [f"cam{k}_{i}.jpg" for k in range(3) for i in range(9)]
    return Made(shot(cameras, rng, names), ("three cameras", "cam0_*.jpg", "cam2_*.jpg"), "usable")


def two_zooms_far_apart(rng: np.random.Generator) -> Made:
    """So far that the smaller group is rejected."""
    cameras = [usual()] * 16 + [zoomed(usual(), 1.3)] * 8
    return Made(shot(cameras, rng), ("zoom or focus changed at view_01",), "usable")


def side_by_side(rng: np.random.Generator) -> Made:
    seen = shot([usual()] * 10 + [another()] * 10, rng)
    right = np.array([SIZE[0], 0])
    moved = [replace(view, corners_px=view.corners_px + (i >= 10) * right) for i, view in enumerate(seen.views)]
    return Made(Observations(tuple(moved), (2 * SIZE[0], SIZE[1])), ("two cameras in one image",), "do not use")


def refocused(rng: np.random.Generator) -> Made:
    cameras = [usual()] * 11 + [zoomed(usual(), 1.02)] * 9
    return Made(shot(cameras, rng), ("zoom or focus changed at view_01", "f 96", "px before, 98"), "usable")


def swapped(rng: np.random.Generator) -> Made:
    seen = shot([usual()] * 16, rng)
    views = tuple(replace(view, corners_px=view.corners_px[:, ::-1]) for view in seen.views)
    return Made(Observations(views, None), ("z axis points at the camera", "x and y are swapped"), "do not use")


def mirrored(rng: np.random.Generator) -> Made:
    seen = shot([usual()] * 16, rng)
    views = [replace(view, corners_px=view.corners_px * [-1, 1] + [SIZE[0] - 1, 0]) for view in seen.views]
    return Made(Observations(tuple(views), SIZE), ("z axis points at the camera", "mirrored"), "usable")


def exchanged(rng: np.random.Generator) -> Made:
    columns = len(np.unique(BOARD[:, 0]))
    rows, step, place = len(BOARD) // columns, BOARD[:, 0].max() / (columns - 1), np.arange(len(BOARD))
    wrong = np.column_stack([place % rows * step, place // rows * step, 0 * place])
    seen = shot([usual()] * 16, rng)
    views = tuple(replace(view, corners_in_board=wrong) for view in seen.views)
    return Made(Observations(views, SIZE), ("rows and columns are exchanged",), "do not use")


def sheared(rng: np.random.Generator) -> Made:
    seen = shot([usual()] * 16, rng)
    wrong = BOARD + BOARD[:, [1]] * [0.2, 0, 0]
    views = tuple(replace(view, corners_in_board=wrong) for view in seen.views)
    return Made(Observations(views, SIZE), ("no rectangular grid", "at 79 deg"), "do not use")


def stretched(rng: np.random.Generator) -> Made:
    return Made(
        shot([usual()] * 16, rng, board=BOARD * [1.01, 1, 1]),
        ("the board is ", "longer along X", "projection moves by"),
        "usable",
    )


def askew(rng: np.random.Generator) -> Made:
    board = BOARD + BOARD[:, [1]] * [0.008, 0, 0]
    return Made(shot([usual()] * 16, rng, board=board), ("sheared by 0.", "at 89.5", "projection moves by"), "usable")


def rolling(rng: np.random.Generator) -> Made:
    def project(camera: Camera, pose: Array) -> Array:
        twist = rng.normal(0.0, [0.003, 0.003, 0.003, 0.008, 0.008, 0.008])  # over the image's height
        px = camera.project(se3.apply(pose, BOARD))
        for _ in range(5):  # the time of a corner is that of its row
            px = camera.project(se3.apply(se3.retract(pose, (px[:, 1, None] / SIZE[1] - 0.5) * twist), BOARD))
        return px

    return Made(shot([usual()] * 20, rng, project=project), ("rolling shutter",), "usable")


def stabilised(rng: np.random.Generator) -> Made:
    cameras = [with_lens(usual(), cx_px=rng.normal(0, 25), cy_px=rng.normal(0, 25)) for _ in range(24)]
    return Made(shot(cameras, rng), ("principal point wanders",), "usable")


def autofocused(rng: np.random.Generator) -> Made:
    cameras = [zoomed(usual(), 1 + rng.normal(0, 0.02)) for _ in range(24)]
    return Made(shot(cameras, rng), ("focal length differs by", "from image to image"), "usable")


MAKERS: dict[str, tuple[str, Callable[[np.random.Generator], Made]]] = {
    maker.__name__: (cause, maker)
    for cause, maker in (
        ("two_cameras", left_and_right),
        ("two_cameras", two_cameras_without_names),
        ("two_cameras", three_cameras),
        ("changed_midway", refocused),
        ("changed_midway", two_zooms_far_apart),
        ("side_by_side", side_by_side),
        ("mirrored", swapped),
        ("mirrored", mirrored),
        ("corner_order", exchanged),
        ("sheared_grid", sheared),
        ("stretched_print", stretched),
        ("stretched_print", askew),
        ("rolling_shutter", rolling),
        ("stabiliser", stabilised),
        ("changing_focus", autofocused),
    )
}
"""By name: the cause that must be found, and the maker."""
