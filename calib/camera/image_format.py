"""What an image file's header states, and whether the file is whole: walked in Python, never decoded.

Decoders fill the missing part of a truncated file with grey and return success; a header may claim any size. So the
structure is walked to the last byte first, and what does not add up is refused by name. One file per format in
`image_formats/`, each exporting FORMAT.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from calib import plugins
from calib.errors import InputError

FORMATS = "calib.camera.image_formats"
MAX_PIXELS = 250_000_000  # the largest sensors sold have 247 MP; grey pixels then take 250 MB


@dataclass(frozen=True)
class Header:
    """What a file states of its image."""

    format: str
    """Such as PNG."""
    width_px: int
    """Columns."""
    height_px: int
    """Rows."""
    depth_bits: int
    """Per channel."""
    channels: int
    """Of colour and alpha."""
    orientation: int = 1
    """EXIF's 1 to 8; 1 is upright."""


@dataclass(frozen=True)
class ImageFormat:
    """A format of image files."""

    name: str
    """As errors call it."""
    suffixes: tuple[str, ...]
    """Of file names, in lower case."""
    magic: tuple[bytes, ...]
    """What its files begin with, one of these."""
    read: Callable[[bytes, str], Header]
    """The header of a whole file's bytes; the text names the file in errors. Raises InputError, or struct.error and
    IndexError where the file ends within its header."""
    upright: Callable[[bytes], bytes] | None = None
    """The file without its orientation, where the decoder would rotate the image whatever its flags."""


def image_formats() -> tuple[ImageFormat, ...]:
    """All formats."""
    return tuple(plugins.pick(FORMATS, "FORMAT", name) for name in plugins.discover(FORMATS))


def image_suffixes() -> frozenset[str]:
    """Endings of the names of image files."""
    return frozenset(suffix for each in image_formats() for suffix in each.suffixes)


def check_header(data: bytes, where: str) -> tuple[Header, ImageFormat]:
    """The header and format of an image file's bytes; `where` names it in errors.

    Raises InputError: `image-unreadable` (not an image, damaged), `image-truncated`, `image-too-large`,
    `image-unsupported` (a kind of pixel that is not read here).
    """
    formats = image_formats()
    kind = next((each for each in formats if data.startswith(each.magic)), None)
    if kind is None:
        raise unreadable_image(where, f"it begins like none of {', '.join(each.name for each in formats)}")
    try:
        header = kind.read(data, where)
    except (struct.error, IndexError):
        raise truncated_image(where, "the file ends within its header") from None
    if header.width_px < 1 or header.height_px < 1:
        raise unreadable_image(where, f"its header states {header.width_px}x{header.height_px} pixels")
    if header.width_px * header.height_px > MAX_PIXELS:
        raise InputError(
            "image too large",
            code="image-too-large",
            where=where,
            why=f"it claims {header.width_px}x{header.height_px} pixels, the limit is {MAX_PIXELS // 10**6} million",
            advice="remove it from the images, or save it again if its header is damaged",
        )
    return header, kind


def unreadable_image(where: str, why: str) -> InputError:
    """The error `image-unreadable`."""
    advice = "open it in an image viewer: save it again as PNG, or remove it from the images"
    return InputError("image cannot be read", code="image-unreadable", where=where, why=why, advice=advice)


def truncated_image(where: str, why: str) -> InputError:
    """The error `image-truncated`."""
    return InputError("image is truncated", code="image-truncated", where=where, why=why, advice="copy the file again")


def unsupported_image(where: str, why: str) -> InputError:
    """The error `image-unsupported`."""
    advice = "save it as PNG with 8 or 16 bits, grey or colour"
    return InputError("image of an unsupported kind", code="image-unsupported", where=where, why=why, advice=advice)


def exif_orientation(tiff: bytes) -> int:
    """The orientation tag of an EXIF block; 1 where it is missing or damaged, for it decides nothing here."""
    try:
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (at,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == 0x0112:
                return int(value) if 1 <= value <= 8 else 1
    except (KeyError, struct.error):
        pass
    return 1
