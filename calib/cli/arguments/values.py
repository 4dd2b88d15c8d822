"""Values of options that need reading: comma lists, image sizes, a length with an angle."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from calib.config import MAX_MAGNITUDE
from calib.errors import UsageError

if TYPE_CHECKING:
    from calib.need import Need

MOST_PX = 100_000  # of a side; an image of more in both is not read either


def split_commas(values: list[str] | None) -> list[str]:
    """The items of options that may be repeated and may hold comma lists."""
    return [name.strip() for value in values or [] for name in value.split(",") if name.strip()]


def parse_size(text: str) -> tuple[int, int]:
    """(width, height) of text such as 1280x720. Raises UsageError `image-size`."""
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        width = height = 0
    if not (0 < width <= MOST_PX and 0 < height <= MOST_PX):
        advice = f"width x height in pixels, each up to {MOST_PX}: 1280x720"
        raise UsageError(
            f"not an image size: {text!r}",
            code="image-size",
            where="--image-size",
            advice=advice,
        )
    return width, height


def length_and_angle(text: str, option: str) -> tuple[float, float]:
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
    if (
        set(found) != {"length", "angle"}
        or not all(0 < each <= MAX_MAGNITUDE for each in found.values())
        or len(text.split(",")) != 2
    ):
        raise UsageError(
            f"not a length and an angle: {text!r}",
            code="tolerance",
            where=option,
            advice="for example 0.5mm,0.1deg",
        )
    return found["length"], found["angle"]


def joint_values(text: str, option: str) -> list[float]:
    """rad or m of text such as 0deg,-90deg,120mm. Raises UsageError `joint-values`, naming the option."""
    units = {"mm": 1e-3, "m": 1.0, "deg": math.pi / 180, "rad": 1.0}
    found = [re.fullmatch(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*(mm|m|deg|rad)\s*", part) for part in text.split(",")]
    if not all(found):
        advice = f"one number with its unit per joint: {option} 0deg,-90deg,90deg,0deg,90deg,0deg"
        raise UsageError(f"not joint values: {text!r}", code="joint-values", where=option, advice=advice)
    return [float(match[1]) * units[match[2]] for match in found if match]


def stated_need(need: str | None, at: str | None) -> Need | None:
    """What the result is needed for, if that was stated. Raises UsageError `need`, `need-at`."""
    from calib.need import need_of

    if need is None and at is not None:
        advice = f"--need 0.5mm --at {at}"
        raise UsageError("--at needs --need", code="need-at", where="--at", advice=advice)
    return None if need is None else need_of(need, at)


def lengths_by_name(text: str, option: str) -> dict[str, float]:
    """Metres by name of text such as x=12mm,z=0.412m. Raises UsageError `length`, naming the option."""
    found: dict[str, float] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*([a-z]+)\s*=\s*([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*(mm|m)\s*", part)
        length = float(match[2]) * {"mm": 1e-3, "m": 1.0}[match[3]] if match else math.inf
        if match is None or match[1] in found or not abs(length) <= MAX_MAGNITUDE:
            raise UsageError(
                f"not a name with a length: {part.strip()!r}", code="length", where=option, advice="for example z=412mm"
            )
        found[match[1]] = length
    return found
