"""Mistakes of some images among others that are right: boards turned by half a turn, poses a row too early or late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.cell.conventions.interpretations import HandEyeInterpretation, half_turn, turn_boards
from calib.cell.conventions.row_orders import rows_from
from calib.cell.frame_loop import lengths_and_angles, loop_error
from calib.geometry import se3
from calib.robot.start.inliers import within
from calib.text import first_few

if TYPE_CHECKING:
    from calib.cell.frame_loop import Setup
    from calib.cell.pairing.paired_views import PairedViews
    from calib.cell.start.setup import ClosedFormStart

    Found = tuple[HandEyeInterpretation, str, str]

FEWEST_SHIFTED = 3  # neighbours, of which none fits by chance
MOST_ALIEN = 0.34  # share of the neighbours that may belong to neither, as wrong pairs among them


def find_minority(pairs: PairedViews, setup: Setup, given: ClosedFormStart) -> Found | None:
    """What undoes a mistake of the images that disagree with the others; what is left of them without and with."""
    if given.inliers.all():
        return None
    return _turned_boards(pairs, setup, given) or _shifted_rows(pairs, setup, given)


def _turned_boards(pairs: PairedViews, setup: Setup, given: ClosedFormStart) -> Found | None:
    """Images that fit with the board's corners counted from its other end."""
    turn = half_turn(pairs)
    if turn is None:
        return None
    turned = pairs.seen.camera_from_board @ se3.inverse(turn)
    off = _off(setup, pairs.base_from_flange, turned, given)
    which = ~given.inliers & _agree(off, given)
    if not which.any():
        return None
    images = [view.image for view, wrong in zip(pairs.seen.views, which, strict=True) if wrong]
    name = f"the board is turned by 180 degrees in {first_few(images)}"
    return HandEyeInterpretation(name, turn_boards(turn, which)), *_words(given, off, which)


def _shifted_rows(pairs: PairedViews, setup: Setup, given: ClosedFormStart) -> Found | None:
    """Neighbouring images whose poses are a row further down or up: one list has a gap that the other has not."""
    if pairs.clock is not None:
        return None
    assert pairs.table.rotation is not None
    assert pairs.table.position is not None
    for step, direction in ((1, "down"), (-1, "up")):
        rows = pairs.rows + step
        inside = (rows >= 0) & (rows < len(pairs.table.lines))
        rows = np.where(inside, rows, pairs.rows)
        flange = se3.compose(pairs.table.rotation[rows], pairs.table.position[rows])
        off = _off(setup, flange, pairs.seen.camera_from_board, given)
        which = ~given.inliers & _agree(off, given) & inside
        if which.sum() < FEWEST_SHIFTED:
            continue
        first, last = np.flatnonzero(which)[[0, -1]].tolist()
        if (given.inliers[first : last + 1] & ~which[first : last + 1]).mean() > MOST_ALIEN:
            continue
        images = pairs.seen.views[first].image, pairs.seen.views[last].image
        name = f"the pose of each image from {images[0]} to {images[1]} is one row further {direction}"
        return HandEyeInterpretation(name, rows_from(first, last, step)), *_words(given, off, which)
    return None


def _off(setup: Setup, flange: Array, boards: Array, given: ClosedFormStart) -> tuple[Array, Array]:
    """Lengths and angles (n,) by which other poses miss the hand-eye given."""
    x, y = given.mount_from_camera, given.fixture_from_board
    return lengths_and_angles(loop_error(setup, flange, x, y, boards).residuals)


def _agree(off: tuple[Array, Array], given: ClosedFormStart) -> Mask:
    """Which images (n,) are then no outliers among those that agree."""
    medians = [float(np.median(each[given.inliers])) for each in (given.off_m, given.off_rad)]
    fits = [_within_median(values, median) for values, median in zip(off, medians, strict=True)]
    return fits[0] & fits[1]


def _within_median(values: Array, median: float) -> Mask:
    """Which values (n,) are no outliers among those whose median is given."""
    return np.asarray(within(np.append(values, [median] * (len(values) + 1)), 0.0)[: len(values)])


def _words(given: ClosedFormStart, off: tuple[Array, Array], which: Mask) -> tuple[str, str]:
    """Medians of the images in question, as given and as interpreted."""
    without, left = (
        f"{1000 * np.median(lengths[which]):.3g} mm and {np.degrees(np.median(angles[which])):.3g} deg"
        for lengths, angles in ((given.off_m, given.off_rad), off)
    )
    return without, left
