"""Why a calibration is not as it should be: causes, each tried on the observations and the solution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib import plugins
from calib.camera.diagnosis.evidence import CAUSES, LEVELS
from calib.verdict import Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calib.camera.diagnosis.evidence import Cause, Finding, MisfitEvidence
    from calib.errors import CalibError


def find_causes(evidence: MisfitEvidence) -> dict[str, Finding]:
    """The causes found, by name, the strongest first; of the first level at which there is any."""
    names = plugins.discover(CAUSES)
    causes: dict[str, Cause] = {name: plugins.pick(CAUSES, "CAUSE", name) for name in names}
    for level in LEVELS:
        tried = {name: cause.find(evidence) for name, cause in causes.items() if cause.level == level}
        found = [(name, finding) for name, finding in tried.items() if finding is not None]
        if found:
            return dict(sorted(found, key=lambda each: -each[1].strength))
    return {}


def with_causes(verdict: Verdict, found: Mapping[str, Finding]) -> Verdict:
    """The verdict with the strongest cause as its reason, and what to do about every one first."""
    if not found:
        return verdict
    first = next(iter(found.values()))
    grade = worst((verdict.grade, *(each.best_grade for each in found.values())))
    others = tuple(each.sentence for each in list(found.values())[1:])
    return Verdict(grade, first.sentence, (*(each.advice for each in found.values()), *others, *verdict.advice))


def explain_failure(error: CalibError, evidence: MisfitEvidence) -> CalibError:
    """The error, or one that names the cause of it."""
    for name, finding in find_causes(evidence).items():
        why = f"{error.what}: {error.why}" if error.why else error.what
        code = name.replace("_", "-")
        return type(error)(finding.sentence, code=code, where=error.where, why=why, advice=finding.advice)
    return error
