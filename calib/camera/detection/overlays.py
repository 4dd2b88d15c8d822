"""Pictures of what was found: every image with its corners in the order of the board, or with the reason for none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calib.arrays import Array, Grey
from calib.camera.images import opencv
from calib.camera.images.read import image_paths, names_of, read_grey
from calib.camera.observations import Observations
from calib.errors import InputError

_SIDE_PX = 1600  # of a picture: enough to see whether a corner is on its place
_QUALITY = 90  # of the JPEG
_SHIFT = 4  # OpenCV draws in sixteenths of a pixel
_FIRST, _REASON = (40, 40, 255), (0, 0, 220)  # blue, green, red


def draw_overlays(images: str | Path | Sequence[str | Path], observations: Observations) -> dict[str, bytes]:
    """JPEG files by their name, `NAME.jpg`, of the images that can be read.

    images: those that the observations are of, as `detect` takes them. Raises InputError `no-images`.
    """
    paths, _ = image_paths(images)
    seen = {view.image: view.corners_px for view in observations.views}
    reasons = {each.image: each.reason for each in observations.excluded}
    pictures: dict[str, bytes] = {}
    for name, path in zip(names_of(paths), paths, strict=True):
        if name not in seen and name not in reasons:
            continue
        try:
            image, _ = read_grey(path)
        except InputError:  # which the reason says
            continue
        picture = _draw(image, seen.get(name), reasons.get(name, ""))
        options = [opencv.load().IMWRITE_JPEG_QUALITY, _QUALITY]
        pictures[_file_name(name, pictures)] = bytes(opencv.load().imencode(".jpg", picture, options)[1])
    return pictures


def _file_name(name: str, taken: Mapping[str, object]) -> str:
    """Of an image's overlay: its name without folders, or numbered where two images are called alike."""
    stem = re.sub(r"[^\w.-]+", "_", Path(name).stem).lstrip(".") or "image"
    names = (f"{stem}{number}.jpg" for number in ("", *(f"-{k}" for k in range(2, len(taken) + 3))))
    return next(each for each in names if each not in taken)


def _draw(image: Grey, corners_px: Array | None, reason: str) -> Any:
    """The picture, in colours."""
    cv2, scale = opencv.load(), min(1.0, _SIDE_PX / max(image.shape))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    picture = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR)
    unit = max(1, round(max(size) / 800))  # of line widths
    if corners_px is not None and len(corners_px):
        _draw_corners(picture, (corners_px + 0.5) * np.divide(size, image.shape[::-1]) - 0.5, unit)
    if reason:
        _write(picture, reason, unit)
    return picture


def _draw_corners(picture: Any, corners: Array, unit: int) -> None:
    """A line from corner to corner in the order of the board, through the rainbow, the first in a square."""
    cv2 = opencv.load()
    hue = np.linspace(0.0, 150.0, len(corners)).astype(np.uint8)
    colours = cv2.cvtColor(np.stack([hue, np.full_like(hue, 255), np.full_like(hue, 255)], axis=-1)[None],
                           cv2.COLOR_HSV2BGR)[0].tolist()  # fmt: skip
    places = np.rint(corners * 2**_SHIFT).astype(int)
    radius = 4 * unit * 2**_SHIFT
    for i, (place, colour) in enumerate(zip(places.tolist(), colours, strict=True)):
        if i:
            cv2.line(picture, places[i - 1].tolist(), place, colour, unit, cv2.LINE_AA, _SHIFT)
        cv2.circle(picture, place, radius, colour, unit, cv2.LINE_AA, _SHIFT)
    low, high = places[0] - 2 * radius, places[0] + 2 * radius
    cv2.rectangle(picture, low.tolist(), high.tolist(), _FIRST, unit, cv2.LINE_AA, _SHIFT)


def _write(picture: Any, words: str, unit: int) -> None:
    """Words across the top, on a light band."""
    cv2, height = opencv.load(), 24 * unit
    picture[:height] = picture[:height] // 4 + 190
    latin = words.encode("ascii", "replace").decode()
    cv2.putText(
        picture, latin, (4 * unit, 17 * unit), cv2.FONT_HERSHEY_SIMPLEX, 0.45 * unit, _REASON, unit, cv2.LINE_AA
    )
