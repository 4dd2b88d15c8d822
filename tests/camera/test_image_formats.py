"""Every image format keeps its contract: size and depth from the header, nothing cut short, nothing of another kind."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from calib.camera.image_format import check_header, exif_orientation, image_formats, image_suffixes
from calib.errors import InputError

FORMATS = {one.name: one for one in image_formats()}
WIDTH, HEIGHT = 37, 23

COLOUR = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
PIXELS: dict[str, np.ndarray] = {
    "grey": COLOUR[..., 0],
    "colour": COLOUR,
    "alpha": np.dstack((COLOUR, COLOUR[..., :1])),
    "sixteen": COLOUR[..., 0].astype(np.uint16) * 200,
}
WRITTEN = {  # kinds of pixels that OpenCV's writer of a format keeps: depth in bits and channels
    "JPEG": {"grey": (8, 1), "colour": (8, 3)},
    "PNG": {"grey": (8, 1), "colour": (8, 3), "alpha": (8, 4), "sixteen": (16, 1)},
    "BMP": {"grey": (8, 1), "colour": (8, 3), "alpha": (8, 4)},
    "PNM": {"grey": (8, 1), "colour": (8, 3), "sixteen": (16, 1)},
    "WebP": {"grey": (8, 3), "colour": (8, 3), "alpha": (8, 4)},  # which knows no grey
    "TIFF": {"grey": (8, 1), "colour": (8, 3), "alpha": (8, 4), "sixteen": (16, 1)},
}
CASES = [(name, pixels) for name, kinds in WRITTEN.items() for pixels in kinds]


def encoded(name: str, pixels: str) -> bytes:
    done, data = cv2.imencode(FORMATS[name].suffixes[0], PIXELS[pixels])
    assert done
    return bytes(data)


def code_of(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        check_header(data, "here.img")
    assert caught.value.where == "here.img"
    return caught.value.code


def test_every_format_is_tested() -> None:
    assert set(FORMATS) == set(WRITTEN)


@pytest.mark.parametrize(("name", "pixels"), CASES)
def test_the_header_states_size_depth_and_channels(name: str, pixels: str) -> None:
    header, kind = check_header(encoded(name, pixels), "here")
    assert kind.name == name
    assert (header.format, header.width_px, header.height_px, header.orientation) == (name, WIDTH, HEIGHT, 1)
    assert (header.depth_bits, header.channels) == WRITTEN[name][pixels]


@pytest.mark.parametrize(("name", "pixels"), CASES)
def test_a_file_cut_anywhere_is_refused(name: str, pixels: str) -> None:
    data = encoded(name, pixels)
    magic = max(map(len, FORMATS[name].magic))
    codes = {code_of(data[:length]) for length in range(magic, len(data), max(1, len(data) // 60))}
    assert codes <= {"image-truncated", "image-unreadable"}
    assert code_of(data[: len(data) * 2 // 3]) == "image-truncated"


@pytest.mark.parametrize("name", FORMATS)
def test_what_begins_otherwise_is_no_file_of_the_format(name: str) -> None:
    data = encoded(name, "grey")
    assert code_of(b"\0" + data) == code_of(b"\0" + data[1:]) == "image-unreadable"
    assert code_of(b"") == "image-unreadable"


@pytest.mark.parametrize("name", FORMATS)
def test_the_head_of_one_format_on_the_body_of_another_is_refused(name: str) -> None:
    for other in set(FORMATS) - {name}:
        (head, *_), body = FORMATS[name].magic, encoded(other, "colour")
        assert code_of(head + body[len(head) :]).startswith("image-")


def test_suffixes_are_lower_case_and_magic_tells_the_formats_apart() -> None:
    suffixes = [suffix for one in FORMATS.values() for suffix in one.suffixes]
    assert sorted(suffixes) == sorted(image_suffixes())
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in suffixes)
    magic = [start for one in FORMATS.values() for start in one.magic]
    assert not [(a, b) for a in magic for b in magic if a is not b and a.startswith(b)]


def exif(order: str, value: int, tag: int = 0x0112) -> bytes:
    """An EXIF block of one tag."""

    def pack(number: int, size: int) -> bytes:
        return number.to_bytes(size, "little" if order == "II" else "big")

    entry = pack(tag, 2) + pack(3, 2) + pack(1, 4) + pack(value, 2) + b"\0\0"
    return order.encode() + pack(42, 2) + pack(8, 4) + pack(1, 2) + entry + b"\0\0\0\0"


@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize("value", range(1, 9))
def test_the_orientation_is_read_in_both_byte_orders(order: str, value: int) -> None:
    assert exif_orientation(exif(order, value)) == value


def test_an_orientation_missing_or_damaged_is_upright() -> None:
    whole = exif("II", 6)
    damaged = [b"", b"XX" + whole[2:], whole[:12], exif("II", 0), exif("II", 9), exif("II", 6, tag=0x0113)]
    assert [exif_orientation(data) for data in damaged] == [1] * len(damaged)


def png_of(width: int, height: int, depth: int, kind: int, rows: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height"), [(2**31 - 1, 2**31 - 1), (100_000, 100_000), (2**31 - 1, 1), (1, 300_000_000)]
)
def test_an_image_that_claims_a_huge_size_is_refused_by_its_header(width: int, height: int) -> None:
    """A few kB of zeros, deflated, are as many pixels as the header claims."""
    with pytest.raises(InputError) as caught:
        check_header(png_of(width, height, 8, 0, zlib.compress(bytes(10**6))), "bomb.png")
    assert caught.value.code == "image-too-large"


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"P5 # a comment\n#another\n4 2\n255\n", ""),
        (b"P5\t4\n2 65535 ", "image-truncated"),
        (b"P6\n4 2\n255\n", "image-truncated"),
        (b"P2\n4 2\n255\n", "image-unsupported"),
        (b"P5\n4 2\n0\n", "image-unreadable"),
        (b"P5\n4 two 255\n          ", "image-unreadable"),
        (b"P5\n0 2\n255\n", "image-unreadable"),
    ],
)
def test_headers_of_netpbm(head: bytes, code: str) -> None:
    data = head + bytes(8)
    if code:
        assert code_of(data) == code
    else:
        assert check_header(data, "here")[0].width_px == 4
