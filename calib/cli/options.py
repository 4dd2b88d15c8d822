"""Option values that need reading: comma lists and image sizes."""

from __future__ import annotations

from calib.errors import UsageError


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
