"""What an image file says of itself, and whether it is whole: JPEG, PNG, BMP and TIFF walked in Python, never decoded.

Decoders fill the missing part of a truncated file with grey and return success; a header may claim any size. So the
structure is walked to the last byte first, and what does not add up is refused by name.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from calib.errors import InputError

MAX_PIXELS = 250_000_000  # the largest sensors sold have 247 MP; grey pixels then take 250 MB


@dataclass(frozen=True)
class Header:
    """What a file says of itself. depth_bits: per channel. orientation: EXIF's 1 to 8, 1 upright."""

    format: str
    width_px: int
    height_px: int
    depth_bits: int
    channels: int
    orientation: int = 1


def check(data: bytes, where: str) -> Header:
    """The header of an image file's bytes; `where` names it in errors.

    Raises InputError: `image-unreadable` (not an image, damaged), `image-truncated`, `image-too-large`,
    `image-unsupported` (a kind of pixel that is not read here).
    """
    parse = next((parse for magic, parse in _FORMATS if data.startswith(magic)), None)
    if parse is None:
        raise unreadable(where, "it begins like no JPEG, PNG, BMP or TIFF")
    try:
        header = parse(data, where)
    except (struct.error, IndexError):
        raise truncated(where, "the file ends within its header") from None
    if header.width_px < 1 or header.height_px < 1:
        raise unreadable(where, f"its header says {header.width_px}x{header.height_px} pixels")
    if header.width_px * header.height_px > MAX_PIXELS:
        raise InputError(
            "image too large",
            code="image-too-large",
            where=where,
            why=f"it claims {header.width_px}x{header.height_px} pixels, the limit is {MAX_PIXELS // 10**6} million",
        )
    return header


def unreadable(where: str, why: str) -> InputError:
    return InputError("image cannot be read", code="image-unreadable", where=where, why=why)


def truncated(where: str, why: str) -> InputError:
    return InputError("image is truncated", code="image-truncated", where=where, why=why, advice="copy the file again")


def unsupported(where: str, why: str) -> InputError:
    return InputError("image of an unsupported kind", code="image-unsupported", where=where, why=why)


# --- JPEG (ITU T.81) ---------------------------------------------------------------------------------------------

_SCAN_END = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # in entropy-coded data FF is stuffed or a restart marker
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def _jpeg(data: bytes, where: str) -> Header:
    at, frame, scanned, orientation = 2, None, False, 1
    while True:
        start = at
        while data[at : at + 1] == b"\xff":
            at += 1
        if at >= len(data):
            raise truncated(where, "the end-of-image marker is missing")
        if at == start:
            raise unreadable(where, f"no marker where one must be, at byte {at}")
        marker = data[at]
        at += 1
        if marker == 0xD9:
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2:
            raise unreadable(where, f"a segment of length {length}, at byte {at}")
        if at + length > len(data):
            raise truncated(where, "the file ends within a segment")
        if marker in _FRAMES:
            frame = frame or struct.unpack_from(">BHHB", data, at + 2)
        elif marker == 0xE1 and data[at + 2 : at + 8] == b"Exif\0\0":
            orientation = _exif_orientation(data[at + 8 : at + length])
        at += length
        if marker == 0xDA:
            scanned = True
            end = _SCAN_END.search(data, at)
            if end is None:
                raise truncated(where, "the end-of-image marker is missing")
            at = end.start()
    if frame is None or not scanned:
        raise unreadable(where, "it holds no picture")
    depth, height, width, channels = frame
    if depth != 8:
        raise unsupported(where, f"a JPEG of {depth} bits; only 8 are read")
    return Header("JPEG", width, height, depth, channels, orientation)


def _exif_orientation(tiff: bytes) -> int:
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


# --- PNG (W3C, third edition) ------------------------------------------------------------------------------------

_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def _png(data: bytes, where: str) -> Header:
    if data[12:16] != b"IHDR":
        raise (
            unreadable(where, "its first chunk is not the header") if len(data) >= 16 else truncated(where, "no header")
        )
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if colour not in _PNG_CHANNELS or depth not in (1, 2, 4, 8, 16):
        raise unreadable(where, f"colour type {colour} with {depth} bits does not exist")
    if width * height > MAX_PIXELS:
        return Header("PNG", width, height, depth, _PNG_CHANNELS[colour])
    at, orientation = 8, 1
    inflate, unpacked = zlib.decompressobj(), 0
    bits = depth * _PNG_CHANNELS[colour]
    expected = (
        _png_bytes(width, height, bits)
        if not interlaced
        else sum(_png_bytes(-(-(width - x) // dx), -(-(height - y) // dy), bits) for x, y, dx, dy in _PNG_PASSES)
    )
    while True:
        if at + 12 > len(data):
            raise truncated(where, "the end chunk is missing")
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            raise truncated(where, "the file ends within a chunk")
        body = memoryview(data)[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(body, zlib.crc32(kind)) != checksum:
            raise unreadable(where, f"the checksum of its chunk {kind!r} at byte {at} is wrong")
        if kind == b"IDAT":
            unpacked += _inflated(inflate, body, where)
        elif kind == b"eXIf":
            orientation = _exif_orientation(bytes(body))
        elif kind == b"IEND":
            break
        at += 12 + length
    if unpacked < expected:
        raise truncated(where, f"its header promises {expected} bytes of pixels, it holds {unpacked}")
    return Header("PNG", width, height, depth, 3 if colour == 3 else _PNG_CHANNELS[colour], orientation)


def _png_bytes(width: int, height: int, bits: int) -> int:
    """Filter byte and packed pixels, row by row."""
    return 0 if width <= 0 or height <= 0 else height * (1 + (width * bits + 7) // 8)


def _inflated(inflate: zlib._Decompress, body: memoryview, where: str) -> int:
    """How many bytes a compressed piece holds, never holding many of them at once."""
    total = 0
    try:
        piece = inflate.decompress(body, 1 << 20)
        while piece:
            total += len(piece)
            piece = inflate.decompress(inflate.unconsumed_tail, 1 << 20)
    except zlib.error as error:
        raise unreadable(where, f"its pixels do not decompress ({error})") from None
    return total


# --- BMP ---------------------------------------------------------------------------------------------------------


def _bmp(data: bytes, where: str) -> Header:
    offset, size = struct.unpack_from("<II", data, 10)
    if size == 12:
        width, height, planes, bits = struct.unpack_from("<HHHH", data, 18)
        compression = packed = 0
    elif 40 <= size <= 124:
        width, height, planes, bits, compression, packed = struct.unpack_from("<iiHHII", data, 18)
        height = abs(height)  # negative: rows from the top down
    else:
        raise unreadable(where, f"a BMP header of {size} bytes does not exist")
    if planes != 1 or bits not in (1, 2, 4, 8, 16, 24, 32):
        raise unreadable(where, f"{planes} planes of {bits} bits do not exist")
    if compression not in (0, 1, 2, 3, 6):
        raise unsupported(where, f"BMP compression {compression}")
    needed = packed if compression in (1, 2) else (width * bits + 31) // 32 * 4 * height
    if offset + needed > len(data):
        raise truncated(where, f"its header promises {offset + needed} bytes, it holds {len(data)}")
    return Header("BMP", width, height, 8, 1 if bits <= 8 else bits // 8)


# --- TIFF 6.0 ----------------------------------------------------------------------------------------------------

_TIFF_KINDS = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4), 16: ("Q", 8)}  # the whole numbers; no other kind matters here
_TIFF_ORIENTATION = 274
_TIFF_MAX_ENTRIES = 4096


def _tiff_tags(data: bytes, where: str) -> dict[int, tuple[int, tuple[int, ...]]]:
    """The whole-number tags of the first picture: where each one's values lie in the file, and the values."""
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    at = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    count = struct.unpack_from(order + ("Q" if big else "H"), data, at)[0]
    if count > _TIFF_MAX_ENTRIES:
        raise unreadable(where, f"a directory of {count} entries")
    tags: dict[int, tuple[int, tuple[int, ...]]] = {}
    for i in range(count):
        entry = at + (8 + 20 * i if big else 2 + 12 * i)
        tag, kind, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, entry)
        if kind not in _TIFF_KINDS:
            continue
        letter, size = _TIFF_KINDS[kind]
        place, room = (entry + 12, 8) if big else (entry + 8, 4)
        if number * size > room:
            place = struct.unpack_from(order + ("Q" if big else "I"), data, place)[0]
        if place + number * size > len(data):
            raise truncated(where, f"tag {tag} lies beyond the end of the file")
        tags[tag] = place, struct.unpack_from(f"{order}{number}{letter}", data, place)
    return tags


def _tiff(data: bytes, where: str) -> Header:
    tags = {tag: values for tag, (_, values) in _tiff_tags(data, where).items()}
    if not (tags.get(256) and tags.get(257)):
        raise unreadable(where, "its directory gives no size")
    width, height = tags[256][0], tags[257][0]
    depth, channels = (tags.get(258) or (1,))[0], (tags.get(277) or (1,))[0]
    if depth not in (1, 2, 4, 8, 16):
        raise unsupported(where, f"a TIFF of {depth} bits; up to 16 are read")
    starts, sizes = tags.get(324) or tags.get(273) or (), tags.get(325) or tags.get(279) or ()
    if not starts or len(starts) != len(sizes):
        raise unreadable(where, "its directory does not say where the pixels are")
    if max(start + size for start, size in zip(starts, sizes, strict=True)) > len(data):
        raise truncated(where, "its pixels lie beyond the end of the file")
    packed = (tags.get(259) or (1,))[0] != 1
    if not packed and sum(sizes) < (width * depth * channels + 7) // 8 * height:
        raise truncated(where, f"its header promises {width}x{height} pixels, it holds {sum(sizes)} bytes")
    orientation = (tags.get(_TIFF_ORIENTATION) or (1,))[0]
    return Header("TIFF", width, height, depth, channels, orientation if 1 <= orientation <= 8 else 1)


def tiff_upright(data: bytes) -> bytes:
    """The file with its orientation tag blanked: OpenCV's TIFF reader turns the picture whatever it is told."""
    at, _ = _tiff_tags(data, "")[_TIFF_ORIENTATION]
    return data[:at] + (b"\1\0" if data[:2] == b"II" else b"\0\1") + data[at + 2 :]


_FORMATS = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"BM", _bmp),
    (b"II*\0", _tiff),
    (b"MM\0*", _tiff),
    (b"II+\0", _tiff),
    (b"MM\0+", _tiff),
)
