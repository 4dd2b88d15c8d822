"""Options that several commands share, and option values that need reading: comma lists, image sizes, tolerances."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated

import typer

from calib.errors import UsageError

# Of the commands that calibrate.
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes for detection. Default: one per processor.")]
TimeLimit = Annotated[float, typer.Option(min=0.1, help="Time limit per image.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the summary.")]
Euler = Annotated[str | None, typer.Option(help="Sequence of Euler angles: ZYX moving axes, zyx fixed axes.")]
Columns = Annotated[str | None, typer.Option(metavar="OURS=THEIRS,...", help="Columns under other names.")]
LensUnlessGiven = Annotated[str, typer.Option(help="Lens model without --camera; see `calib list lenses`.")]
EitherSetup = Annotated[str | None, typer.Option(help="eye-in-hand or eye-to-hand. Default: the one that fits better.")]
SizeOfCorners = Annotated[str | None, typer.Option(metavar="WxH", help="Image size in pixels, with --corners.")]

# Of the commands that simulate; each gives its own default.
Output = Annotated[Path, typer.Option(help="Folder to create.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same bytes.")]
Lens = Annotated[str, typer.Option(help="Lens model; see `calib list lenses`.")]
Board = Annotated[str, typer.Option(help="Board, as for `calib camera`.")]
ImageSize = Annotated[str, typer.Option(metavar="WxH", help="Image size in pixels.")]
Render = Annotated[bool, typer.Option("--render", help="Also render the images (with noise and blur).")]
Setup = Annotated[str, typer.Option(help="eye-in-hand or eye-to-hand.")]
Arm = Annotated[str, typer.Option(help="Shipped arm, see `calib list arms`, or a .yaml or .urdf file.")]


def names(values: list[str] | None) -> list[str]:
    """The items of options that may be repeated and may hold comma lists."""
    return [name.strip() for value in values or [] for name in value.split(",") if name.strip()]


def image_size(text: str) -> tuple[int, int]:
    """(width, height) of text such as 1280x720. Raises UsageError `image-size`."""
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        width = height = 0
    if width <= 0 or height <= 0:
        raise UsageError(
            f"not an image size: {text!r}", code="image-size", where="--image-size", advice="for example 1280x720"
        )
    return width, height


def tolerance_of(text: str, option: str = "--tolerance") -> tuple[float, float]:
    """Metres and radians of text such as 0.5mm,0.1deg. Raises UsageError `tolerance`, naming the option."""
    units = {"mm": 1e-3, "m": 1.0, "deg": math.pi / 180, "rad": 1.0}
    found: dict[str, float] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(mm|m|deg|rad)\s*", part)
        try:
            kind = "length" if match and match[2] in ("mm", "m") else "angle"
            found[kind] = float(match[1]) * units[match[2]] if match else 0.0
        except ValueError:
            found[kind] = 0.0
    if set(found) != {"length", "angle"} or min(found.values()) <= 0 or len(text.split(",")) != 2:
        raise UsageError(
            f"not a length and an angle: {text!r}",
            code="tolerance",
            where=option,
            advice="for example 0.5mm,0.1deg",
        )
    return found["length"], found["angle"]
