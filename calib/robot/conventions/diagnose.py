"""Convention check: is the table consistent with the arm in the units, order and signs as given?

Every other interpretation of units, order, signs and conventions is tried by the residual of the closed forms; so are
pairs and triples that extend the better ones. One is reported only where it fits, the table as given does not, and the
difference is decisive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3
from calib.robot.arm.kinematics import base_from_flange
from calib.robot.conventions.interpretations import AS_GIVEN, Interpretation, interpretations, sign_patterns
from calib.robot.conventions.residual import DECISIVE, Residual, belongs, residual_of_sample, sample_rows
from calib.robot.conventions.screws import screws
from calib.robot.start.inliers import reach

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable


STANDSTILL = 1e-3  # rad or m: all poses are alike; no interpretation helps
TRIED = 20  # interpretations of poses that get a closed form, those whose motions are most alike
BEAM = 4  # best interpretations that are combined further
DEPTH = 3  # interpretations combined


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


def diagnose(
    arm: SerialArm, table: PoseTable, measurement: str | None = None, *, seed: int = 0, depth: int = DEPTH
) -> tuple[ConventionFinding, ...]:
    """Other interpretations of table and arm that fit decisively better, best first; none where the table is sound.

    measurement: the table's own if None. depth: how many interpretations are combined where no single one fits.
    Several are returned where the data do not distinguish them, as positions alone do not distinguish an axis counted
    the other way from two swapped columns. Raises DegenerateError `too-few-poses`.
    """
    name = measurement or table.measurement
    sample = sample_rows(table)
    given = residual_of_sample(arm, sample, name, seed)
    stationary = float(np.ptp(sample.joints, axis=0).max(initial=0.0)) < STANDSTILL
    if given.sound or stationary:
        return ()
    found = _search(arm, sample, name, given, seed, depth)
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
            candidates = [candidates[i] for i in order[:TRIED]]
        tried = [
            (candidate, residual_of_sample(candidate.arm(arm), candidate.table(sample), name, seed))
            for candidate in candidates
        ]
        tried.sort(key=lambda pair: pair[1].size)
        found: list[ConventionFinding] = []
        for candidate, left in tried:
            if given.size <= DECISIVE * left.size or (found and left.size >= DECISIVE * found[0].other.size):
                break
            # a change of unit makes a residual as small as one likes, and that of chance with it
            if belongs(candidate.arm(arm), candidate.table(sample), name, left, seed):
                found.append(ConventionFinding(candidate, given, left))
        if found:
            return tuple(found)
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
