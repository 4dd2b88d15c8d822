"""Where corners come from on the command line: images of a board, or a table of corners found elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from calib.cli.options import image_size as read_size
from calib.cli.reporting import progress
from calib.errors import UsageError

if TYPE_CHECKING:
    from calib.camera import Observations


def check_sources(images: Path | None, corners: Path | None, board: str | None, size: str | None, example: str) -> None:
    """Raise UsageError `input-missing` unless one of the two is given, `option-conflict` for what is of no use then."""
    if (images is None) == (corners is None):
        raise UsageError("give either --images or --corners", code="input-missing", advice=example)
    option, source = ("--board", "--corners") if corners is not None else ("--image-size", "--images")
    if (board if corners is not None else size) is not None:
        what = f"{option} is of no use with {source}"
        raise UsageError(what, code="option-conflict", advice=f"leave {option} out")


def camera_names(sources: Sequence[Path], cameras: Sequence[Path], image_times: Path | None) -> tuple[str, ...]:
    """What to call each camera: its folder or table, or camera1, camera2, ... where two are called alike.

    Raises UsageError `camera-count` where there are not as many camera files as cameras, `option-conflict` for times of
    images of several cameras.
    """
    if cameras and len(cameras) != len(sources):
        raise UsageError(
            f"{len(cameras)} camera files for {len(sources)} cameras",
            code="camera-count",
            where="--camera",
            advice="give --camera once for each --images or --corners, in the same order, or not at all",
        )
    if len(sources) > 1 and image_times is not None:
        raise UsageError(
            "times are of one camera's images",
            code="option-conflict",
            where="--image-times",
            advice="calibrate cameras in a stream of poses one by one",
        )
    names = tuple(path.resolve().name if path.is_dir() else path.stem for path in sources)
    distinct = len({name.lower() for name in names}) == len(names)
    return names if distinct else tuple(f"camera{k + 1}" for k in range(len(names)))


def observed(
    images: Path | None,
    corners: Path | None,
    board: str | None,
    size: str | None,
    jobs: int | None,
    timeout_s: float,
    quiet: bool,
) -> Observations:
    """Corners detected in images, or read."""
    if images is not None:
        from calib.camera.detection.detect import detect

        return detect(images, board, jobs=jobs, timeout_s=timeout_s, progress=progress("corners", quiet))
    from calib.camera.corner_table import read_corners

    assert corners is not None
    return read_corners(corners, read_size(size) if size else None)
