"""The convention doctor: are poses, board and pairing meant as they were read?

Every other reading is tried by the residual that the closed forms leave, singly and then in pairs. One is named only
where it fits, the data as read leave several times as much, and so the difference is beyond doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.cell.hand_eye.frame_loop import SETUPS, Setup, discrepancy, sizes
from calib.cell.hand_eye.interpretations import Reading, half_turned, readings, scaled, turned_board
from calib.cell.hand_eye.motion import require_motion
from calib.cell.hand_eye.start import Start, hand_eye_start
from calib.errors import DegenerateError, InputError
from calib.geometry import se3
from calib.robot.conventions.diagnose import DECISIVE, FITS_RAD, FITS_SHARE, JUDGED_ROWS
from calib.robot.start.pose import within

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calib.cell.hand_eye.paired_views import Data


SOUND = 0.004  # residual as a share of the motion and in rad, below which no other reading is looked for
FEWEST_JUDGES = 4  # images, below which anything fits
BEAM = 8  # readings that turn most alike, from which pairs go on
LEAST_SCALE = 0.05  # a lens calibrated on a bent board makes boards seem off by 2 or 3 %
SCALE_SIGMAS = 6.0
ROUNDING = 1e-6  # size of a residual below which exact data differ by chance
SHOWN = 3  # findings named in the message


@dataclass(frozen=True)
class Finding:
    """Another reading that fits decisively better. given, other: what the closed forms leave of both, in words."""

    reading: Reading
    given: str
    other: str

    def __str__(self) -> str:
        return f"{self.reading.name}: {self.other} instead of {self.given}"


def understood(
    data: Data, setup: Setup | None, method: str | None, fix: bool
) -> tuple[Data, Setup, Start, Start | None, tuple[Finding, ...]]:
    """Data, set-up and start as they are meant; the start of the other set-up, if both were tried; what was read
    differently.

    Raises InputError `conventions` where another reading fits and `fix` is off, `hand-eye-does-not-fit` where none
    does, `setup-undecided`; DegenerateError as `require_motion`.
    """
    applied: list[Finding] = []
    while found := _asked(data, setup):
        if not fix or len(applied) > SHOWN:
            raise InputError(
                f"the data do not fit as they are read; they do if {found[0].reading.name}",
                code="conventions",
                where=data.table.name,
                why="; or if ".join(str(each) for each in found[:SHOWN]),
                advice="mend the table, the board or the options, or accept the first with --fix-conventions",
            )
        applied.append(found[0])
        data = found[0].reading.apply(data)
    setup, start, other = _best(data, setup, method)
    if not _fits(start):
        raise InputError(
            f"images and poses do not fit together: off by {start} at the median",
            code="hand-eye-does-not-fit",
            where=data.table.name,
            why="no other reading of units, order, conventions or pairing fits either",
            advice="check that every image has the pose the robot stood in when it was taken"
            if data.clock is None
            else "search a larger time offset with --max-offset, or check both clocks",
        )
    if other is not None and other.size < DECISIVE * max(start.size, ROUNDING):
        raise InputError(
            "the data do not tell whether the camera is on the hand or fixed",
            code="setup-undecided",
            where=data.table.name,
            why=f"{setup}: off by {start} at the median; the other set-up: {other}",
            advice="say which with --setup eye-in-hand or --setup eye-to-hand, or take more images (three never tell)",
        )
    return data, setup, start, other, tuple(applied)


def _asked(data: Data, setup: Setup | None) -> tuple[Finding, ...]:
    """What `diagnose` finds; of poses that hardly turn, the readings by which they turn as the board does."""
    try:
        require_motion(data.mount_from_rest(setup or SETUPS[0]), setup or SETUPS[0])
    except DegenerateError as error:
        turning = [(reading, left) for reading, left in _tried(data, setup, readings(data, setup)) if _fits(left)]
        if not turning:
            raise
        return tuple(Finding(reading, error.what, str(left)) for reading, left in turning)
    return diagnose(data, setup)


def diagnose(data: Data, setup: Setup | None) -> tuple[Finding, ...]:
    """Other readings that fit decisively better, best first; none where the data are sound."""
    given = _best(data, setup, None)[1]
    if given.size < SOUND:
        return _half_turns(data, setup, given) or _board_size(data, setup, given)
    options = readings(data, setup)
    found = _decisive(_tried(data, setup, options), given)
    if found:
        return found
    if _fits(given):
        return _half_turns(data, setup, given) or _board_size(data, setup, given)
    likely = sorted(options, key=lambda reading: _unlikeness(reading.apply(data)))[:BEAM]
    pairs = [first.then(second) for first in likely for second in readings(first.apply(data), setup)]
    return _decisive(_tried(data, setup, pairs), given) or _board_size(data, setup, given)


def _best(data: Data, setup: Setup | None, method: str | None) -> tuple[Setup, Start, Start | None]:
    """The set-up given, or the one that fits better; its start, and the other's."""
    flange, seen = data.base_from_flange, data.seen.camera_from_board
    if setup is not None:
        return setup, hand_eye_start(setup, flange, seen, method), None
    starts = {each: hand_eye_start(each, flange, seen, method) for each in SETUPS}
    first, second = sorted(SETUPS, key=lambda each: starts[each].size)
    return first, starts[first], starts[second]


def _fits(start: Start) -> bool:
    return start.median_m < FITS_SHARE * start.motion_m and start.median_rad < FITS_RAD


def _tried(data: Data, setup: Setup | None, options: Iterable[Reading]) -> list[tuple[Reading, Start]]:
    """Readings with what the fastest closed form leaves, best first; those that determine nothing left out."""
    tried = []
    for reading in options:
        meant = _judged(reading.apply(data))
        if len(meant.rows) < FEWEST_JUDGES or _unlikeness(meant) > 2 * FITS_RAD:
            continue
        try:
            require_motion(meant.mount_from_rest(setup or SETUPS[0]), setup or SETUPS[0])
            tried.append((reading, _best(meant, setup, "shah")[1]))
        except DegenerateError:
            continue
    return sorted(tried, key=lambda pair: pair[1].size)


def _judged(data: Data) -> Data:
    """Not all of many images, and not in step with any pattern in them."""
    if len(data.rows) <= JUDGED_ROWS:
        return data
    few = np.sort(np.random.default_rng(0).permutation(len(data.rows))[:JUDGED_ROWS])
    return data.chosen(few)


def _unlikeness(data: Data) -> float:
    """How differently robot and board turn from one image to the next, rad, at the median: whatever the frames and the
    set-up, both turn by one angle (H. H. Chen, CVPR 1991). Images off by an angle differ by at most twice that."""
    steps = []
    for poses in (data.base_from_flange, data.seen.camera_from_board):
        chord = np.linalg.norm(poses[1:, :3, :3] - poses[:-1, :3, :3], axis=(1, 2))
        steps.append(2 * np.arcsin(np.minimum(chord / np.sqrt(8.0), 1.0)))
    return float(np.median(np.abs(steps[0] - steps[1]))) if len(steps[0]) else np.inf


def _decisive(tried: list[tuple[Reading, Start]], given: Start) -> tuple[Finding, ...]:
    good = [(reading, left) for reading, left in tried if _fits(left) and given.size > DECISIVE * left.size]
    least = good[0][1].size if good else 0.0
    near = [(reading, left) for reading, left in good if left.size < DECISIVE * least]
    return tuple(Finding(reading, str(given), str(left)) for reading, left in near)


def _half_turns(data: Data, setup: Setup | None, given: Start) -> tuple[Finding, ...]:
    """Images that do not fit, and do with the board's corners counted from its other end."""
    turn = turned_board(data)
    if turn is None or given.agree.all():
        return ()
    setup = _best(data, setup, None)[0]
    seen = data.seen.camera_from_board @ se3.inverse(turn)
    off = sizes(discrepancy(setup, data.base_from_flange, given.x, given.y, seen).residuals)
    limits = [(float(np.median(each[given.agree]))) for each in (given.off_m, given.off_rad)]
    fits = [within_of(values, limit) for values, limit in zip(off, limits, strict=True)]
    which = ~given.agree & fits[0] & fits[1]
    if not which.any():
        return ()
    names = [view.image for view, turned in zip(data.seen.views, which, strict=True) if turned]
    words = f"the board is turned by 180 degrees in {', '.join(names[:4])}" + (
        f" and {len(names) - 4} more" if len(names) > 4 else ""
    )
    left = [f"{1000 * np.median(m[which]):.3g} mm and {np.degrees(np.median(r[which])):.3g} deg" for m, r in (
        (given.off_m, given.off_rad), off)]  # fmt: skip
    return (Finding(Reading(words, half_turned(turn, which)), left[0], left[1]),)


def within_of(values: Array, median: float) -> NDArray[np.bool_]:
    """Which values (n,) are no outliers among those whose median is given."""
    return np.asarray(within(np.append(values, [median] * (len(values) + 1)), 0.0)[: len(values)])


def _board_size(data: Data, setup: Setup | None, given: Start) -> tuple[Finding, ...]:
    """A board of another size, if the robot's lengths ask for it beyond doubt."""
    # rotations by a method that takes them from rotations alone: a wrong size does not touch them
    chosen, start, _ = _best(data, setup, "shah")
    ratio, sigma = _ratio(data, chosen, start)
    if not (ratio > 0 and abs(ratio - 1) > max(LEAST_SCALE, SCALE_SIGMAS * sigma)):
        return ()
    points = data.seen.views[0].corners_in_board
    step = float(np.min(np.linalg.norm(points[1:] - points[0], axis=1)))
    words = f"the board is {ratio:.3f} times as large as given ({1e3 * ratio * step:.4g} mm between corners, not"
    reading = Reading(f"{words} {1e3 * step:.4g})", scaled(ratio))
    left = _best(reading.apply(data), setup, None)[1]
    if not _fits(left) or left.size >= given.size:
        return ()
    return (Finding(reading, str(given), str(left)),)


def _ratio(data: Data, setup: Setup, start: Start) -> tuple[float, float]:
    """The board's size by the robot over the size given, with its standard deviation.

    With the rotations known, R_X c s + t_X = R_G t_Y + t_G is linear in the two translations and the ratio s.
    """
    g, c = data.mount_from_rest(setup)[start.agree], data.seen.camera_from_board[start.agree]
    count = len(g)
    equations = np.zeros((count, 3, 7))
    equations[:, :, :3] = np.eye(3)
    equations[:, :, 3:6] = -g[:, :3, :3]
    equations[:, :, 6] = c[:, :3, 3] @ start.x[:3, :3].T
    flat, right = equations.reshape(-1, 7), g[:, :3, 3].ravel()
    unknown, _, rank, _ = np.linalg.lstsq(flat, right, rcond=None)
    if rank < 7 or 3 * count <= 7:
        return 1.0, np.inf
    left = flat @ unknown - right
    variance = float(left @ left) / (3 * count - 7)
    return float(unknown[6]), float(np.sqrt(variance * np.linalg.inv(flat.T @ flat)[6, 6]))
