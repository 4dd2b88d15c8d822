"""Netpbm's grey and colour maps, PGM and PPM, binary."""

from __future__ import annotations

import re

from calib.camera.image_format import Header, ImageFormat, truncated_image, unreadable_image, unsupported_image

# Words and comments, then one white space before the pixels (netpbm.sourceforge.net/doc/pgm.html).
_HEAD = re.compile(rb"P[56](?:\s+|#[^\n]*\n)+(\d{1,9})(?:\s+|#[^\n]*\n)+(\d{1,9})(?:\s+|#[^\n]*\n)+(\d{1,9})\s")
_LONGEST_HEAD = 4096  # bytes; a comment may be of any length, none is that long


def read(data: bytes, where: str) -> Header:
    """The header of a PGM or PPM file."""
    if data[1:2] in b"23":
        raise unsupported_image(where, "PGM or PPM with its numbers as text")
    head = _HEAD.match(data[:_LONGEST_HEAD])
    if head is None:
        if len(data) < 20:
            raise truncated_image(where, "the file ends within its header")
        raise unreadable_image(where, "a header of Netpbm is P5 or P6, width, height and the greatest value")
    width, height, most = map(int, head.groups())
    if not 1 <= most <= 65535:
        raise unreadable_image(where, f"a greatest value of {most} does not exist")
    depth, channels = (8 if most < 256 else 16), (1 if data[1:2] == b"5" else 3)
    needed = head.end() + width * height * channels * depth // 8
    if needed > len(data):
        raise truncated_image(where, f"its header claims {needed} bytes, it holds {len(data)}")
    return Header("PNM", width, height, depth, channels)


FORMAT = ImageFormat("PNM", (".pnm", ".pgm", ".ppm"), (b"P5", b"P6", b"P2", b"P3"), read)
