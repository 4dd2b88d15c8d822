"""A film becomes views of a board: sharp, whole, and as far apart in pose as a bounded number of them can be."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from calib.arrays import Array, Grey, Index
from calib.camera.board import Board
from calib.camera.detection.detect import detect
from calib.camera.images.film import FilmFrames, write_sharpest
from calib.camera.images.read import read_grey
from calib.camera.observations import Observations, View
from calib.camera.timeout import TIMEOUT_S
from calib.errors import CalibError
from calib.text import one_line

MOST_VIEWS = 40  # more of them gain less than sqrt(2) each time their number doubles, and take as much longer
FEWEST_WHOLE = 12  # below, views of parts of the board are taken as well
PART = 0.7  # of the corners that most views show
BLURRED = 1.5  # times the width of edges that a quarter of the views stay below
FINEST = 4  # pixels from a corner, at least, within which its edges are measured
WIDEST = 20
CORNERS = 40  # of a view, whose edges are measured
TILT = 1000.0  # px: a bend of a tenth of the size of the board counts as much as 100 px beside


def detect_film(
    film: str | Path,
    board: Board | str | None = None,
    *,
    most: int = MOST_VIEWS,
    jobs: int | None = None,
    timeout_s: float = TIMEOUT_S,
    on_progress: Callable[[int, int], object] | None = None,
) -> Observations:
    """Find a board's corners in chosen frames of a film; the same film gives the same frames.

    Of every few frames the sharpest is searched. Of the views found, those with the whole board and without blur are
    kept, and of these at most `most`, chosen so that their poses lie as far apart as possible. Views are called
    frame_000123.bmp by their number, from 0. board, jobs, timeout_s, on_progress: as of `calib.camera.detect`.
    Raises InputError `film-unreadable`, `film-too-long`, and as `detect`.
    """
    film = Path(film)
    with tempfile.TemporaryDirectory() as place:
        frames = write_sharpest(film, Path(place))
        try:
            seen = detect(place, board, jobs=jobs, timeout_s=timeout_s, on_progress=on_progress)
        except CalibError as error:
            error.where = one_line(str(film))
            raise
        widths = np.array([edge_width_px(read_grey(Path(place) / v.image)[0], v.corners_px) for v in seen.views])
    return _choose(seen, widths, frames, one_line(film.name), most)


def _choose(seen: Observations, widths: Array, frames: FilmFrames, name: str, most: int) -> Observations:
    counts = np.array([len(view.corners_px) for view in seen.views])
    whole = np.flatnonzero(counts == counts.max())
    what = "the whole board"
    if len(whole) < FEWEST_WHOLE:
        whole, what = np.flatnonzero(counts >= PART * counts.max()), f"{100 * PART:.0f} % of the board or more"
    limit = BLURRED * float(np.quantile(widths[whole], 0.25))
    sharp = whole[widths[whole] <= limit]
    chosen = np.sort(sharp[spread([seen.views[i] for i in sharp], most, int(np.argmin(widths[sharp])))])
    note = (
        f"{name}: {frames.frames} frames, of every {frames.step} the sharpest was searched ({frames.taken}); "
        f"{len(whole)} show {what}, {len(sharp)} of them with edges up to {limit:.1f} px wide; "
        f"{len(chosen)} used, chosen for poses far apart"
    )
    return replace(seen, views=tuple(seen.views[i] for i in chosen), excluded=(), notes=(note, *seen.notes))


def spread(views: Sequence[View], most: int, first: int) -> Index:
    """Which views (at most `most`) lie far apart: from the first on, always the one farthest from all chosen."""
    places = np.array([_place(view) for view in views])
    chosen = [first]
    nearest = np.linalg.norm(places - places[first], axis=1)
    while len(chosen) < min(most, len(views)):
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, np.linalg.norm(places - places[chosen[-1]], axis=1))
    return np.array(chosen, dtype=np.intp)


def _place(view: View) -> Array:
    """Where the board lies in the image (12,), pixels: its middle, its sides, and how perspective bends them.

    Coefficients of a second-order map from the board, scaled to [-1, 1], to pixels: the first order is size and turn
    in the image, the second, divided by the size, the tilt.
    """
    x, y = (view.corners_in_board[:, k] for k in range(2))
    x, y = (2 * (each - each.min()) / max(float(np.ptp(each)), 1e-12) - 1 for each in (x, y))
    terms = np.column_stack([np.ones(len(x)), x, y, x * x, x * y, y * y])
    found = np.linalg.lstsq(terms, view.corners_px, rcond=None)[0]
    size = float(np.linalg.norm(found[1:3]))
    return np.concatenate([found[:3].ravel(), TILT * found[3:].ravel() / max(size, 1e-12)])


def edge_width_px(image: Grey, corners_px: Array) -> float:
    """Median width of the edges at corners (n, 2): contrast over the steepest slope across the blurrier direction."""
    corners = corners_px[:: max(1, len(corners_px) // CORNERS)]
    apart = np.linalg.norm(corners_px[:, None] - corners[None], axis=2)
    near = np.where(apart > 0, apart, np.inf).min(axis=0)
    widths = []
    for (x, y), distance in zip(np.rint(corners).astype(int), near, strict=True):
        r = int(np.clip(0.4 * min(distance, 2.5 * WIDEST), FINEST, WIDEST))
        patch = image[max(0, y - r) : y + r + 1, max(0, x - r) : x + r + 1].astype(float)
        if min(patch.shape) <= FINEST:
            continue
        slopes = [float(np.quantile(np.abs(each), 0.99)) for each in np.gradient(patch)]
        low, high = np.quantile(patch, (0.05, 0.95))
        widths.append((high - low) / max(min(slopes), 1e-6))
    return float(np.median(widths)) if widths else float("inf")
