"""An identified arm with its evidence: what `calib.robot.calibrate` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.estimate import Estimate
from calib.exports import ExportPart
from calib.result import Result
from calib.robot.evaluation.capability import capability_of
from calib.robot.evaluation.documents import as_document, as_files, as_rows
from calib.robot.evaluation.length_scale import LengthScale, length_scale
from calib.robot.evaluation.places import Place, places_of
from calib.robot.evaluation.plots import plot_errors, plot_residuals
from calib.robot.evaluation.report import report
from calib.robot.evaluation.summary import summarise
from calib.robot.evaluation.verdict import verdict_of
from calib.robot.identification.residuals import ARM_BLOCK

if TYPE_CHECKING:
    from calib.engine.label import Label
    from calib.need import Capability
    from calib.report.page import Report
    from calib.robot.arm_model import Arm
    from calib.robot.evaluation.compensation_outcome import CompensationOutcome
    from calib.robot.evaluation.evaluate import Comparison, Evaluation, Outlier
    from calib.robot.evaluation.uncertainty import ArmUncertainty
    from calib.robot.identification.effect_selection import EffectTrial
    from calib.robot.identification.identifiability import Identifiability
    from calib.robot.identification.request import Request
    from calib.robot.identification.robust_fit import Fit
    from calib.robot.measurement import Measurement
    from calib.robot.table.pose_table import PoseTable
    from calib.verdict import Verdict

COMPUTED_M = 1e-6  # no arm repeats to a micrometre; six decimals of a metre leave a third of it


@dataclass(frozen=True, eq=False, repr=False)
class ArmCalibration(Result):
    """An identified arm with its evidence."""

    arm: Arm
    """Identified, its compensation included."""
    nominal: Arm
    """The arm before, in the conventions that apply to it."""
    table: PoseTable
    """All rows, as they were interpreted."""
    request: Request
    """The options."""
    fit: Fit
    """Of the model, without the compensation."""
    identifiability: Identifiability
    """What the data determine, and what they should."""
    evaluation: Evaluation
    """Errors before and after, on rows fitted, held out, and of another table."""
    uncertainty: ArmUncertainty
    """Of the measured point over the range of motion, and at the joints."""
    trials: tuple[EffectTrial, ...] = ()
    """Effects tried."""
    compensation: CompensationOutcome | None = None
    """What was learned beyond the model; None if that was not requested."""
    notes: tuple[str, ...] = ()
    """Remarks on what was assumed, interpreted, or is weakly determined."""

    @property
    def measurement(self) -> Measurement:
        """What the table was taken to hold."""
        return self.fit.model.measurement

    @property
    def labels(self) -> tuple[Label, ...]:
        """Of all parameters of arm and effects."""
        return (*self.fit.model.arm.labels, *self.fit.model.effect_labels())

    @cached_property
    def parameters(self) -> Mapping[str, Estimate]:
        """Every parameter of arm and effects by its label.

        sigma: 0 if held by request or by the model, infinite if the data do not determine it.
        """
        fit, found = self.fit, self.identifiability
        blocks = (ARM_BLOCK, *(effect.name for effect in fit.model.effects))
        values = np.concatenate([fit.values[block][0] for block in blocks]).tolist()
        undetermined = {*(each.label for each in found.redundant), *found.silent}

        def sigma(label: Label) -> float:
            return float("inf") if label in undetermined else fit.uncertainty.sigma(label)

        freedom = fit.uncertainty.degrees_of_freedom(self.labels).tolist()
        return {
            label: Estimate(label, value, sigma(label), label in fit.model.held, known)
            for label, value, known in zip(self.labels, values, freedom, strict=True)
        }

    @property
    def covariance(self) -> Array:
        """(p, p) over `labels`, zero where held."""
        return self.fit.uncertainty.covariance(self.labels)

    @property
    def frames(self) -> Mapping[str, Array]:
        """Values of the frames by name: transforms (1, k, 4, 4), points (1, 3 k), planes (1, k, 4)."""
        blocks = self.measurement.blocks(self.evaluation.fitted.table, self.fit.values)
        return {block.name: self.fit.values[block.name] for block in blocks}

    @property
    def places(self) -> tuple[Place, ...]:
        """The frames and points among them, each coordinate with its standard deviation."""
        return places_of(self.measurement.blocks(self.evaluation.fitted.table, self.fit.values), self.fit)

    @property
    def noise(self) -> Mapping[str, float]:
        """Standard deviation of what the arm leaves, per component, m and rad."""
        return self.fit.noise.common

    @property
    def heldout(self) -> Comparison | None:
        """Errors on the rows held out."""
        return self.evaluation.heldout

    @property
    def outliers(self) -> tuple[Outlier, ...]:
        """Rejected rows of the table, in the order of lines."""
        return self.evaluation.outliers

    @cached_property
    def length_scale(self) -> LengthScale | None:
        """The factor by which all lengths differ from nominal; None where no length is measured and estimated."""
        return length_scale(self.nominal.geometry, self.fit)

    @property
    def computed(self) -> bool:
        """Whether what was measured follows from the joint values to rounding: then it was not measured."""
        sizes = next(iter(self.evaluation.fitted.sizes.values()))
        measured = not self.measurement.contact and not self.measurement.reported_name
        return measured and float(np.median(sizes)) < COMPUTED_M

    @cached_property
    def capability(self) -> Capability:
        """What the arm is good for, by rows that were not fitted."""
        return capability_of(self)

    @cached_property
    def finding(self) -> Verdict:
        """Whether the arm is accurate enough, by rows that were not fitted, and what to do next."""
        return verdict_of(self)

    def summary(self) -> str:
        """Errors before and after, the largest changes, what is not observable, the verdict."""
        return summarise(self)

    @property
    def random_seed(self) -> int:
        """Of the split into fitted and held-out rows, and of other samples."""
        return self.request.seed

    def document(self) -> dict[str, Any]:
        """The result as plain data; see `calib.robot.evaluation.documents`."""
        return as_document(self)

    def files(self) -> Mapping[str, str | bytes]:
        """`arm.yaml`, which `load_arm` reads."""
        return as_files(self)

    def export_parts(self) -> tuple[ExportPart, ...]:
        """The arm's geometry."""
        return (ExportPart("arms", self.arm.geometry),)

    def report(self) -> Report:
        """What `report.html` shows."""
        return report(self)

    def rows(self) -> list[dict[str, Any]]:
        """One dict for each row of the table: line, pose, target, part, used, reason, errors before and after."""
        return as_rows(self)

    def plot_errors(self, axes: Any = None) -> Any:
        """Position errors of the nominal and the identified arm on rows that were not fitted, as sorted curves."""
        return plot_errors(self, axes)

    def plot_residuals(self, axes: Any = None) -> Any:
        """Position error of the identified arm, row by row."""
        return plot_residuals(self, axes)
