"""Detection of checkerboards beside OpenCV's two detectors: processor time per image, and what is found of rendered
boards; with the real sets at hand, the whole command beside a script, and boards of other kinds.

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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from detection_photographs import DATA, LEFT, real_boards, whole_command
from detection_pictures import BOARD, KINDS, LARGE, Kind, Picture, large_picture, picture, pictures_without_a_board

from calib.camera.boards.checkerboard import Checkerboard
from calib.camera.detection.search import find_any_grid
from calib.camera.images import opencv

LIMIT_S = 3.0  # no image may take longer
WITHIN_PX = 1.0
Found = tuple[Any, Any] | None  # corners (n, 2) and the index of each


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few images, no bound on times")
    parser.add_argument("--json", action="store_true", help="print one document")
    parser.add_argument("--photographs", help="a pattern of photographs of one board, to time the detectors on")
    parser.add_argument("--size", default="9x6", help="the board of the photographs: inner corners")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the real sets; where absent, none")
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
    if (options.data / LEFT).is_dir():
        document["command"] = whole_command(options.data, 1 if options.quick else 5)
        document["real"] = real_boards(options.data, options.quick)
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
    none, real = document["without_a_board"], document.get("real", {})
    short += [f"{number} false boards, {name}" for name, number in none["false_boards"].items() if number]
    if not document["rms_px_12_mp"]["own"] <= 0.037:
        short.append(f"12 MP: rms {document['rms_px_12_mp']['own']:.4f} px, .037 asked")
    short += [f"{name}: {row['shows']}, {row['asked']} asked" for name, row in real.items() if not row["good"]]
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
    if command := document.get("command"):
        short += command_shortfall(command)
    return short


def command_shortfall(command: dict[str, float]) -> list[str]:
    """Which bounds the whole command misses."""
    share = command["own_s"] / command["script_s"]
    short = [] if share <= 1.0 else [f"the whole command: {share:.2f} of the script's time, 1 asked"]
    if command["views"] < command["images"] or command["rms_px"] > 0.165:
        short.append(f"the whole command: {command['views']} views, rms {command['rms_px']:.4f} px; all, .165 asked")
    if command["import_s"] > 0.25:
        short.append(f"imports: {command['import_s']:.2f} s, .25 asked")
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
    if row := document.get("command"):
        lines.append(
            f"the whole command on {row['images']:.0f} photographs {row['own_s']:.2f} s, of that imports "
            f"{row['import_s']:.2f} s; a script with the sector-based detector {row['script_s']:.2f} s; "
            f"{row['views']:.0f} views, rms {row['rms_px']:.4f} px"
        )
    lines += [f"{name}: {row['shows']} ({row['asked']} asked)" for name, row in document.get("real", {}).items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
