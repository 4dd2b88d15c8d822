"""PNG (W3C, third edition)."""

from __future__ import annotations

import struct
import zlib

from calib.camera.image_format import (
    MAX_PIXELS,
    Header,
    ImageFormat,
    exif_orientation,
    truncated_image,
    unreadable_image,
)

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def read(data: bytes, where: str) -> Header:
    """The header of a PNG file."""
    if len(data) < 16:
        raise truncated_image(where, "no header")
    if data[12:16] != b"IHDR":
        raise unreadable_image(where, "its first chunk is not the header")
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if colour not in _CHANNELS or depth not in (1, 2, 4, 8, 16):
        raise unreadable_image(where, f"colour type {colour} with {depth} bits does not exist")
    if width * height > MAX_PIXELS:
        return Header("PNG", width, height, depth, _CHANNELS[colour])
    at, orientation = 8, 1
    inflate, unpacked = zlib.decompressobj(), 0
    bits = depth * _CHANNELS[colour]
    expected = (
        _bytes_of(width, height, bits)
        if not interlaced
        else sum(_bytes_of(-(-(width - x) // dx), -(-(height - y) // dy), bits) for x, y, dx, dy in _PASSES)
    )
    while True:
        if at + 12 > len(data):
            raise truncated_image(where, "the end chunk is missing")
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            raise truncated_image(where, "the file ends within a chunk")
        body = memoryview(data)[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(body, zlib.crc32(kind)) != checksum:
            raise unreadable_image(where, f"the checksum of its chunk {kind!r} at byte {at} is wrong")
        if kind == b"IDAT":
            unpacked += _inflate(inflate, body, where)
        elif kind == b"eXIf":
            orientation = exif_orientation(bytes(body))
        elif kind == b"IEND":
            break
        at += 12 + length
    if unpacked < expected:
        raise truncated_image(where, f"its header claims {expected} bytes of pixels, it holds {unpacked}")
    return Header("PNG", width, height, depth, 3 if colour == 3 else _CHANNELS[colour], orientation)


def _bytes_of(width: int, height: int, bits: int) -> int:
    """Filter byte and packed pixels, row by row."""
    return 0 if width <= 0 or height <= 0 else height * (1 + (width * bits + 7) // 8)


def _inflate(inflate: zlib._Decompress, body: memoryview, where: str) -> int:
    """How many bytes a compressed piece holds, never holding many of them at once."""
    total = 0
    try:
        piece = inflate.decompress(body, 1 << 20)
        while piece:
            total += len(piece)
            piece = inflate.decompress(inflate.unconsumed_tail, 1 << 20)
    except zlib.error as error:
        raise unreadable_image(where, f"its pixels do not decompress ({error})") from None
    return total


FORMAT = ImageFormat("PNG", (".png",), (b"\x89PNG\r\n\x1a\n",), read)
