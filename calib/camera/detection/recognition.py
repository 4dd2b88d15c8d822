"""What boards some images show, whatever was looked for: every kind is asked."""

from __future__ import annotations

from calib import plugins
from calib.arrays import Grey
from calib.camera.board import KINDS, pick
from calib.camera.detection.image_search import ImageSearch
from calib.camera.detection.workers import Sighting
from calib.camera.images import opencv

_SIDE_PX = 1000  # of an image: enough for a board worth naming, and every dictionary costs its time
_IMAGES = 3  # that are looked at, evenly among all


def recognise(image: Grey) -> tuple[tuple[str, ...] | None, str]:
    """How the boards an image shows would be named, in capitals what it does not tell."""
    scale = _SIDE_PX / max(image.shape)
    if scale < 1:
        cv2 = opencv.load()
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    names = [pick(kind).recognise(image) for kind in plugins.discover(KINDS)]
    return tuple(name for name in names if name), ""


def boards_shown(search: ImageSearch) -> list[str]:
    """The names, as `recognise`, of the boards that some of the images show, the commonest first."""
    every = list(search.paths)
    chosen = every[:: max(1, len(every) // _IMAGES)][:_IMAGES]
    answers = search.look(chosen, recognise, before=len(every)).values()
    names = [name for each in answers if isinstance(each, Sighting) for name in each.found or ()]
    return sorted(set(names), key=lambda name: (-names.count(name), name))
