"""Round spots in an image: dark ones on a lighter ground or the reverse, as ellipses, their middles to sub-pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Grey, Index
from calib.camera.images import opencv

_SIDE_PX = 1600  # the longest of the image that is searched
_COARSE = 4  # times smaller is the image whose windows are looked at
_WINDOWS = (0.12, 0.04)  # sides of the windows whose mean decides light or dark, in parts of the image's longer side
_DEVIATIONS = 0.3  # below that mean: paper is most of a window, so that the middle between ink and paper is lower
_LEAST_CONTRAST = 6.0  # grey levels
_LEAST_AXIS_PX = 2.5
_LARGEST = 0.2  # semi-axis in parts of the image's longer side
_MOST_ECCENTRIC = 6.0  # ratio of the axes: a circle at 80 degrees
_UNEVEN = (0.04, 0.2)  # standard deviation of a rim's distance in parts of the radius: share, and pixels; a square .11
_APART = 0.7  # radii of the smaller of two spots: nearer, they are one
_REACH = 2.0  # radii that are looked at around a spot without neighbours
_TIGHT = 1.12  # radii that must be free around it
_INSIDE = 0.5  # radii of the part that is ink and nothing else
_PAPER = 0.5  # of the way from the rim to the reach: beyond, all is paper
_PIXELS = 1_000_000  # of patches at once
_LEAST_SHADE = 20.0  # grey levels between a spot and its ground to be measured


@dataclass(frozen=True, eq=False)
class Spots:
    """Ellipses."""

    centre_px: Array
    """(n, 2)"""
    shape: Array
    """(n, 2, 2) symmetric, of px^2: x' shape^-1 x = 1 on the rim."""
    dark: bool
    """Whether they are darker than their ground."""

    def __len__(self) -> int:
        return len(self.centre_px)

    def select(self, index: Index) -> Spots:
        """Some of them."""
        return Spots(self.centre_px[index], self.shape[index], self.dark)

    @property
    def area_px(self) -> Array:
        """(n,)"""
        return np.asarray(np.pi * np.sqrt(np.linalg.det(self.shape)))

    def radii_between(self, others: Index) -> Array:
        """Distances (n, k) to other spots (n, k), in radii of the two: the geometric mean of what each makes of them,
        which the perspective does not change to first order."""
        off = self.centre_px[others] - self.centre_px[:, None]
        inverse = np.linalg.inv(self.shape)
        own = np.einsum("nki,nij,nkj->nk", off, inverse, off)
        theirs = np.einsum("nki,nkij,nkj->nk", off, inverse[others], off)
        return np.asarray((own * theirs) ** 0.25)


def find_spots(image: Grey, dark: bool = True) -> Spots:
    """Regions of one tone whose outlines are ellipses, each once, looked for in a reduced image if that is large."""
    cv2, scale = opencv.load(), _SIDE_PX / max(image.shape)
    if scale >= 1:
        return _find(image, dark)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found, each = _find(small, dark), np.array(image.shape[::-1]) / small.shape[::-1]
    return Spots((found.centre_px + 0.5) * each - 0.5, found.shape * each * each[:, None], dark)


def _find(image: Grey, dark: bool) -> Spots:
    cv2, tone = opencv.load(), image if dark else 255 - image
    outlines: list[Array] = []
    for part in _WINDOWS:
        found, tree = cv2.findContours(_darker(tone, part), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        outer = () if tree is None else np.flatnonzero(tree.reshape(-1, 4)[:, 3] < 0).tolist()  # the others are holes
        outlines += [found[i].reshape(-1, 2) for i in outer if 12 <= len(found[i]) <= 8 * _LARGEST * max(image.shape)]
    ellipses = _ellipses(outlines, max(image.shape))
    return _once(Spots(*ellipses, dark)) if len(ellipses[0]) else Spots(*ellipses, dark)


def _darker(image: Grey, part: float) -> Grey:
    """255 where an image is darker than what is around it, by a threshold that is as smooth as its window is wide."""
    cv2, longest = opencv.load(), max(image.shape)
    coarse = cv2.resize(image, None, fx=1 / _COARSE, fy=1 / _COARSE, interpolation=cv2.INTER_AREA).astype(np.float32)
    side = max(5, round(part * longest / _COARSE)) | 1
    mean = cv2.boxFilter(coarse, -1, (side, side), borderType=cv2.BORDER_REFLECT_101)
    square = cv2.sqrBoxFilter(coarse, -1, (side, side), borderType=cv2.BORDER_REFLECT_101)
    deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
    limit = np.where(deviation > _LEAST_CONTRAST, mean - _DEVIATIONS * deviation, 0.0)
    smooth = cv2.resize(limit.astype(np.uint8), image.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.compare(image, smooth, cv2.CMP_LT))


def _ellipses(outlines: list[Array], side_px: int) -> tuple[Array, Array]:
    """Centres (n, 2) and shapes (n, 2, 2) of those of the outlines (k, 2) that are ellipses."""
    keys = ("m00", "m10", "m01", "mu20", "mu11", "mu02")
    moments = [[each[key] for key in keys] for each in map(opencv.load().moments, outlines)]
    area, x, y, xx, xy, yy = np.reshape(moments, (-1, 6)).T
    with np.errstate(all="ignore"):
        half, root = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        minor, major = (2 * np.sqrt(np.maximum(half + sign * root, 0.0) / area) for sign in (-1, 1))
        round_ = (minor > _LEAST_AXIS_PX) & (major < np.minimum(_LARGEST * side_px, _MOST_ECCENTRIC * minor))
    kept = np.flatnonzero(round_)
    if not len(kept):
        return np.zeros((0, 2)), np.zeros((0, 2, 2))
    centre = np.column_stack([x, y])[kept] / area[kept, None]
    shape = 4 * np.stack([xx, xy, xy, yy], axis=-1)[kept].reshape(-1, 2, 2) / area[kept, None, None]
    counts = np.array([len(outlines[i]) for i in kept])
    which, starts = np.repeat(np.arange(len(kept)), counts), np.cumsum(counts) - counts
    off = np.concatenate([outlines[i] for i in kept]) - centre[which]
    rim = np.sqrt(np.einsum("ni,nij,nj->n", off, np.linalg.inv(shape)[which], off))
    mean, square = (np.add.reduceat(each, starts) / counts for each in (rim, rim**2))
    good = np.sqrt(np.maximum(square - mean**2, 0.0)) < _UNEVEN[0] + _UNEVEN[1] / minor[kept]
    # outlines run through the middles of the outermost pixels
    return centre[good], shape[good] * (1 + 0.5 / minor[kept][good, None, None]) ** 2


def _once(spots: Spots) -> Spots:
    """Of spots about one place, the first: that of the larger window."""
    order = np.argsort(spots.centre_px[:, 0], kind="stable")
    centre, size = spots.centre_px[order], np.sqrt(spots.area_px / np.pi)[order]
    ends = np.searchsorted(centre[:, 0], centre[:, 0] + size.max(), side="right")
    keep = np.ones(len(order), bool)
    for i, end in enumerate(ends.tolist()):
        distance = np.hypot(*(centre[i + 1 : end] - centre[i]).T)
        for j in (i + 1 + np.flatnonzero(distance < _APART * np.minimum(size[i], size[i + 1 : end]))).tolist():
            keep[j if order[j] > order[i] else i] = False
    return spots.select(np.sort(order[keep]))


def measure_spots(image: Grey, spots: Spots, spacing_radii: float) -> tuple[Array, Array]:
    """The middles (n, 2) of spots' areas and these areas (n,) in px, NaN where one cannot be measured.

    Of the grey values between ground and ink, so that blur, which moves neither, does no harm. spacing_radii: between
    neighbours, in radii.
    """
    reach = min(_REACH, spacing_radii / 2)
    middles, areas = np.full((len(spots), 2), np.nan), np.full(len(spots), np.nan)
    half = np.ceil(reach * np.sqrt(np.einsum("nii->ni", spots.shape))).astype(int) + 1
    low = np.rint(spots.centre_px).astype(int) - half
    whole = (low >= 0).all(axis=1) & (low + 2 * half < np.array(image.shape)[::-1]).all(axis=1)
    if reach < _TIGHT or not whole.any():
        return middles, areas
    tone, width = image if spots.dark else 255 - image, half[whole].max()
    index = np.flatnonzero(whole)
    steps = np.arange(-width, width + 1)
    for some in np.array_split(index, 1 + len(index) * len(steps) ** 2 // _PIXELS):
        at = np.rint(spots.centre_px[some]).astype(int)
        # patches of one size: what sticks out of the image is beyond every spot's reach
        rows = np.clip(at[:, 1, None] + steps, 0, image.shape[0] - 1)
        columns = np.clip(at[:, 0, None] + steps, 0, image.shape[1] - 1)
        patches = tone[rows[:, :, None], columns[:, None, :]].astype(np.float64)
        off, areas[some] = _weigh(patches, steps, spots.centre_px[some] - at, spots.shape[some], reach)
        middles[some] = spots.centre_px[some] + off
    return middles, areas


def _weigh(patches: Array, steps: Index, centre: Array, shape: Array, reach: float) -> tuple[Array, Array]:
    """How far the middles (n, 2) of the areas of dark spots in patches (n, p, p) are from centres (n, 2); areas (n,).

    steps: (p,) coordinates of the patches' pixels, along both axes.
    """
    x, y = np.broadcast_arrays(steps - centre[:, 0, None, None], steps[:, None] - centre[:, 1, None, None])
    a, b, d = np.linalg.inv(shape)[:, [0, 0, 1], [0, 1, 1]].T[:, :, None, None]
    radii = np.sqrt(a * x**2 + 2 * b * x * y + d * y**2)
    paper = ((radii > 1 + _PAPER * (reach - 1)) & (radii < reach)).astype(np.float64)
    ground = np.stack([np.ones_like(x, dtype=float), x, y])
    matrix = np.einsum("anij,bnij,nij->nab", ground, ground, paper)
    right = np.einsum("anij,nij,nij->na", ground, paper, patches)
    light = np.einsum("na,anij->nij", np.linalg.solve(matrix, right[..., None])[..., 0], ground)
    inside = (radii < _INSIDE).astype(np.float64)
    ink = (inside * patches).sum(axis=(1, 2)) / inside.sum(axis=(1, 2))
    shade = np.einsum("nij,nij->n", light, inside) / inside.sum(axis=(1, 2)) - ink
    weight = np.where(radii < reach, (light - patches) / (light - ink[:, None, None]), 0.0)
    area = np.where(shade > _LEAST_SHADE, weight.sum(axis=(1, 2)), np.nan)
    return np.stack([(weight * x).sum(axis=(1, 2)), (weight * y).sum(axis=(1, 2))], axis=1) / area[:, None], area
