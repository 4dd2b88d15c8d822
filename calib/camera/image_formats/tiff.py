"""TIFF 6.0 and BigTIFF."""

from __future__ import annotations

import struct

from calib.camera.image_format import Header, ImageFormat, truncated_image, unreadable_image, unsupported_image

_KINDS = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4), 16: ("Q", 8)}  # the whole numbers; no other kind matters here
_ORIENTATION = 274
_MAX_ENTRIES = 4096


def _tags(data: bytes, where: str) -> dict[int, tuple[int, tuple[int, ...]]]:
    """The whole-number tags of the first picture: where each one's values are in the file, and the values."""
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    at = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    count = struct.unpack_from(order + ("Q" if big else "H"), data, at)[0]
    if count > _MAX_ENTRIES:
        raise unreadable_image(where, f"a directory of {count} entries")
    tags: dict[int, tuple[int, tuple[int, ...]]] = {}
    for i in range(count):
        entry = at + (8 + 20 * i if big else 2 + 12 * i)
        tag, kind, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, entry)
        if kind not in _KINDS:
            continue
        letter, size = _KINDS[kind]
        place, room = (entry + 12, 8) if big else (entry + 8, 4)
        if number * size > room:
            place = struct.unpack_from(order + ("Q" if big else "I"), data, place)[0]
        if place + number * size > len(data):
            raise truncated_image(where, f"tag {tag} is beyond the end of the file")
        tags[tag] = place, struct.unpack_from(f"{order}{number}{letter}", data, place)
    return tags


def read(data: bytes, where: str) -> Header:
    """The header of a TIFF file, BigTIFF too."""
    tags = {tag: values for tag, (_, values) in _tags(data, where).items()}
    if not (tags.get(256) and tags.get(257)):
        raise unreadable_image(where, "its directory gives no size")
    width, height = tags[256][0], tags[257][0]
    depth, channels = (tags.get(258) or (1,))[0], (tags.get(277) or (1,))[0]
    if depth not in (1, 2, 4, 8, 16):
        raise unsupported_image(where, f"a TIFF of {depth} bits; up to 16 are read")
    starts, sizes = tags.get(324) or tags.get(273) or (), tags.get(325) or tags.get(279) or ()
    if not starts or len(starts) != len(sizes):
        raise unreadable_image(where, "its directory gives no offset of the pixels")
    if max(start + size for start, size in zip(starts, sizes, strict=True)) > len(data):
        raise truncated_image(where, "its pixels are beyond the end of the file")
    packed = (tags.get(259) or (1,))[0] != 1
    if not packed and sum(sizes) < (width * depth * channels + 7) // 8 * height:
        raise truncated_image(where, f"its header claims {width}x{height} pixels, it holds {sum(sizes)} bytes")
    orientation = (tags.get(_ORIENTATION) or (1,))[0]
    return Header("TIFF", width, height, depth, channels, orientation if 1 <= orientation <= 8 else 1)


def upright(data: bytes) -> bytes:
    """The file with its orientation tag blanked: OpenCV's TIFF reader rotates the picture whatever its flags."""
    at, _ = _tags(data, "")[_ORIENTATION]
    return data[:at] + (b"\1\0" if data[:2] == b"II" else b"\0\1") + data[at + 2 :]


FORMAT = ImageFormat("TIFF", (".tif", ".tiff"), (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), read, upright)
