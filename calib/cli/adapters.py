"""Results of rooms that are no `Result`s yet, as if they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calib import documents
from calib.result import Output

if TYPE_CHECKING:
    from calib.cell.arms.calibrate_cell import Cell
    from calib.cell.arms.joint_lens import LensOfArm
    from calib.robot.evaluation.arm_calibration import ArmCalibration
    from calib.verdict import Verdict


@dataclass(frozen=True)
class Adapted(Output):
    """Texts worked out beforehand."""

    kind: str
    text: str
    contents: Mapping[str, str | bytes]
    judged: Any = None
    plain: Mapping[str, Any] | None = None

    @property
    def verdict(self) -> Verdict | None:
        if self.judged is None:
            return None
        from calib.verdict import Verdict

        return Verdict(self.judged.grade, self.judged.reason, tuple(self.judged.advice))

    def summary(self) -> str:
        return "\n".join(line for line in self.text.splitlines() if not line.startswith("written: "))

    def document(self) -> dict[str, Any]:
        head = documents.heading(self.kind, self.verdict)
        return head | {key: value for key, value in (self.plain or {}).items() if key not in (*head, "seconds")}

    def files(self) -> Mapping[str, str | bytes]:
        if self.plain is None:
            return self.contents
        return {**self.contents, "result.json": documents.to_json(self.document())}


def cell(calibration: Cell) -> Adapted:
    """A cell."""
    from calib.cell.arms.summary import as_cell_file, as_document, grade, summary
    from calib.robot.arm_file import arm_as_yaml

    verdicts = {name: found.verdict for name, found in calibration.arms.items()}
    worst = next(each for each in verdicts.values() if each.grade == grade(verdicts))
    title = f"Where the arms stand: world_from_base in {calibration.world}, metres; a quaternion's scalar comes last."
    files: dict[str, str | bytes] = {"cell.yaml": documents.to_yaml(as_cell_file(calibration), title)}
    files |= {f"{name}/arm.yaml": arm_as_yaml(found.arm) for name, found in calibration.arms.items()}
    text = summary(calibration, verdicts, "")
    return Adapted("cell", text, files, worst, as_document(calibration, verdicts, 0.0))


def arm(calibration: ArmCalibration, lens: LensOfArm | None) -> Output:
    """An arm from images."""
    if lens is None:
        return calibration
    files = dict(calibration.files())
    files["camera.yaml"] = documents.to_yaml(lens.file(), "The camera, its lens estimated jointly with the arm.")
    plain = {**calibration.document(), "camera": lens.document()}
    return Adapted("arm", str(calibration), files, calibration.verdict, plain)
