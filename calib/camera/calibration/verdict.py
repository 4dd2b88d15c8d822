"""Is the calibration good enough, and if not, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.camera.calibration.board_pattern import board_pattern
from calib.camera.calibration.projection_quality import ProjectionQuality
from calib.camera.calibration.uncertainty import coverage, tilts_deg
from calib.camera.field import image_share
from calib.camera.lens_choice.image_pattern import Pattern, image_pattern
from calib.camera.start.resection import is_solid
from calib.verdict import Verdict

if TYPE_CHECKING:
    from calib.camera.calibration.result import CameraCalibration

# Standard deviations of the projection, per coordinate, in pixels. Cameras from two halves of the images then differ by
# some 2.8 times as much: at 0.3 px by less than a pixel, as much as blur and demosaicing move an edge. Beyond 2 px the
# lens model is worse than no calibration at all.
GOOD_PROJECTION_PX, WORST_PROJECTION_PX = 0.3, 2.0
# A far point is projected worse than a board, whose pose takes up errors of the focal length: a camera that projects
# boards held out so well serves at the distance where it was calibrated.
SOUND_HELD_OUT_PX = 0.5
# ... unless the focal length is hardly told from the distance of the boards: an interval of 10 % to either side.
WORST_FOCAL_SHARE = 0.05
# Residuals of sharp images of a flat board are 0.1 to 0.3 px; 1 px is visible to the eye, 3 px is a wrong model.
GOOD_RMS_PX, WORST_RMS_PX = 1.0, 3.0
FEWEST_VIEWS = 8
LEAST_TILT_DEG = 15.0
LEAST_COVERAGE = 0.6
CLEARLY_BETTER = 0.97  # held-out error, relative to that of the lens used, from which another lens is named
MOST_BLIND = 0.02  # share of the image that a lens may fail to invert
LEAST_OUTSIDE = 0.02  # share of the image from which the part without boards counts
# Ratios of standard deviations beyond which residuals repeat plainly; noise alone stays below 1.2. A board bowed by
# 0.2 mm reaches 1.7, real boards 2.8 to 5.5; a pinhole for a lens with k1 = -0.02 reaches 1.67 and is 12 px off at the
# image's edge.
BOARD_PATTERN, IMAGE_PATTERN = float(np.sqrt(6.0)), float(np.sqrt(2.5))
# Beyond this ratio half of the squared residuals are the board's; a bend that moves the projection (rms of both
# coordinates) by as much as the uncertainty of one at its 95th percentile is two thirds of that.
MOSTLY_BOARD, MOSTLY_BEND = 4.5, 1.0
PLAIN_BEND = 0.5  # evidence from which the board's bend is stated
MOST_OUTLIERS = 0.05  # share of corners beyond which rejecting them deserves a word


def verdict_of(calibration: CameraCalibration) -> Verdict:
    """Grade a calibration by the uncertainty of its projection, and by what its residuals show besides noise."""
    quality, rms = calibration.projection, calibration.rms_px
    image = pattern_in_image(calibration)
    advice = _advice(calibration, quality, image)
    if calibration.unobservable:
        return Verdict("do not use", f"not all parameters are observable: {calibration.unobservable[0]}", advice)
    sound = calibration.held_out_px <= SOUND_HELD_OUT_PX and _focal_share(calibration) <= WORST_FOCAL_SHARE
    if not quality.inside_px <= WORST_PROJECTION_PX and not sound:
        return Verdict("do not use", _in_words(quality), advice, imprecise=True)
    if rms > WORST_RMS_PX:
        return Verdict("do not use", f"the residuals are too large: rms {rms:.1f} px", advice)
    if rms > GOOD_RMS_PX:
        return Verdict("usable", f"the residuals are large: rms {rms:.2f} px; {_in_words(quality)}", advice)
    if not quality.inside_px <= GOOD_PROJECTION_PX:
        near = f"; that of boards as near as these, held out, to {_px(calibration.held_out_px)} rms"
        return Verdict("usable", _in_words(quality) + near, advice)
    if image.size > GOOD_PROJECTION_PX and image.ratio > IMAGE_PATTERN:
        return Verdict("usable", f"the lens model is off by {image.size:.2f} px (rms) where boards were seen", advice)
    if quality.blind_share > MOST_BLIND:
        share = f"{100 * quality.blind_share:.0f} % of the image"
        return Verdict("usable", f"{_in_words(quality)}; the lens model cannot be inverted over {share}", advice)
    if _weak_outside(quality):
        return Verdict("usable", _in_words(quality), advice)
    if (outliers := _outliers(calibration)) > MOST_OUTLIERS:
        return Verdict("usable", f"{100 * outliers:.0f} % of the corners are outliers; {_in_words(quality)}", advice)
    if len(calibration.views) < FEWEST_VIEWS:
        return Verdict("usable", f"{_in_words(quality)}, as far as {_views(calibration)} can tell", advice)
    if calibration.camera.image_size_px is None:
        return Verdict("usable", f"{_in_words(quality)}; the rest of the image is not known", advice)
    return Verdict("good", f"rms {rms:.3f} px, {_in_words(quality)}", advice)


def _focal_share(calibration: CameraCalibration) -> float:
    """Standard deviation of the focal length, relative to it; 0 where it is held."""
    return calibration.sigma.get("fx_px", 0.0) / float(calibration.camera.focal_px[0])


def _in_words(quality: ProjectionQuality) -> str:
    inside = f"projection known to {_px(quality.inside_px)}"
    if quality.outside_px is None or quality.outside_share < LEAST_OUTSIDE:
        return f"{inside} (1 sigma)"
    return f"{inside} (1 sigma) where boards were seen, {_px(quality.outside_px)} in the rest of the image"


def _px(value: float) -> str:
    return f"{value:.2f} px" if value < 10 else f"{value:.0f} px"


def _weak_outside(quality: ProjectionQuality) -> bool:
    outside = quality.outside_px
    return outside is not None and outside > WORST_PROJECTION_PX and quality.outside_share > LEAST_OUTSIDE


def _advice(calibration: CameraCalibration, quality: ProjectionQuality, image: Pattern) -> tuple[str, ...]:
    """What limits the result comes first: the lens, poor corners, a board that is not flat, what the views do not show;
    more views of the same kind only where that is what is missing."""
    lens = _other_lens(calibration)
    patterns = [] if lens or calibration.causes else _patterns(calibration, image)  # which those explain
    limiting = patterns if _limited_by_board(calibration, quality) else []
    rest = [] if limiting else patterns
    found = [*lens, *_of_parameters(calibration), *_of_corners(calibration), *limiting]
    return (*found, *_of_views(calibration, quality), *rest)


def _of_parameters(calibration: CameraCalibration) -> list[str]:
    """On what is not determined, or cannot be checked."""
    found = []
    if any(not np.isfinite(s) for s in calibration.sigma.values()):
        found.append("hold the parameters named above with --fix, or add views that show them")
    if calibration.camera.image_size_px is None:
        found.append("give --image-size WIDTHxHEIGHT: the projection outside the corners cannot be checked without it")
    return found


def _of_corners(calibration: CameraCalibration) -> list[str]:
    """On how well corners were found."""
    found = []
    if all(np.array_equal(view.corners_px, np.round(view.corners_px)) for view in calibration.observations.views):
        found.append("corners are whole pixels: refine them to a fraction of a pixel")
    if calibration.rms_px > GOOD_RMS_PX:
        sharp = "sharp images give .1 to .3 px"
        found.append(f"corners scatter by {calibration.noise_px:.2g} px, {sharp}: check focus, motion and light")
    if _outliers(calibration) > MOST_OUTLIERS:
        found.append("many corners are outliers: check focus, motion, board")
    return found


def _of_views(calibration: CameraCalibration, quality: ProjectionQuality) -> list[str]:
    """On how many views there are, and what they show."""
    found = []
    if len(calibration.views) < FEWEST_VIEWS:
        found.append(f"only {_views(calibration)}: take at least {FEWEST_VIEWS}, better 15")
    if not is_solid(calibration.fit.corners) and float(np.quantile(tilts_deg(calibration), 0.75)) < LEAST_TILT_DEG:
        found.append("the board's tilt varies too little: tilt it 20 to 45 degrees in different directions")
    if calibration.camera.image_size_px is not None and (gap := _largest_gap(calibration)):
        found.append(f"no corners in {gap}: add views with the board there")
    if quality.blind_share > MOST_BLIND or _weak_outside(quality):
        where = quality.weakest or "the parts of the image that have none"
        found.append(f"projection is least certain towards {where}: add views with the board there")
    if quality.inside_px > GOOD_PROJECTION_PX:
        found.append("add views: more of them, closer, tilted 20 to 45 degrees in different directions")
    return found


def _limited_by_board(calibration: CameraCalibration, quality: ProjectionQuality) -> bool:
    """Whether the shape of the board is what limits the result: most of the residuals, or of the uncertainty."""
    bend = calibration.board_bend
    moves = bend is not None and bend.evidence > PLAIN_BEND and bend.moved_px > MOSTLY_BEND * quality.inside_px
    return moves or board_pattern(calibration).ratio > MOSTLY_BOARD


def _views(calibration: CameraCalibration) -> str:
    count = len(calibration.views)
    return f"{count} view{'s' * (count != 1)}"


def _outliers(calibration: CameraCalibration) -> float:
    """Share of the corners of the views used."""
    return 1.0 - calibration.corners / sum(len(fit.used) for fit in calibration.views)


def _patterns(calibration: CameraCalibration, image: Pattern) -> list[str]:
    """What residuals show besides noise: a board that is not as stated, or a lens that is not as modelled."""
    board = board_pattern(calibration)
    if board.ratio > BOARD_PATTERN and board.ratio / BOARD_PATTERN >= image.ratio / IMAGE_PATTERN:
        return [f"{_board_in_words(calibration, board)}: mount the print on a flat plate, or add --refine board"]
    if image.ratio > IMAGE_PATTERN:
        return [f"residuals of {image.size:.2g} px (rms) repeat in the image, whichever lens model is used"]
    return []


def shows_another_lens(calibration: CameraCalibration) -> bool:
    """Whether the residuals, or a lens that folds within the image, ask for another lens."""
    fit, size = calibration.fit, calibration.observations.image_size_px
    blind = size is not None and image_share(fit.lens, fit.parameters, size) < 1.0 - MOST_BLIND
    return blind or pattern_in_image(calibration).ratio > IMAGE_PATTERN


def _other_lens(calibration: CameraCalibration) -> list[str]:
    """The lens that the views support, where it is not the one named."""
    choice, used = calibration.choice, calibration.camera.lens.name
    if choice is None or choice.model.lens.name == used or calibration.causes:
        return []
    best = min(each.held_out_px for each in choice.candidates if each.name == choice.model.name)
    if best > CLEARLY_BETTER * calibration.held_out_px:
        return []
    own = _px(calibration.held_out_px)
    return [f"--lens {choice.model.lens.name} projects views held out to {_px(best)} rms, {used} to {own}"]


def _board_in_words(calibration: CameraCalibration, board: Pattern) -> str:
    """How far the board is from what was stated, and what its bend does."""
    bend, scale_known = calibration.board_bend, calibration.observations.scale_known
    sizes = [f"{1000 * board.size:.2g} mm"] if scale_known else []
    sizes += [f"{100 * board.size / bend.square_m:.2g} % of a square"] if bend else []
    off = f"the board's corners are off by {', '.join(sizes)} (rms)"
    if bend is None or bend.evidence < PLAIN_BEND:
        return off
    height = f"{1000 * bend.height_m:.2g} mm" if scale_known else f"{100 * bend.share:.2g} % of a square"
    return f"{off}; a bend of {height} moves the projection by {bend.moved_px:.2g} px"


def pattern_in_image(calibration: CameraCalibration) -> Pattern:
    """`lens_choice.image_pattern` of the corners that were used."""
    fit = calibration.fit
    return image_pattern(fit.residuals_px()[fit.used], fit.corners.px.T[fit.used])


def _largest_gap(calibration: CameraCalibration) -> str:
    """The part of the image without corners, in words; empty where coverage is fair."""
    cells = coverage(calibration)
    if cells.mean() >= LEAST_COVERAGE:
        return ""
    rows, columns = cells.shape
    parts = {
        "the left third": cells[:, : columns // 3],
        "the right third": cells[:, -(columns // 3) :],
        "the upper third": cells[: rows // 3],
        "the lower third": cells[-(rows // 3) :],
    }
    worst = min(parts, key=lambda name: float(parts[name].mean()))
    return f"{100 - round(100 * float(parts[worst].mean()))} % of {worst} of the image"
