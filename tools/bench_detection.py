"""Detection of checkerboards beside OpenCV's two detectors: processor time per image, and what is found of rendered
boards.

    python tools/bench_detection.py                  25 images of each kind, 300 without a board
    python tools/bench_detection.py --quick --json   3 images of each kind
    python tools/bench_detection.py --photographs 'photos/*.jpg' --size 9x6

Times are medians of the processor seconds of one thread, all detectors in one run and image after image, so that a
busy machine is busy for all of them. A board is found where three quarters of the corners that the image shows lie
within 1 px of the truth under their own index, and none lies elsewhere. Exits with 1 and the shortfall last where a
bound is missed.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is loaded

import argparse
import glob
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.detection.search import find_any_grid
from calib.camera.images import opencv
from calib.camera.simulation.rendering import PixelRays, render
from calib.camera.simulation.simulate import typical_camera
from calib.geometry import se3, so3

BOARD = Checkerboard(9, 6)
SIZE = (640, 480)
LARGE = (4000, 3000)
LIMIT_S = 3.0  # no image may take longer
WITHIN_PX = 1.0
Found = tuple[Any, Any] | None  # corners (n, 2) and the index of each


@dataclass(frozen=True)
class Kind:
    """A kind of rendered image."""

    name: str
    at_least: int
    """Of 25 are to be found."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of `render`."""
    tilt_deg: float | None = None
    """None: up to 35."""
    outside: float = 0.0
    """Share of the corners beyond the frame."""
    covered: bool = False
    """Whether a disc hides a corner of the board."""


KINDS = (
    Kind("plain", 25),
    Kind("one corner covered", 25, covered=True),
    Kind("10 % outside", 23, outside=0.1),
    Kind("tilted by 70 degrees", 20, tilt_deg=70.0),
    Kind("contrast 20 of 255", 25, {"levels": (110.0, 130.0)}),
    Kind("blur of 3 px", 25, {"blur_px": 3.0}),
    Kind("noise of 40", 24, {"noise": 40.0}),
)


@dataclass(frozen=True, eq=False)
class Picture:
    """A rendered image and where the board's corners are in it."""

    image: Any
    corners: Any
    """(n, 2) px."""
    shown: Any
    """(n,) whether the image shows the corner."""


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few images, no bound on times")
    parser.add_argument("--json", action="store_true", help="print one document")
    parser.add_argument("--photographs", help="a pattern of photographs of one board, to time the detectors on")
    parser.add_argument("--size", default="9x6", help="the board of the photographs: inner corners")
    options = parser.parse_args()
    opencv.load().setNumThreads(1)
    count = 3 if options.quick else 25
    document: dict[str, Any] = {"found": {kind.name: count_found(kind, count) for kind in KINDS}}
    document["without_a_board"] = without_a_board(12 if options.quick else 300)
    document["time"] = {"640x480": times([picture(KINDS[0], i).image for i in range(count)], BOARD)}
    large = [large_picture(i) for i in range(1 if options.quick else 5)]
    document["time"]["12 MP"] = times([each.image for each in large], BOARD)
    document["rms_px_12_mp"] = rms_px(large)
    if options.photographs:
        columns, rows = map(int, options.size.split("x"))
        images = [opencv.load().imread(path, 0) for path in sorted(glob.glob(options.photographs))]
        document["time"]["photographs"] = times(images, Checkerboard(columns, rows))
    short = shortfall(document, count, options.quick)
    print(json.dumps({**document, "short": short}, indent=2) if options.json else text(document, count))
    for line in short:
        print(line, file=sys.stderr)
    raise SystemExit(1 if short else 0)


def own(image: Any, board: Checkerboard = BOARD) -> Found:
    """What is found of a board that is known."""
    corners, _ = board.find(image)
    return None if corners is None else (corners.corners_px, corners.index)


def own_unknown(image: Any, _: Checkerboard = BOARD) -> Found:
    """What is found of a board of any size."""
    grid, _reason = find_any_grid(image)
    return None if grid is None else (grid.corners_px.reshape(-1, 2), np.arange(grid.rows * grid.columns))


def classic(image: Any, board: Checkerboard = BOARD) -> Found:
    """OpenCV's classic detector, its corners refined."""
    cv2 = opencv.load()
    flags = cv2.CALIB_CB_ADAPTIVE_THRESH | cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_FAST_CHECK
    seen, corners = cv2.findChessboardCorners(image, board.grid, flags=flags)
    if not seen:
        return None
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 1e-3)
    refined = cv2.cornerSubPix(image, np.asarray(corners, np.float32), (5, 5), (-1, -1), criteria)
    return np.reshape(refined, (-1, 2)), np.arange(board.columns * board.rows)


def sector_based(image: Any, board: Checkerboard = BOARD) -> Found:
    """OpenCV's sector-based detector."""
    seen, corners = opencv.load().findChessboardCornersSB(image, board.grid)
    return (np.reshape(corners, (-1, 2)), np.arange(board.columns * board.rows)) if seen else None


DETECTORS: dict[str, Callable[[Any, Checkerboard], Found]] = {
    "own": own,
    "own, size unknown": own_unknown,
    "classic": classic,
    "sector-based": sector_based,
}


def picture(kind: Kind, seed: int) -> Picture:
    """One rendered image of a kind."""
    rng = np.random.default_rng([seed, len(kind.name)])
    camera, rays = _camera(SIZE)
    tilt = np.radians(rng.uniform(5, 35) if kind.tilt_deg is None else kind.tilt_deg)
    axis = rng.uniform(0, 2 * np.pi)
    turn = so3.exp(tilt * np.array([np.cos(axis), np.sin(axis), 0.0])) @ so3.exp(np.array([0, 0, rng.uniform(-3, 3)]))
    distance = rng.uniform(11, 15)
    middle = BOARD.corners_in_board.mean(axis=0)
    pose = se3.compose(turn, np.array([rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5), distance]) - turn @ middle)
    if kind.outside:
        pose = _shifted(camera, pose, kind.outside, rng)
    image = render(BOARD, pose, rays, seed=seed, **kind.options)
    corners = camera.project(se3.apply(pose, BOARD.corners_in_board))
    shown = ((corners > 2) & (corners < np.array(SIZE) - 3)).all(axis=1)
    if kind.covered:
        at, square = corners[rng.choice([0, 8, 45, 53])], np.hypot(*(corners[1] - corners[0]))
        y, x = np.mgrid[: SIZE[1], : SIZE[0]]
        hidden = np.hypot(x - at[0], y - at[1]) < 0.7 * square
        image[hidden] = np.clip(rng.normal(140, 8, hidden.sum()), 0, 255)
        shown &= np.hypot(*(corners - at).T) > 1.3 * square
    return Picture(image, corners, shown)


def _camera(size: tuple[int, int]) -> tuple[Any, PixelRays]:
    if size not in _CAMERAS:
        camera = typical_camera("brown_conrady", size)
        _CAMERAS[size] = camera, PixelRays.of(camera.unproject, size)
    return _CAMERAS[size]


_CAMERAS: dict[tuple[int, int], tuple[Any, PixelRays]] = {}


def _shifted(camera: Any, pose: Any, outside: float, rng: Any) -> Any:
    """The pose moved sideways until a share of the corners is outside."""
    way = rng.uniform(0, 2 * np.pi)
    for _ in range(400):
        corners = camera.project(se3.apply(pose, BOARD.corners_in_board))
        if ((corners < 0) | (corners > np.array(SIZE) - 1)).any(axis=1).mean() >= outside:
            return pose
        pose = se3.compose(np.eye(3), 0.05 * np.array([np.cos(way), np.sin(way), 0.0])) @ pose
    return pose


def large_picture(seed: int) -> Picture:
    """A rendered image of 12 MP."""
    rng = np.random.default_rng([seed, 12])
    camera, rays = _camera(LARGE)
    turn = so3.exp(rng.uniform(-0.4, 0.4, 3))
    pose = se3.compose(turn, np.array([0.0, 0.0, rng.uniform(11, 14)]) - turn @ BOARD.corners_in_board.mean(axis=0))
    corners = camera.project(se3.apply(pose, BOARD.corners_in_board))
    image = render(BOARD, pose, rays, seed=seed, blur_px=2.0, noise=6.0)
    return Picture(image, corners, np.ones(len(corners), bool))


def count_found(kind: Kind, count: int) -> dict[str, int]:
    """In how many images each detector finds the board."""
    pictures = [picture(kind, seed) for seed in range(count)]
    named = {name: detector for name, detector in DETECTORS.items() if name != "own, size unknown"}
    return {
        name: sum(is_right(detector(each.image, BOARD), each) for each in pictures) for name, detector in named.items()
    }


def is_right(found: Found, truth: Picture) -> bool:
    """Whether corners are those of the board, the first corner as the colours have it or read from the other end."""
    if found is None:
        return False
    corners, index = found
    good = np.isfinite(corners[:, 0])
    off = np.hypot(*(corners[good] - truth.corners[index[good]]).T)
    turned = np.hypot(*(corners[good] - truth.corners[::-1][index[good]]).T)
    off = min((off, turned), key=np.median)
    return bool(off.max() < WITHIN_PX and good.sum() >= 0.75 * truth.shown.sum())


def without_a_board(count: int) -> dict[str, Any]:
    """False boards in images of anything else, and how long the search takes."""
    false = {"own": 0, "own, size unknown": 0}
    spent: list[float] = []
    for image in pictures_without_a_board(count):
        for name in false:
            start = time.process_time()
            false[name] += DETECTORS[name](image, BOARD) is not None
            spent.append(time.process_time() - start)
    large = next(pictures_without_a_board(1, LARGE))
    start = time.process_time()
    own(large)
    return {
        "images": count,
        "false_boards": false,
        "median_s": float(np.median(spent)),
        "most_s": max(spent),
        "12_mp_s": time.process_time() - start,
    }


def pictures_without_a_board(count: int, size: tuple[int, int] = SIZE) -> Iterator[Any]:
    """Texture of many scales, with what resembles a board: lattices, bricks, dots, letters of squares."""
    cv2 = opencv.load()
    width, height = size
    for seed in range(count):
        rng = np.random.default_rng([seed, 7])
        image = np.zeros((height, width))
        for cells in (4, 12, 40, 120):
            layer = rng.normal(0, 1, (max(2, cells * height // width), cells)).astype(np.float32)
            image += cv2.resize(layer, size, interpolation=cv2.INTER_CUBIC if seed % 2 else cv2.INTER_NEAREST)
        image = 120 + 45 * image / image.std()
        if seed % 3 == 0:  # lines that cross, as of a window or of tiles
            y, x = np.mgrid[:height, :width]
            pitch, angle = rng.uniform(20, 60), rng.uniform(0, np.pi)
            lines = [
                np.mod(x * np.cos(a) + y * np.sin(a), pitch) < rng.uniform(2, 8) for a in (angle, angle + np.pi / 2)
            ]
            image[lines[0] | lines[1]] = rng.uniform(0, 255)
        if seed % 5 == 0:  # a lattice of dots
            pitch = int(rng.uniform(16, 50))
            for top in range(0, height, pitch):
                for left in range(0, width, pitch):
                    cv2.circle(image, (left, top), pitch // 4, 20.0, -1)
        yield np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def times(images: list[Any], board: Checkerboard) -> dict[str, float]:
    """The median processor milliseconds of each detector, the first image once before."""
    spent: dict[str, list[float]] = {name: [] for name in DETECTORS}
    for detector in DETECTORS.values():
        detector(images[0], board)
    for image in images:
        for name, detector in DETECTORS.items():
            start = time.process_time()
            detector(image, board)
            spent[name].append(1000 * (time.process_time() - start))
    return {name: float(np.median(each)) for name, each in spent.items()}


def rms_px(pictures: list[Picture]) -> dict[str, float]:
    """The distance of the corners from the truth; NaN where a board is missed."""
    result = {}
    for name in ("own", "classic", "sector-based"):
        squares: list[float] = []
        for each in pictures:
            found = DETECTORS[name](each.image, BOARD)
            if found is None:
                squares.append(float("nan"))
                continue
            turns = (each.corners[found[1]], each.corners[::-1][found[1]])
            squares.append(min(float(((found[0] - truth) ** 2).sum(axis=1).mean()) for truth in turns))
        result[name] = float(np.sqrt(np.mean(squares)))
    return result


def shortfall(document: dict[str, Any], count: int, quick: bool) -> list[str]:
    """Which bounds are missed."""
    short = [
        f"{kind.name}: {document['found'][kind.name]['own']} of {count} found, {kind.at_least} of 25 asked"
        for kind in KINDS
        if document["found"][kind.name]["own"] < kind.at_least * count // 25
    ]
    none = document["without_a_board"]
    short += [f"{number} false boards, {name}" for name, number in none["false_boards"].items() if number]
    if not document["rms_px_12_mp"]["own"] <= 0.037:
        short.append(f"12 MP: rms {document['rms_px_12_mp']['own']:.4f} px, .037 asked")
    if quick:
        return short
    for name, share in (("640x480", 0.3), ("12 MP", 0.15), ("photographs", 0.3)):
        row = document["time"].get(name)
        for which in ("own", "own, size unknown"):
            if row and row[which] > share * row["sector-based"]:
                ratio = row[which] / row["sector-based"]
                short.append(f"{name}, {which}: {ratio:.2f} of the sector-based detector's time, {share} asked")
    for name, limit in (("median_s", 0.15), ("12_mp_s", 1.0), ("most_s", LIMIT_S)):
        if none[name] > limit:
            short.append(f"without a board: {name} {none[name]:.2f}, {limit:g} asked")
    return short


def text(document: dict[str, Any], count: int) -> str:
    """The document in lines."""
    lines = [f"found of {count}" + "".join(f"{name:>15}" for name in ("own", "classic", "sector-based"))]
    lines += [
        f"  {name:<22}" + "".join(f"{each:>13}  " for each in row.values()) for name, row in document["found"].items()
    ]
    for name, row in document["time"].items():
        sector = row["sector-based"]
        lines.append(f"{name}: " + ", ".join(f"{who} {ms:.1f} ms ({ms / sector:.2f})" for who, ms in row.items()))
    lines.append("rms at 12 MP, px: " + ", ".join(f"{who} {px:.4f}" for who, px in document["rms_px_12_mp"].items()))
    none = document["without_a_board"]
    lines.append(
        f"{none['images']} images without a board: {none['false_boards']} false; median {none['median_s']:.3f} s, "
        f"most {none['most_s']:.2f} s, 12 MP {none['12_mp_s']:.2f} s"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
