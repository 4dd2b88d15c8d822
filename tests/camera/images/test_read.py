"""Reading images: what is read, what is refused and by which code, and that no bytes whatever break it."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from cases.seeds import seeds

from calib.camera.images.read import find_images, names_of, read_grey, read_header
from calib.errors import CalibError, InputError

COLOUR = np.random.default_rng(5).integers(0, 256, (20, 30, 3), dtype=np.uint8)
EXIF_TURNED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"


def encoded(suffix: str, image: np.ndarray, *options: int) -> bytes:
    done, data = cv2.imencode(suffix, image, options)
    assert done
    return bytes(data)


def turned_jpeg() -> bytes:
    plain = encoded(".jpg", COLOUR)
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(EXIF_TURNED) + 2) + EXIF_TURNED + plain[2:]


def turned_tiff() -> bytes:
    """A grey TIFF whose orientation tag says 6."""
    pixels = COLOUR[..., 0].tobytes()
    entries = [(256, 30), (257, 20), (258, 8), (259, 1), (262, 1), (273, 8), (274, 6), (277, 1), (278, 20), (279, 600)]
    table = b"".join(struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, value) for tag, value in entries)
    head = b"II*\0" + struct.pack("<I", 8 + len(pixels))
    return head + pixels + struct.pack("<H", len(entries)) + table + b"\0\0\0\0"


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, pixels: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (png_chunk(b"IHDR", header), png_chunk(b"IDAT", zlib.compress(pixels)), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


WHOLE: dict[str, Callable[[], bytes]] = {
    "a.jpg": lambda: encoded(".jpg", COLOUR),
    "progressive.jpg": lambda: encoded(".jpg", COLOUR, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restarts.jpg": lambda: encoded(".jpg", COLOUR, cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
    "turned.jpg": turned_jpeg,
    "a.png": lambda: encoded(".png", COLOUR),
    "grey.png": lambda: encoded(".png", COLOUR[..., 0]),
    "alpha.png": lambda: encoded(".png", np.dstack((COLOUR, COLOUR[..., :1]))),
    "one_bit.png": lambda: encoded(".png", COLOUR[..., 0], cv2.IMWRITE_PNG_BILEVEL, 1),
    "sixteen.png": lambda: encoded(".png", COLOUR.astype(np.uint16) * 16),
    "a.bmp": lambda: encoded(".bmp", COLOUR),
    "grey.bmp": lambda: encoded(".bmp", COLOUR[..., 0]),
    "a.tif": lambda: encoded(".tif", COLOUR),
    "plain.tif": lambda: encoded(".tif", COLOUR, cv2.IMWRITE_TIFF_COMPRESSION, 1),
    "sixteen.tif": lambda: encoded(".tif", COLOUR[..., 0].astype(np.uint16) * 16),
    "turned.tif": turned_tiff,
}


@pytest.mark.parametrize("name", WHOLE)
def test_every_format_becomes_grey(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(WHOLE[name]())
    grey, header = read_grey(path)
    assert header == read_header(path)
    assert (header.width_px, header.height_px) == (30, 20)
    assert grey.shape == (20, 30)
    assert grey.dtype == np.uint8
    assert header.orientation == (6 if name.startswith("turned") else 1)
    if name in ("grey.png", "grey.bmp", "turned.tif"):
        np.testing.assert_array_equal(grey, COLOUR[..., 0])


def test_sixteen_bits_are_stretched(tmp_path: Path) -> None:
    ramp = np.linspace(1000, 1400, 20 * 30).reshape(20, 30).astype(np.uint16)
    ramp[0, 0], ramp[-1, -1] = 0, 65535  # a dead and a hot pixel
    path = tmp_path / "ramp.png"
    path.write_bytes(encoded(".png", np.repeat(np.repeat(ramp, 4, 0), 4, 1)))
    path.write_bytes(encoded(".png", np.kron(ramp[1:-1], np.ones((4, 4), np.uint16))))
    grey, _ = read_grey(path)
    assert grey.min() == 0
    assert grey.max() == 255
    assert np.abs(np.diff(grey[::4, ::4].astype(int).ravel())).max() < 4


@pytest.mark.parametrize("name", WHOLE)
def test_a_truncated_file_is_refused(tmp_path: Path, name: str) -> None:
    data = WHOLE[name]()
    path = tmp_path / name
    for length in {0, 1, 5, 20, len(data) // 3, len(data) // 2, len(data) - 40, len(data) - 5}:
        path.write_bytes(data[:length])
        with pytest.raises(InputError) as caught:
            read_grey(path)
        assert caught.value.code in ("image-truncated", "image-unreadable")
        assert name in caught.value.where


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("text.jpg", b"this is a letter", "image-unreadable"),
        ("gif.png", b"GIF89a" + bytes(50), "image-unreadable"),
        ("bomb.png", png(60_000, 60_000, b""), "image-too-large"),
        ("lying.png", png(300, 200, bytes(31 * 20)), "image-truncated"),
        ("none.png", png(0, 20, bytes(20)), "image-unreadable"),
        ("checksum.png", png(30, 20, bytes(31 * 20)).replace(b"IDAT", b"IDaT", 1), "image-unreadable"),
        (
            "float.tif",
            encoded(".tif", COLOUR[..., 0].astype(np.float32), cv2.IMWRITE_TIFF_COMPRESSION, 1),
            "image-unsupported",
        ),
        (
            "lying.bmp",
            encoded(".bmp", COLOUR).replace(struct.pack("<ii", 30, 20), struct.pack("<ii", 300, 200)),
            "image-truncated",
        ),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_grey(path)
    assert caught.value.code == code


def test_a_jpeg_that_claims_more_rows_than_it_holds_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(encoded(".jpg", np.random.default_rng(6).integers(0, 256, (200, 300), dtype=np.uint8)))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 2] = struct.pack(">H", 900)
    path = tmp_path / "tall.jpg"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_grey(path)
    assert caught.value.code == "image-damaged"
    assert capfd.readouterr().err == ""


def test_no_such_file_and_no_file() -> None:
    for path in (Path("nowhere.png"), Path()):
        with pytest.raises(InputError) as caught:
            read_header(path)
        assert caught.value.code == "image-unreadable"


@pytest.mark.parametrize("seed", seeds(12))
def test_any_bytes_end_in_an_image_or_an_error_with_a_code(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = tmp_path / "x"
    seeds = [make() for make in WHOLE.values()]
    for _ in range(125):
        data = bytearray(seeds[rng.integers(len(seeds))])
        for _ in range(int(rng.integers(1, 6))):
            at = int(rng.integers(min(len(data), 400)))
            data[at] = int(rng.choice([0, 1, 127, 128, 255, rng.integers(256)]))
        if rng.random() < 0.3:
            at = int(rng.integers(len(data)))
            data[at : at + int(rng.integers(20))] = rng.bytes(int(rng.integers(20)))
        path.write_bytes(data)
        outcome = "image-read"
        try:
            grey, header = read_grey(path)
            assert grey.shape == (header.height_px, header.width_px)
        except CalibError as error:
            outcome = error.code
        assert outcome.startswith("image-")


def test_images_are_found_in_natural_order(tmp_path: Path) -> None:
    for name in ("im10.png", "im2.PNG", "im1.jpeg", "notes.txt", ".im0.png", "B3.tif"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in find_images(tmp_path)] == ["B3.tif", "im1.jpeg", "im2.PNG", "im10.png"]


def test_a_folder_without_images_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "below").mkdir()
    with pytest.raises(InputError) as caught:
        find_images(tmp_path)
    assert caught.value.code == "no-images"
    assert "1 .mp4" in str(caught.value)
    assert "1 folders" in str(caught.value)
    with pytest.raises(InputError, match="nowhere"):
        find_images(Path("nowhere"))


def test_folders_below_that_hold_the_images_are_named(tmp_path: Path) -> None:
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").touch()
    (tmp_path / "notes").mkdir()
    with pytest.raises(InputError) as caught:
        find_images(tmp_path)
    assert (
        caught.value.advice
        == f"give one of the folders in it: {tmp_path}/left (images: 1), {tmp_path}/right (images: 1)"
    )


@pytest.mark.skipif(os.sep == "\\", reason="no such names there")
def test_images_whose_names_only_their_escapes_make_one_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "a\nb.png", tmp_path / "a\\nb.png"]
    with pytest.raises(InputError) as caught:
        names_of(paths)
    assert caught.value.code == "names-alike"
    assert names_of([paths[0], paths[0]]) == ["a\\nb.png", "a\\nb.png"]  # one file twice is another matter
