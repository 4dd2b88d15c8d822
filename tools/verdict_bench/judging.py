"""Which word on a result is right: the rule, from what `calib guide results` says that the words mean.

    good          accurate enough for ordinary use     the true error is within LIMITS[...].good
    usable        correct numbers, a stated weakness   it is within LIMITS[...].usable, and there is a weakness
    do not use    solved, but not to be used           such data lead beyond LIMITS[...].usable
    refused       no result                            data that are wrong, and a code that says in which way

The true error is that of this very result, in the workspace of its own set, by the truth that the simulation knows.
"Do not use" is judged by the largest true error over the seeds of a spoiling, which must reach half of what is usable:
results that scatter by 20 mm are not to be used, and now and then one is right by luck. A clean set has a weakness only
where it declares one.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from calib.camera.calibration.verdict import GOOD_PROJECTION_PX, SOUND_HELD_OUT_PX, WORST_PROJECTION_PX
from calib.cell.hand_eye.verdict import GOOD_M, GOOD_RAD, WORST_M
from calib.need import Need

GOOD, USABLE, DO_NOT_USE, REFUSED, CRASHED = "good", "usable", "do not use", "refused", "crashed"
FAR = 2.0  # times what the word allows, from which a "good" result is bad
CORRECTED = 0.1  # of the uncalibrated arm's error: what is left of a cheap arm that was calibrated well
NEEDS = (0.5, 1.0, 2.0)  # of the true error, each stated as a need
LUCK = 0.5  # of a limit: the largest of three errors that scatter up to it (95 %) is less in one of ten cases


@dataclass(frozen=True)
class Limits:
    """The largest true errors with which a result is good, and usable."""

    unit: str
    good: float
    usable: float


RADIUS_95 = math.sqrt(-2 * math.log(0.05))  # of two coordinates, in standard deviations of one
LIMITS = {
    # where far points appear: the 95th percentile over the corners, a rotation taken out; the verdict's are sigmas
    "camera": Limits("px", RADIUS_95 * GOOD_PROJECTION_PX, RADIUS_95 * WORST_PROJECTION_PX),
    # largest coordinate of the camera's place, .1 deg of its orientation counted as 1 mm as the verdict does
    "hand-eye": Limits("mm", 1000 * GOOD_M, 1000 * WORST_M),
    # rms of the measured point over the joint ranges of the set. Arms repeat to .05 mm and are .5 to 5 mm off out of
    # the box: ISO 9283 accuracy of .5 mm is what calibrating is for, and 5 mm are what it is meant to remove. A cheap
    # arm that was ten times worse before is good, too
    "robot": Limits("mm", 0.5, 5.0),
    "cell": Limits("mm", 0.5, 5.0),
}


@dataclass(frozen=True)
class TrueError:
    """How far a result is off."""

    size: float
    """In the unit of its command's limits; infinite where it is no result at all."""
    without: float = math.inf
    """What the uncalibrated arm is off by: a calibration that is worse than none is not usable."""
    near_px: float = math.inf
    """rms at which flat boards are met where the set had them, their poses fitted. A camera whose far points are off
    is usable at the distance of the boards, as its verdict has it."""

    def is_good(self, limit: float, far: float = 1.0) -> bool:
        """Whether it is as small as "good" allows, or not larger than `far` times that."""
        corrected = CORRECTED * self.without if math.isfinite(self.without) else 0.0
        return self.size <= far * min(max(limit, corrected), self.without)

    def within(self, limit: float) -> bool:
        """Whether the result is usable, by the limit of its command."""
        return self.size <= min(limit, 1.2 * self.without) or self.near_px <= SOUND_HELD_OUT_PX


@dataclass(frozen=True)
class Outcome:
    """What a command made of a set."""

    word: str
    code: str
    """Of the error; empty if there is a result."""
    text: str
    """The reason of the verdict and the first advice; of an error all that it says."""
    error: TrueError | None
    """None where there is no result."""
    good_for: tuple[bool, ...] = ()
    """Whether the verdict is good with each of `NEEDS` times the true error as the need."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Expected:
    """What is right for the sets of a spoiling."""

    command: str
    cause: str
    """Pattern of the first cause; empty: none may be named."""
    refusals: frozenset[str]
    """Codes with which a refusal is right."""
    convention: bool
    """Whether the data are in another convention: to be refused, nothing else is right."""
    clean: bool


def need_of(command: str, size: float) -> Need:
    """What a result that is off by a size in the unit of its command's limits would be needed for."""
    limits = LIMITS[command]
    angle = size * math.degrees(GOOD_RAD) / limits.good  # which counts as that much
    return Need(((size, limits.unit), (angle, "deg")) if command == "hand-eye" else ((size, limits.unit),))


def word_is_right(outcome: Outcome, expected: Expected, largest_error: float) -> bool:
    """The rule. largest_error: over the seeds."""
    if outcome.word == REFUSED:
        return outcome.code in expected.refusals
    if expected.convention or outcome.error is None:
        return False
    limits, error = LIMITS[expected.command], outcome.error
    if outcome.word == GOOD:
        return error.is_good(limits.good)
    if outcome.word == USABLE:
        weak = not expected.clean or names_cause(outcome, expected)
        return weak and error.within(limits.usable)
    return outcome.word == DO_NOT_USE and largest_error > LUCK * min(limits.usable, error.without)


def is_bad(outcome: Outcome, expected: Expected) -> bool:
    """Whether a result is off by far more than "good" allows."""
    return outcome.error is not None and not outcome.error.is_good(LIMITS[expected.command].good, FAR)


def names_cause(outcome: Outcome, expected: Expected) -> bool:
    """Whether the first cause named is the right one."""
    return bool(expected.cause) and re.search(expected.cause, f"{outcome.code} {outcome.text}") is not None


def needs_cause(outcome: Outcome, expected: Expected, right: bool) -> bool:
    """Whether a cause must be named: not where nothing is spoiled, nor where a result is good and rightly so."""
    return not expected.clean and bool(expected.cause) and not (right and outcome.word == GOOD)
