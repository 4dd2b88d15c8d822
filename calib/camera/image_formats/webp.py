"""WebP, lossy, lossless and extended (developers.google.com/speed/webp/docs/riff_container)."""

from __future__ import annotations

import struct

from calib.camera.image_format import (
    Header,
    ImageFormat,
    exif_orientation,
    truncated_image,
    unreadable_image,
    unsupported_image,
)

_FIRST_CHUNK = 12  # after "RIFF", the size of all that follows, and "WEBP"
_KEY_FRAME = b"\x9d\x01\x2a"
_LOSSLESS = 0x2F
_ALPHA, _ANIMATED = 0x10, 0x02  # flags of the extended header


def read(data: bytes, where: str) -> Header:
    """The header of a WebP file."""
    if data[8:12] != b"WEBP":
        raise (truncated_image if len(data) < _FIRST_CHUNK else unreadable_image)(where, "a RIFF file, and no WebP")
    (size,) = struct.unpack_from("<I", data, 4)
    if 8 + size > len(data):
        raise truncated_image(where, f"its header claims {8 + size} bytes, it holds {len(data)}")
    chunks = _chunks(data[: 8 + size], where)
    orientation = exif_orientation(chunks[b"EXIF"].removeprefix(b"Exif\0\0")) if b"EXIF" in chunks else 1
    if b"VP8X" in chunks:
        flags, width, height = _canvas(chunks[b"VP8X"])
        if flags & _ANIMATED:
            raise unsupported_image(where, "an animated WebP")
        return Header("WebP", width, height, 8, 4 if flags & _ALPHA else 3, orientation)
    if b"VP8 " in chunks:
        if chunks[b"VP8 "][3:6] != _KEY_FRAME:
            raise unreadable_image(where, "its lossy pixels do not begin with a key frame")
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", chunks[b"VP8 "], 6))
        return Header("WebP", width, height, 8, 3, orientation)
    if b"VP8L" in chunks:
        mark, bits = struct.unpack_from("<BI", chunks[b"VP8L"])
        if mark != _LOSSLESS:
            raise unreadable_image(where, "its lossless pixels do not begin with their mark")
        channels = 4 if bits >> 28 & 1 else 3
        return Header("WebP", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), 8, channels, orientation)
    raise unreadable_image(where, "it holds no pixels")


def _chunks(data: bytes, where: str) -> dict[bytes, bytes]:
    """The first chunk of every kind."""
    found: dict[bytes, bytes] = {}
    at = _FIRST_CHUNK
    while at < len(data):
        kind, (length,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        if at + 8 + length > len(data):
            raise truncated_image(where, "the file ends within a chunk")
        found.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2  # chunks begin at even bytes
    return found


def _canvas(chunk: bytes) -> tuple[int, int, int]:
    """Flags, width and height of the canvas."""
    if len(chunk) < 10:
        raise IndexError
    return chunk[0], 1 + int.from_bytes(chunk[4:7], "little"), 1 + int.from_bytes(chunk[7:10], "little")


FORMAT = ImageFormat("WebP", (".webp",), (b"RIFF",), read)
