"""Nets, one per joint and side by side, that correct each joint by a function of its own value.

Trained by the engine on the residuals of the arm's model, all joints together; an ensemble over folds (see
`calib.network.residual_model`). A joint's bearing, gear and encoder err with the joint's own angle, and a function of
one variable needs a hundred poses where one of six would need many thousands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.network.net import Ensemble
from calib.network.net_file import ensemble_document, read_ensemble
from calib.network.residual_model import fit_residual_model
from calib.robot.compensation import Compensation, Groups, TrainingOutcome

if TYPE_CHECKING:
    from calib.robot.compensation import JointCorrection

LEAST_ROWS = 50  # ten in each of five folds
# A UR10's 400 rows leave 0.132 mm, 2,200 leave 0.109: more are worth little, and cost time in proportion.
MOST_ROWS = 2_500


def learn(joints: Array, errors_m: Array, by_joint: Array, groups: Groups | None, seed: int) -> TrainingOutcome:
    """Corrections of the joints that cancel errors; see `Compensation.learn`."""
    if len(joints) > MOST_ROWS:
        rows = np.random.default_rng(seed).choice(len(joints), MOST_ROWS, replace=False)
        joints, errors_m, by_joint = joints[rows], errors_m[rows], by_joint[rows]
        groups = None if groups is None else groups[rows]
    # in millimetres, for the sentence it ends with
    found = fit_residual_model(joints, -1000 * errors_m, groups, seed=seed, mixing=1000 * by_joint)
    return TrainingOutcome(found.ensemble, found.reason, found.before, found.after)


def document(learned: JointCorrection) -> dict[str, Any]:
    """The nets as plain data."""
    assert isinstance(learned, Ensemble)
    return ensemble_document(learned)


def read(written: Any, where: str) -> JointCorrection:
    """The nets of plain data. Raises the errors of `calib.network.net_file.read_net`."""
    return read_ensemble(written, where)


def enough(rows: int) -> str | None:
    """Why so many rows are too few; None if they may suffice."""
    return None if rows >= LEAST_ROWS else f"{rows} rows are too few to learn from; {LEAST_ROWS} are needed"


COMPENSATION = Compensation("network", "one net per joint, of that joint's value", learn, document, read, enough)
