"""Images in a stream of poses: the offset between two clocks, found before anything else is known.

Whatever the frames and the set-up, board and flange turn by one angle between two images (H. H. Chen, CVPR 1991). So
the offset is where the angles between pairs of images are those of the flange; it takes no hand-eye, no lengths, and
no images close to each other as a correlation of angular speeds would.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy.optimize import minimize_scalar

from calib.arrays import Array, Index, Mask
from calib.cell.pairing.pose_stream import PoseStream
from calib.errors import InputError
from calib.geometry import so3

PAIRS = 200  # of images; each determines an offset to a few ms, and thousands would add nothing
STEP_RAD = np.deg2rad(1.0)  # of the flange at its quick moments, per step of the search: wrong offsets miss by more
MOST_STEPS = 20_000
SOME_ROWS = 2_000  # of a stream, by which its quick moments are known
CAP_RAD = np.deg2rad(6.0)  # a pair that misses by more is of a wrong image, or of a wrong offset
MOST_RAD = CAP_RAD / 2  # mean miss, beyond which as many pairs are wrong as are right
ALIKE = 2.0  # times the least miss, that fits as well
ALIKE_RAD = np.deg2rad(0.02)  # the same for poses without noise


@dataclass(frozen=True)
class OffsetSearch:
    """What a search of the offset found, in seconds."""

    seconds: float
    """The offset that fits best."""

    low: float
    high: float
    """All about it, from low to high, that fit as well."""

    rival: float | None
    """Another one that does."""

    fits: bool
    """Whether any does."""

    most_s: float
    """How far was searched."""


@dataclass(frozen=True, eq=False)
class Clock:
    """Images in a stream of poses, through the offset of two clocks."""

    stream: PoseStream

    image_s: Array
    """(n,) by the images' clock."""

    offset_s: float
    """By which the robot's clock is ahead."""

    search: OffsetSearch

    held: str = ""
    """Why the offset is not estimated, in words; empty if it is."""

    @property
    def robot_s(self) -> Array:
        """Times (n,) of the images by the robot's clock."""
        return self.image_s + self.offset_s

    @cached_property
    def base_from_flange(self) -> Array:
        """(n, 4, 4) for each image."""
        return self.stream.at(self.robot_s)

    @cached_property
    def twist(self) -> Array:
        """(n, 6) the flange's velocity in each image, along its own axes."""
        return self.stream.twist(self.robot_s)

    @property
    def covered(self) -> Mask:
        """Which images (n,) the stream has a pose for."""
        return self.stream.has(self.robot_s)

    def select(self, index: Index) -> Clock:
        """Some of the images."""
        return replace(self, image_s=self.image_s[index])

    def at(self, offset_s: float) -> Clock:
        """The same images at another offset."""
        return self if offset_s == self.offset_s else replace(self, offset_s=offset_s)

    def require_known(self, where: str) -> None:
        """Raise InputError `time-offset-undecided` where another offset fits as well, `time-offset-range` where the
        best is the farthest, or what is held is the middle of what may go on beyond it."""
        s = self.search
        if not s.fits:
            return  # which points to the poses rather than to the clocks
        if s.rival is not None:
            raise InputError(
                "several time offsets fit images and poses",
                code="time-offset-undecided",
                where=where,
                why=f"{s.seconds:.3f} s, and {s.rival:.3f} s as well: the motion repeats itself, or the images are few",
                advice="search less far with --max-time-offset-s, or move in ways that do not repeat",
            )
        farthest = max(-s.low, s.high) if self.held else abs(s.seconds)
        if self.offset_s != 0 and farthest > 0.999 * s.most_s:
            raise InputError(
                "the time offset may be farther than what was tried",
                code="time-offset-range",
                where=where,
                why=f"{self.offset_s:.3f} s fits best, of at most {s.most_s:g} s either way",
                advice="search farther with --max-time-offset-s",
            )


def align_clocks(stream: PoseStream, image_s: Array, camera_from_board: Array, most_s: float) -> Clock:
    """Images (n,) with their board's poses (n, 4, 4), at the offset of at most `most_s` that their turns determine.

    Where nothing fits, or the robot is stationary in every image, the offset is held, at zero if that fits as well.
    """
    search = _search_offset(stream, image_s, camera_from_board, most_s)
    if not search.fits:
        return Clock(stream, image_s, 0.0, search, "no time offset makes the flange turn as the board does")
    found = Clock(stream, image_s, search.seconds, search)
    inside = found.robot_s[found.covered]
    if most_s > 0 and (not inside.size or not stream.is_stationary(inside)):
        return found
    if search.low <= 0 <= search.high:
        reason = "the robot is stationary in every image, so the time offset is not observable: held at zero"
        return replace(found, offset_s=0.0, held=reason if most_s > 0 else "the time offset is held at zero, as asked")
    middle = (search.low + search.high) / 2
    reason = (
        f"the robot is stationary in every image: any time offset from {search.low:.3f} to {search.high:.3f} s fits, "
        f"but zero does not; held at their middle, {middle:.3f} s"
    )
    return replace(found, offset_s=middle, held=reason)


def _search_offset(stream: PoseStream, image_s: Array, camera_from_board: Array, most_s: float) -> OffsetSearch:
    """The offset by the mean miss of the angles between pairs of images, on a grid and then between its points."""
    first, second = _pairs(len(image_s))
    turned = _turn(camera_from_board[first], camera_from_board[second])

    def misses(offset_s: float) -> tuple[float, int]:
        ends = [image_s[index] + offset_s for index in (first, second)]
        inside = stream.has(ends[0]) & stream.has(ends[1])
        off = np.abs(_turn(stream.at(ends[0]), stream.at(ends[1])) - turned)[inside]
        return (float(np.minimum(off, CAP_RAD).mean()) if off.size else np.inf), int(inside.sum())

    grid = _grid(stream, most_s)
    tried = [misses(offset) for offset in grid.tolist()]
    miss, count = np.array([each[0] for each in tried]), np.array([each[1] for each in tried])
    miss[count < count.max() / 2] = np.inf  # an offset by few pairs is no rival to one by many
    best = int(np.argmin(miss))
    if not miss[best] < MOST_RAD:
        return OffsetSearch(0.0, 0.0, 0.0, None, False, most_s)
    alike = miss <= max(ALIKE * miss[best], ALIKE_RAD)
    low, high = best, best
    while low > 0 and alike[low - 1]:
        low -= 1
    while high < len(grid) - 1 and alike[high + 1]:
        high += 1
    alike[low : high + 1] = False
    others = np.flatnonzero(alike)
    rival = float(grid[others[np.argmin(miss[others])]]) if others.size else None
    seconds = float(grid[best])
    if 0 < best < len(grid) - 1:
        between = (grid[best - 1], grid[best + 1])
        seconds = float(minimize_scalar(lambda s: misses(s)[0], bounds=between, method="bounded").x)
    return OffsetSearch(seconds, float(grid[low]), float(grid[high]), rival, True, most_s)


def _grid(stream: PoseStream, most_s: float) -> Array:
    """Offsets to try, zero among them, so close that the flange turns by `STEP_RAD` at most in its quick moments."""
    some = stream.time_s[:: 1 + len(stream.time_s) // SOME_ROWS]
    quick = np.quantile(np.linalg.norm(stream.twist(some)[:, 3:], axis=1), 0.95)
    steps = int(np.clip(np.ceil(most_s * quick / STEP_RAD), 1, MOST_STEPS)) if most_s > 0 else 0
    return np.linspace(-most_s, most_s, 2 * steps + 1)


def _pairs(count: int) -> tuple[Index, Index]:
    """Indices of pairs of images: all of few, some of many."""
    rng = np.random.default_rng(0)
    if count * (count - 1) // 2 <= PAIRS:
        every = np.array(list(combinations(range(count), 2)), dtype=np.intp).reshape(-1, 2)
        return every[:, 0], every[:, 1]
    first = rng.integers(0, count, PAIRS)
    return first, (first + rng.integers(1, count, PAIRS)) % count


def _turn(a: Array, b: Array) -> Array:
    """Angles (n,) rad from poses (n, 4, 4) to others."""
    return so3.angle_between(a[:, :3, :3], b[:, :3, :3])
