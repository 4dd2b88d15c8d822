"""JPEG (ITU T.81)."""

from __future__ import annotations

import re
import struct

from calib.camera.image_format import (
    Header,
    ImageFormat,
    exif_orientation,
    truncated_image,
    unreadable_image,
    unsupported_image,
)

_SCAN_END = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # in entropy-coded data FF is stuffed or a restart marker
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def read(data: bytes, where: str) -> Header:
    """The header of a JPEG file."""
    at, frame, scanned, orientation = 2, None, False, 1
    while True:
        start = at
        while data[at : at + 1] == b"\xff":
            at += 1
        if at >= len(data):
            raise truncated_image(where, "the end-of-image marker is missing")
        if at == start:
            raise unreadable_image(where, f"no marker where one must be, at byte {at}")
        marker = data[at]
        at += 1
        if marker == 0xD9:
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2:
            raise unreadable_image(where, f"a segment of length {length}, at byte {at}")
        if at + length > len(data):
            raise truncated_image(where, "the file ends within a segment")
        if marker in _FRAMES:
            frame = frame or struct.unpack_from(">BHHB", data, at + 2)
        elif marker == 0xE1 and data[at + 2 : at + 8] == b"Exif\0\0":
            orientation = exif_orientation(data[at + 8 : at + length])
        at += length
        if marker == 0xDA:
            scanned = True
            end = _SCAN_END.search(data, at)
            if end is None:
                raise truncated_image(where, "the end-of-image marker is missing")
            at = end.start()
    if frame is None or not scanned:
        raise unreadable_image(where, "it holds no picture")
    depth, height, width, channels = frame
    if depth != 8:
        raise unsupported_image(where, f"a JPEG of {depth} bits; only 8 are read")
    return Header("JPEG", width, height, depth, channels, orientation)


FORMAT = ImageFormat("JPEG", (".jpg", ".jpeg"), (b"\xff\xd8\xff",), read)
