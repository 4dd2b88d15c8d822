"""Convention check: is the table consistent with the arm in the units, order and signs as given?

Every other interpretation of units, order, signs and conventions is tried by the residual of the closed forms; so are
pairs and triples that extend the better ones. One is reported only where it fits, the table as given does not, and the
difference is decisive.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.errors import DegenerateError
from calib.geometry import se3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.conventions.interpretations import AS_GIVEN, Interpretation, interpretations, sign_patterns
from calib.robot.conventions.screws import screws
from calib.robot.measurement import load_measurement
from calib.robot.start.inliers import reach
from calib.robot.table.select import select_rows

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable


SAMPLE_ROWS = 80  # a median of 80 is known to 14 % of a standard deviation
DECISIVE = 3.0  # times smaller a residual must get: nominal arms of one family differ by less, a wrong convention by 30
# Below this a table as given needs no check: arms out of the box have errors of 0.5 to 8 mm and 0.05 to 0.6 deg.
SOUND_M, SOUND_RAD = 2e-3, np.deg2rad(0.2)
# Above this another interpretation is no explanation either: shares of the arm's motion, and of a radian.
FITS_SHARE, FITS_RAD = 0.06, np.deg2rad(3.0)
STANDSTILL = 1e-3  # rad or m: all poses are alike; no interpretation helps
TRIED = 20  # interpretations of poses that get a closed form, those whose motions are most alike
MOST_TARGETS = 3  # a distance needs 20 rows of each
BEAM = 4  # best interpretations that are combined further
DEPTH = 3  # interpretations combined


@dataclass(frozen=True)
class Residual:
    """Medians over rows; infinite where no frames could be found."""

    position_m: float
    """Distance between predicted and measured."""
    rotation_rad: float | None
    """Angle between them; None where not measured."""
    motion_m: float
    """rms motion of the flange, to compare with."""
    measured_m: float = np.inf
    """rms of what was measured about its mean; infinite where no length was."""

    @property
    def sound(self) -> bool:
        """Whether it is as small as that of an arm out of the box."""
        return self.position_m < SOUND_M and (self.rotation_rad or 0.0) < SOUND_RAD

    @property
    def fits(self) -> bool:
        """Whether it is small against the motion."""
        return self.position_m < FITS_SHARE * self.motion_m and (self.rotation_rad or 0.0) < FITS_RAD

    @property
    def explains(self) -> bool:
        """Whether it is small against what was measured too, which a change of unit can make as small as one likes."""
        return self.fits and self.position_m < FITS_SHARE * self.measured_m

    @property
    def size(self) -> float:
        """Position and rotation as one figure: shares of the motion, and radians."""
        return self.position_m / self.motion_m + (self.rotation_rad or 0.0)

    def __str__(self) -> str:
        if not np.isfinite(self.position_m):
            return "no fit"
        angle = "" if self.rotation_rad is None else f" and {np.degrees(self.rotation_rad):.3g} deg"
        return f"{1000 * self.position_m:.3g} mm{angle}"


@dataclass(frozen=True)
class ConventionFinding:
    """Another interpretation that fits decisively better."""

    interpretation: Interpretation
    """Of table and arm."""
    given: Residual
    """Residual of both as given."""
    other: Residual
    """Residual of both as interpreted."""

    def apply(self, table: PoseTable) -> PoseTable:
        """The table as interpreted, with all its rows."""
        return self.interpretation.table(table)

    def apply_to_arm(self, arm: SerialArm) -> SerialArm:
        """The arm as interpreted."""
        return self.interpretation.arm(arm)

    def __str__(self) -> str:
        return f"{self.interpretation.name}: {self.other} instead of {self.given}"


def residual(arm: SerialArm, table: PoseTable, measurement: str | None = None, *, seed: int = 0) -> Residual:
    """The residual of the closed-form start, on at most `SAMPLE_ROWS` rows.

    measurement: the table's own if None. Raises DegenerateError `too-few-poses`; infinite for degenerate poses.
    """
    return _residual(arm, _sample_rows(table), measurement or table.measurement, seed)


def diagnose(
    arm: SerialArm, table: PoseTable, measurement: str | None = None, *, seed: int = 0, depth: int = DEPTH
) -> tuple[ConventionFinding, ...]:
    """Other interpretations of table and arm that fit decisively better, best first; none where the table is sound.

    measurement: the table's own if None. depth: how many interpretations are combined where no single one fits.
    Several are returned where the data do not distinguish them, as positions alone do not distinguish an axis counted
    the other way from two swapped columns. Raises DegenerateError `too-few-poses`.
    """
    name = measurement or table.measurement
    sample = _sample_rows(table)
    given = _residual(arm, sample, name, seed)
    stationary = float(np.ptp(sample.joints, axis=0).max(initial=0.0)) < STANDSTILL
    if given.sound or stationary:
        return ()
    found = _search(arm, sample, name, given, seed, 1 if given.fits else depth)
    if not found:
        return ()
    # a second, smaller mistake may hide behind the first
    best = found[0]
    more = diagnose(best.apply_to_arm(arm), best.apply(sample), name, seed=seed, depth=1)
    return (
        tuple(ConventionFinding(best.interpretation.then(also.interpretation), given, also.other) for also in more)
        or found
    )


def _search(
    arm: SerialArm, sample: PoseTable, name: str, given: Residual, seed: int, depth: int
) -> tuple[ConventionFinding, ...]:
    """Single interpretations first, then combinations with the best of them, until some fit."""
    beam = [AS_GIVEN]
    for level in range(depth):
        candidates = [
            first.then(option) for first in beam for option in interpretations(first.arm(arm), first.table(sample))
        ]
        if level == 1:
            candidates += sign_patterns(sample)
        if name == "pose":  # a closed form for a few of them only
            mismatch = [screw_mismatch(candidate.arm(arm), candidate.table(sample)) for candidate in candidates]
            order = sorted(range(len(candidates)), key=lambda i: mismatch[i][0] * mismatch[i][1])
            beam = [candidates[i] for i in order[:BEAM]]
            # rows that are off by an angle differ in their turns by at most twice that
            candidates = [candidates[i] for i in order[:TRIED] if mismatch[i][0] < 2 * FITS_RAD]
        tried = [
            (candidate, _residual(candidate.arm(arm), candidate.table(sample), name, seed)) for candidate in candidates
        ]
        tried.sort(key=lambda pair: pair[1].size)
        decisive = [each for each in tried if each[1].explains and given.size > DECISIVE * each[1].size]
        if decisive:
            least = decisive[0][1].size
            return tuple(
                ConventionFinding(candidate, given, left)
                for candidate, left in decisive
                if left.size < DECISIVE * least
            )
        if name != "pose":
            beam = [candidate for candidate, _ in tried[:BEAM]]
    return ()


def screw_mismatch(arm: SerialArm, sample: PoseTable) -> tuple[float, float]:
    """How differently flange and target move, before any frame enters: in rad, and as a share of the motion.

    Medians over neighbouring rows, of their `screws`. An interpretation that reduces either is combined further.
    """
    assert sample.position is not None
    assert sample.rotation is not None
    flange = base_from_flange(arm, sample.joints)
    target = se3.compose(sample.rotation, sample.position)
    (turn_f, along_f), (turn_t, along_t) = (screws(poses) for poses in (flange, target))
    turn = float(np.median(np.abs(turn_f - turn_t)))
    along = float(np.median(np.abs(along_f - along_t))) / reach(flange)
    return max(turn, 1e-9), max(along, 1e-9)


def _sample_rows(table: PoseTable) -> PoseTable:
    """Few rows, of few targets: one suffices for poses; a single point on the last axis is not moved by it."""
    rows = np.bincount(table.target)
    most = np.argsort(-rows, kind="stable")[: 1 if table.measurement == "pose" else MOST_TARGETS]
    if rows[most].min() < SAMPLE_ROWS // len(most):
        most = most[:1]
    rng = np.random.default_rng(0)  # rows spread over the file, and not in step with any pattern in it
    parts = [np.sort(rng.permutation(np.flatnonzero(table.target == k))[: SAMPLE_ROWS // len(most)]) for k in most]
    few = select_rows(table, np.concatenate(parts))
    names = np.arange(len(most))
    return replace(few, target=np.repeat(names, [len(part) for part in parts]), target_names=tuple(map(str, names)))


def _residual(arm: SerialArm, sample: PoseTable, name: str, seed: int) -> Residual:
    flange = base_from_flange(arm, sample.joints)
    motion, measured = reach(flange), _spread_m(sample)
    try:
        start = load_measurement(name).start(flange, sample, seed)
    except DegenerateError as error:
        if error.code == "too-few-poses":
            raise
        return Residual(np.inf, None, motion, measured)
    middle = {component: float(np.median(size)) for component, size in start.size.items()}
    angle = middle.pop("orientation", None)
    return Residual(next(iter(middle.values())), angle, motion, measured)


def _spread_m(sample: PoseTable) -> float:
    """The rms of measured positions or distances about their mean; infinite where there are none."""
    column = sample.position if sample.position is not None else sample.distance
    if column is None:
        return np.inf
    off = (column - column.mean(axis=0)).reshape(len(column), -1)
    return float(np.sqrt(np.mean(np.sum(off**2, axis=1))))
