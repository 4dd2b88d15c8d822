"""What a compensation gave, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calib.robot.compensation import Correction
    from calib.robot.evaluation.evaluate import Evaluation
    from calib.robot.identification.robust_fit import Fit


@dataclass(frozen=True, eq=False)
class CompensationOutcome:
    """What a compensation gave."""

    correction: Correction | None
    """None if it was declined."""
    reason: str
    """Why it was kept or declined."""
    fit: Fit
    """The arm's, with the correction if there is one."""
    evaluation: Evaluation
    """Of that arm."""
    before: Evaluation
    """Without the correction."""
