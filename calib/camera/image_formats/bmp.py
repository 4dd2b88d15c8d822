"""Windows' BMP."""

from __future__ import annotations

import struct

from calib.camera.image_format import Header, ImageFormat, truncated_image, unreadable_image, unsupported_image


def read(data: bytes, where: str) -> Header:
    """The header of a BMP file."""
    offset, size = struct.unpack_from("<II", data, 10)
    if size == 12:
        width, height, planes, bits = struct.unpack_from("<HHHH", data, 18)
        compression = packed = 0
    elif 40 <= size <= 124:
        width, height, planes, bits, compression, packed = struct.unpack_from("<iiHHII", data, 18)
        height = abs(height)  # negative: rows from the top down
    else:
        raise unreadable_image(where, f"a BMP header of {size} bytes does not exist")
    if planes != 1 or bits not in (1, 2, 4, 8, 16, 24, 32):
        raise unreadable_image(where, f"{planes} planes of {bits} bits do not exist")
    if compression not in (0, 1, 2, 3, 6):
        raise unsupported_image(where, f"BMP compression {compression}")
    needed = packed if compression in (1, 2) else (width * bits + 31) // 32 * 4 * height
    if offset + needed > len(data):
        raise truncated_image(where, f"its header claims {offset + needed} bytes, it holds {len(data)}")
    return Header("BMP", width, height, 8, 1 if bits <= 8 else bits // 8)


FORMAT = ImageFormat("BMP", (".bmp",), (b"BM",), read)
