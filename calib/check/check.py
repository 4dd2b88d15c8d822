"""Whether an earlier result still holds: read it, predict, and search what changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calib.camera.camera import load_camera
from calib.check.arms import check_arm
from calib.check.cameras import check_camera
from calib.check.drift import search_drift
from calib.check.hand_eyes import check_hand_eye
from calib.check.result import ResultCheck
from calib.errors import InputError, UsageError
from calib.robot.arm_file import load_arm
from calib.storage.result_folder import read_result

if TYPE_CHECKING:
    from calib.camera.observations import Observations
    from calib.robot.table.pose_table import PoseTable

NEEDS = {"camera": ("images",), "hand_eye": ("images", "poses"), "arm": ("poses",)}  # by kind of result
GIVEN = {"images": "--images new/ (or --corners)", "poses": "--poses new.csv"}


def require_checkable(document: Mapping[str, Any], given: Mapping[str, object], where: str) -> str:
    """The kind of a result, if it can be checked by what is given. Raises UsageError `not-checkable`,
    `input-missing`, `option-conflict`."""
    kind = str(document["kind"])
    if kind not in NEEDS:
        advice = "check the result of calib camera, calib hand-eye or calib robot"
        raise UsageError(f"a result of kind {kind} is not checked", code="not-checkable", where=where, advice=advice)
    needed = NEEDS[kind]
    example = f"calib check {where} {' '.join(GIVEN[name] for name in needed)}"
    if missing := [name for name in needed if given[name] is None]:
        what = f"a result of kind {kind} is checked by new {' and '.join(needed)}: {missing[0]} are missing"
        raise UsageError(what, code="input-missing", where=where, advice=example)
    if idle := [name for name in given if given[name] is not None and name not in needed]:
        what = f"a result of kind {kind} is not checked by {idle[0]}"
        raise UsageError(what, code="option-conflict", where=where, advice=example)
    return kind


def check(
    result: str | Path, *, observations: Observations | None = None, table: PoseTable | None = None
) -> ResultCheck:
    """An earlier result against new measurements: images of a camera, images and flange poses of a hand-eye
    calibration, measured poses of an arm.

    Raises UsageError and InputError of `read_result`, `require_checkable` and of the readers; InputError
    `result-unreadable` for a document that lacks what a result of its kind holds.
    """
    document = read_result(result)
    folder = Path(result) if Path(result).is_dir() else Path(result).parent
    kind = require_checkable(document, {"images": observations, "poses": table}, str(result))
    try:
        if kind == "arm":
            assert table is not None
            checked, measured = check_arm(document, load_arm(folder), table), f"{len(table.joints)} rows"
        else:
            assert observations is not None
            camera = load_camera(folder)
            if table is None:
                checked, seen = check_camera(document, camera, observations)
            else:
                checked, seen = check_hand_eye(document, camera, observations, table)
            measured = f"{len(seen.views)} images"
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "the document of the result is not whole",
            code="result-unreadable",
            where=str(result),
            why=f"{type(error).__name__}: {error}",
            advice="calibrate again: --config RESULT repeats the run",
        ) from None
    return ResultCheck(str(result), kind, measured, search_drift(checked))
