"""New measured poses against an identified arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.arrays import Array
from calib.check.drift import ChangePart, CheckedResiduals, Suspect, rigid_parts
from calib.errors import InputError
from calib.robot.effect import Effect, conditions_of, load_effect
from calib.robot.identification.model import Model, model_rows, pose_problem
from calib.robot.identification.noise import noise_of
from calib.robot.identification.residuals import ARM_BLOCK
from calib.robot.measurement import load_measurement, shipped_measurements
from calib.robot.table.targets import with_targets_of

if TYPE_CHECKING:
    from calib.engine import ParameterBlock
    from calib.robot.arm_model import Arm
    from calib.robot.measurement import Measurement
    from calib.robot.table.pose_table import PoseTable

RESET = "set the joint's zero again (mastering), or calibrate the arm again with `calib robot`"
BASE = "fasten the arm's base and the instrument; if either was set up anew, calibrate again"
TARGET = "the target on the flange was moved or struck: mount it as it was, or calibrate again"


def check_arm(document: Mapping[str, Any], arm: Arm, table: PoseTable) -> CheckedResiduals:
    """Rows measured in the frames of the calibration. document: the result's.

    Raises InputError `covariance-missing`, `not-checkable` for an arm from images.
    """
    measurement = _measurement(document)
    table = with_targets_of(table, tuple(document.get("targets") or ()))
    effects: list[Effect] = [load_effect(name) for name in arm.effects]
    values = {ARM_BLOCK: arm.geometry.parameters[None]}
    values |= {name: np.array(list(own.values()))[None] for name, own in arm.effects.items()}
    if arm.correction is not None:
        effects.append(arm.correction.effect)
        values[arm.correction.effect.name] = np.ones((1, 1))
    values |= {name: np.array(value, dtype=float)[None] for name, value in document["frames"].items()}
    model = Model(arm.geometry, measurement, arm.reference_arm, tuple(effects))
    rows = model_rows(model, table, conditions_of(table, arm.reference_degc))
    problem = pose_problem(model, rows, values, priors=False)
    off, jacobians = problem.residuals[0].evaluate(problem.start, slice(0, len(rows)))
    common = {each.name: document["noise"][f"{each.name}_{each.unit}"] for each in measurement.components}
    sigma = noise_of(measurement, rows.given, common).sigma.ravel()[:, None]
    by = {
        block.name: jacobian.reshape(len(sigma), -1) / sigma
        for block, jacobian in zip(problem.parameters, jacobians, strict=True)
    }
    labels = [block.full_label(0, i) for block in problem.parameters for i in range(block.tangent)]
    covariance = _covariance(document, [str(label) for label in labels])
    suspects = _suspects(arm, problem.parameters, by)
    pose = np.repeat(table.pose, measurement.dimension)
    residuals = -off.ravel() / sigma[:, 0]
    return CheckedResiduals(residuals, np.hstack(list(by.values())), covariance, suspects, row=pose)


def _measurement(document: Mapping[str, Any]) -> Measurement:
    if document["measurement"] not in shipped_measurements():
        raise InputError(
            "an arm that was calibrated from images is not checked by a table",
            code="not-checkable",
            why=f"it was measured by {document['measurement']}",
            advice="calibrate again from new images and compare: calib compare OLD NEW",
        )
    return load_measurement(document["measurement"])


def _covariance(document: Mapping[str, Any], labels: Sequence[str]) -> Array:
    """(p, p) over labels, zero where held."""
    found = document.get("covariance")
    if found is None:
        raise InputError(
            "the result states no covariance of arm and frames",
            code="covariance-missing",
            why="it was written by an older version",
            advice="calibrate again: --config RESULT repeats the run",
        )
    place, matrix = {label: i for i, label in enumerate(found["labels"])}, np.array(found["matrix"], dtype=float)
    here = [i for i, label in enumerate(labels) if label in place]
    there = [place[labels[i]] for i in here]
    out = np.zeros((len(labels), len(labels)))
    out[np.ix_(here, here)] = matrix[np.ix_(there, there)]
    return out


def _suspects(arm: Arm, blocks: Sequence[ParameterBlock], by: Mapping[str, Array]) -> tuple[Suspect, ...]:
    """The zero of every joint, and every frame."""
    geometry = arm.geometry
    labels = [label.quantity for label in geometry.labels]
    found = []
    for joint, slides in enumerate(geometry.prismatic):
        at = labels.index(f"{'d' if slides else 'theta'}{joint + 1}")
        column = by[ARM_BLOCK][:, at : at + 1]
        part = (
            ChangePart(slice(0, 1), 1000.0, "mm") if slides else ChangePart(slice(0, 1), float(np.degrees(1.0)), "deg")
        )
        found.append(Suspect(f"zero of joint {joint + 1}", column, (part,), RESET))
    for block in blocks:
        if block.name in by and block.name.partition("_from_")[0] in ("world", "flange"):
            of_base = block.name.startswith("world")
            name, action = ("base in the world", BASE) if of_base else ("target on the flange", TARGET)
            columns = by[block.name]
            parts = rigid_parts() if columns.shape[1] % 6 == 0 else (ChangePart(slice(0, 3), 1000.0, "mm"),)
            found.append(Suspect(name, columns[:, : parts[-1].coordinates.stop], parts, action))
    return tuple(found)
