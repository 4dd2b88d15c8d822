"""How far an arm departs from what a table would have it be, zero positions aside.

These may be anything: an arm is mastered anew, a joint's zero is set by eye. Lengths and the other angles are those of
a drawing, or else the table is another arm's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.robot.conventions.residual import sample_rows
from calib.robot.conventions.sample_fit import fit_to_sample
from calib.robot.identification.model import PLAUSIBLE

if TYPE_CHECKING:
    from calib.engine.label import Label
    from calib.robot.arm.serial_arm import SerialArm
    from calib.robot.table.pose_table import PoseTable

MOST_SIGMAS = (
    3.0  # of `PLAUSIBLE`: 60 mm and 6 deg; poor arms depart by half of it, arms of one family by twice as much
)


@dataclass(frozen=True)
class Departure:
    """The parameter that a table would have to change most, in units of what is plausible."""

    label: Label
    """The parameter."""
    change: float
    """m or rad."""

    @property
    def plausible(self) -> bool:
        """Whether a drawing, or a part, may be off by so much."""
        return abs(self.change) < MOST_SIGMAS * PLAUSIBLE[self.label.angular]

    def __str__(self) -> str:
        amount = f"{np.degrees(self.change):+.3g} deg" if self.label.angular else f"{1000 * self.change:+.3g} mm"
        return f"{self.label.quantity} would have to change by {amount}"


def departure(arm: SerialArm, table: PoseTable, measurement: str | None = None, *, seed: int = 0) -> Departure | None:
    """By how much an arm would have to be another for a table; None where the rows do not tell.

    measurement: the table's own if None. Raises DegenerateError `too-few-poses`.
    """
    name, sample = measurement or table.measurement, sample_rows(table)
    fitted = fit_to_sample(arm, sample, name, arm.geometry_labels, seed=seed)
    if fitted is None:
        return None
    changes = dict(zip(arm.labels, (fitted.parameters - arm.parameters).tolist(), strict=True))
    zeros = {arm.labels[column] for column in arm.motion_columns}
    drawn = [label for label in arm.labels if label not in zeros]
    most = max(drawn, key=lambda label: abs(changes[label]) / PLAUSIBLE[label.angular])
    return Departure(most, changes[most])
