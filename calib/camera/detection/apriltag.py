"""An AprilTag found in images, by OpenCV's detector with its corners refined to sub-pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from calib.arrays import Grey
from calib.camera.boards.apriltag import AprilTag
from calib.camera.images import opencv
from calib.camera.images.read import read_grey
from calib.camera.observations import Excluded, Observations, View
from calib.errors import InputError


def detect_tag(
    paths: list[Path], names: list[str], tag: AprilTag, progress: Callable[[int, int], object] | None = None
) -> Observations:
    """The tag's corners in every image that shows it; the others are set aside by name.

    Raises InputError `no-readable-image`, `no-board-found`.
    """
    aruco = opencv.load().aruco
    parameters = aruco.DetectorParameters()
    parameters.cornerRefinementMethod = aruco.CORNER_REFINE_SUBPIX
    detector = aruco.ArucoDetector(tag.dictionary, parameters)
    views: list[View] = []
    aside: list[Excluded] = []
    sizes: Counter[tuple[int, int]] = Counter()
    for done, (path, name) in enumerate(zip(paths, names, strict=True)):
        try:
            image = read_grey(path)[0]
        except InputError as error:
            aside.append(Excluded(name, error.what))
            continue
        sizes[image.shape[1], image.shape[0]] += 1
        view, reason = _seen(detector, image, tag, name)
        if view is None:
            aside.append(Excluded(name, reason))
        else:
            views.append(view)
        if progress is not None:
            progress(done + 1, len(paths))
    if not sizes:
        raise InputError("no image can be read", code="no-readable-image", why=aside[0].reason if aside else "")
    if not views:
        raise InputError(
            "no image shows the tag",
            code="no-board-found",
            why="; ".join(f"{each.image}: {each.reason}" for each in aside[:3]),
            advice=f"check the family ({tag.family}) and that the tag has a white rim",
        )
    size = sizes.most_common(1)[0][0]
    return Observations(tuple(views), size, tag.name, excluded=tuple(aside))


def _seen(detector: Any, image: Grey, tag: AprilTag, name: str) -> tuple[View | None, str]:
    corners, numbers, _ = detector.detectMarkers(image)
    found = [] if numbers is None else [int(number) for number in np.ravel(numbers)]
    which = [i for i, number in enumerate(found) if tag.number in (None, number)]
    if not which:
        return None, f"tags {found} are seen, not {tag.number}" if found else "no tag of this family is seen"
    if len(which) > 1:
        return None, f"{len(which)} tags are seen: say which, as in {tag.name}:{found[0]}"
    px = np.reshape(corners[which[0]], (4, 2)).astype(float)
    return View(name, px, tag.corners_in_board), ""
