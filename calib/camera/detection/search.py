"""One image searched for one checkerboard: found in a reduced image, refined in the full one.

Grids come with their refined corners in full-image pixels, NaN where one is not to be trusted; None with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from calib.arrays import Array, Grey, Mask
from calib.camera.detection import grid, subpixel
from calib.camera.detection.growth import middle
from calib.camera.detection.placing import place_part
from calib.camera.detection.saddles import blur
from calib.camera.images import opencv

# Longest sides the image is reduced to, in turn. At the first a square of most boards is 10 to 60 pixels wide; the
# larger ones find small or distant boards, the smaller one boards in blurred or noisy images.
_SIDES_PX = (800, 1600, 400, 3200)
_SMALL_SQUARE_PX = 9.0  # a grid of smaller squares may have lost some: look once more, closer
_CLASSIC_SIDE_PX = 1000  # findChessboardCorners adds nothing above, and takes minutes at 12 MP
_SECTOR_SIDE_PX = 1200  # findChessboardCornersSB takes .5 s here and 7 s at 12 MP
_MIN_EXPLAINED = 0.5  # of the grey values' variance by two crossing edges; true corners in photographs have .92 to 1
_DISTURBED = 0.05  # of that variance is left unexplained, and by far more than at the board's other corners:
_UNLIKE_OTHERS = 20.0  # a corner partly covered, which is off by tenths of a pixel
_MAX_LOST = 0.1  # of the corners may be covered or glared out; the others still count


def find_any_grid(image: Grey) -> tuple[grid.Grid | None, str]:
    """A checkerboard's grid of any size, by the quick detector alone."""
    best: Array | None = None
    reason = "no checkerboard was found"
    for reduced, scale in _pyramid(image, _SIDES_PX[:3]):
        grown, why = _grow(reduced)
        if grown is None:
            reason = why or reason
            continue
        if best is None or grown.full.size > best.size:
            best = (grown.full + 0.5) / scale - 0.5
        if subpixel.spacing_px(grown.full).min() >= _SMALL_SQUARE_PX:
            break
    if best is None:
        reduced, scale = next(_pyramid(image, _SIDES_PX[:1]))
        grown, why = _grow(_equalise(reduced))
        if grown is not None:
            best = (grown.full + 0.5) / scale - 0.5
    return (None, reason) if best is None else _refine(image, best)


def find_grid(image: Grey, size: tuple[int, int]) -> tuple[grid.Grid | None, str]:
    """A checkerboard's grid of `size` (columns, rows) inner corners or turned from that, NaN where the image does not
    show it, by all detectors."""
    reason, most, part = "no checkerboard was found", 0, None
    for grown in _link(image):
        if sorted(grown.full.shape[:2]) == sorted(size):
            found, why = _refine(image, grown.full)
            if found is not None:
                return found, ""
            reason = why
            continue
        placed, why = place_part(grown.corners_px, size, image)
        if placed is not None and (part is None or placed.count > part.count):
            part = placed
        if grown.full.size > most:
            most, reason = grown.full.size, why
    if part is not None:
        found, why = _refine(image, part.corners_px)
        if found is not None:
            return found, ""
        reason = why
    if not most:  # OpenCV's detectors take longer than all before them, and find no board of which nothing is seen
        return None, reason
    for corners in _stronger(image, size, thorough=most >= size[0] * size[1]):
        found, why = _refine(image, corners)
        if found is not None:
            return found, ""
        reason = why
    return None, reason


def _link(image: Grey) -> Iterator[grid.Grown]:
    """Grids of linked corners in full-image pixels, at all scales and contrasts."""
    seen = False
    for reduced, scale in _pyramid(image, _SIDES_PX):
        grown, _ = _grow(reduced)
        if grown is not None:
            seen = True
            yield _enlarge(grown, scale)
    # Where nothing like a grid is seen, one more look: a board of low contrast shows something at every scale.
    for reduced, scale in _pyramid(image, _SIDES_PX if seen else _SIDES_PX[:1]):
        grown, _ = _grow(_equalise(reduced))
        if grown is not None:
            yield _enlarge(grown, scale)


def _enlarge(grown: grid.Grown, scale: Array) -> grid.Grown:
    """A grid of a reduced image in pixels of the whole one."""
    return grid.Grown(*((part + 0.5) / scale - 0.5 for part in (grown.corners_px, grown.full)))


def _stronger(image: Grey, size: tuple[int, int], thorough: bool) -> Iterator[Array]:
    """Grids of the size (columns, rows) that OpenCV's detectors find, (rows, columns, 2) in full-image pixels.

    thorough: by both and with the contrast stretched as well.
    """
    cv2 = opencv.load()
    quick = cv2.CALIB_CB_ADAPTIVE_THRESH | cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_FAST_CHECK
    accurate = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_ACCURACY
    detectors = [(cv2.findChessboardCorners, quick, _CLASSIC_SIDE_PX)]
    if thorough:
        detectors.append((cv2.findChessboardCornersSB, accurate, _SECTOR_SIDE_PX))
    for stretched in (False, True) if thorough else (False,):
        for find, flags, side in detectors:
            reduced, scale = next(_pyramid(image, (side,)))
            seen, points = find(_equalise(reduced) if stretched else reduced, size, flags=flags)
            if seen:
                corners = np.asarray(points, dtype=np.float64).reshape(size[1], size[0], 2)
                yield _unmirror((corners + 0.5) / scale - 0.5)


def _unmirror(corners: Array) -> Array:
    right, down = corners[0, -1] - corners[0, 0], corners[-1, 0] - corners[0, 0]
    return corners if right[0] * down[1] - right[1] * down[0] > 0 else corners[:, ::-1]


def _pyramid(image: Grey, sides: tuple[int, ...]) -> Iterator[tuple[Grey, Array]]:
    """The image reduced to each longest side that is smaller than its own, and once as it is, with the scales."""
    cv2 = opencv.load()
    longest = max(image.shape)
    whole = False
    for side in sides:
        if side < longest:
            scale = side / longest
            size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
            scales = np.array([size[0] / image.shape[1], size[1] / image.shape[0]])
            yield cv2.resize(image, size, interpolation=cv2.INTER_AREA), scales
        elif not whole:
            whole = True
            yield image, np.ones(2)


def _grow(image: Grey) -> tuple[grid.Grown | None, str]:
    """The largest grid in an image at its own scale, by linking saddles."""
    return grid.best_grid(blur(image))


def _equalise(image: Grey) -> Grey:
    """Contrast stretched locally, in tiles of an eighth of the image."""
    stretched: Grey = opencv.load().createCLAHE(clipLimit=4.0, tileGridSize=(8, 8)).apply(image)
    return stretched


def _refine(image: Grey, corners: Array) -> tuple[grid.Grid | None, str]:
    """A grid refined and checked; None and the reason where it fails."""
    problem = grid.fault(corners)
    if problem:
        return None, problem
    height, width = image.shape
    limit = np.array([width - 1, height - 1])
    seen = np.isfinite(corners[..., 0])
    if (corners < 0).any() or (corners > limit).any():
        return None, "some of the board's corners are outside the image"
    refined = subpixel.refine(image, corners)
    lost = seen & (~(refined.explained >= _MIN_EXPLAINED) | ~np.isfinite(refined.corners_px[..., 0]))
    if lost.sum() > _MAX_LOST * seen.sum():
        return None, f"{int(lost.sum())} of {int(seen.sum())} corners are too blurred to be located"
    whole = np.where(lost[..., None], corners, refined.corners_px)
    problem = grid.fault(whole)
    if problem:
        return None, problem
    coloured = grid.with_colours(whole, image)
    left_out = lost | _is_disturbed(refined.explained, seen)
    return grid.Grid(np.where(left_out[..., None], np.nan, whole), coloured.dark_first), ""


def _is_disturbed(explained: Array, seen: Mask) -> Mask:
    """Which corners have something in their windows that those of the others have not: a finger, a glare, a label."""
    unexplained = 1.0 - explained
    return np.asarray(seen & (unexplained > max(_DISTURBED, _UNLIKE_OTHERS * middle(unexplained[seen]))))
