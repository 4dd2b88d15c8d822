"""Where corners come from on the command line: images of a board, or a table of corners found elsewhere."""

from __future__ import annotations

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
        from calib.camera.detection import detect

        return detect(images, board, jobs=jobs, timeout_s=timeout_s, progress=progress("corners", quiet))
    from calib.camera.corner_table import read_corners

    assert corners is not None
    return read_corners(corners, read_size(size) if size else None)
