"""Images read safely: found, their files checked before anything is decoded, then decoded to grey."""

from __future__ import annotations

import glob
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Grey
from calib.camera.image_format import (
    Header,
    check_header,
    image_suffixes,
    truncated_image,
    unreadable_image,
    unsupported_image,
)
from calib.camera.images import opencv
from calib.errors import InputError, names_alike
from calib.files import path_advice
from calib.text import one_line

MAX_BYTES = 2_000_000_000  # 250 MP of 16-bit colour is 1.5 GB
_STRETCH = (0.1, 99.9)  # percentiles of a 16-bit image that become black and white: hot pixels do not decide


def find_images(folder: Path) -> list[Path]:
    """The images in a folder (not below it), in natural order: `im2.png` before `im10.png`.

    Raises InputError `no-images`, saying what is there instead.
    """
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        advice = "give a folder that exists and that you may read"
        raise InputError(
            "no images: the folder cannot be opened", code="no-images", where=str(folder), why=str(error), advice=advice
        ) from None
    found = _images_of(files)
    if not found:
        kinds = Counter("folders" if path.is_dir() else (path.suffix.lower() or "no suffix") for path in files)
        there = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(6)) or "nothing"
        raise InputError(
            "no images in this folder",
            code="no-images",
            where=str(folder),
            why=f"it holds: {there}",
            advice=_where_images_are(files) or f"images are files ending in {', '.join(sorted(image_suffixes()))}",
        )
    return sorted(found, key=lambda path: natural_order(path.name))


def _images_of(files: Iterable[Path]) -> list[Path]:
    suffixes = image_suffixes()
    return [path for path in files if path.suffix.lower() in suffixes and path.is_file()]


def _where_images_are(files: Iterable[Path]) -> str:
    """Which of these are folders that hold images; empty if none is."""
    held = {path: _images_of(path.iterdir()) for path in files if path.is_dir() and os.access(path, os.R_OK | os.X_OK)}
    full = [f"{path} (images: {len(images)})" for path, images in sorted(held.items()) if images]
    more = f", and {len(full) - 3} more" if len(full) > 3 else ""
    return f"give one of the folders in it: {', '.join(full[:3])}{more}" if full else ""


def image_paths(images: str | Path | Sequence[str | Path]) -> tuple[list[Path], str]:
    """The files that a folder, a pattern or a list means, and how errors call them. Raises InputError `no-images`."""
    if not isinstance(images, str | Path):
        paths = [Path(image) for image in images]
        if not paths:
            raise InputError("no images: the list is empty", code="no-images", advice="give the images' paths")
        return paths, os.path.commonpath([path.absolute().parent for path in paths])
    text = os.path.expanduser(images)
    path = Path(text)
    if os.path.isdir(text):  # which answers for a path that is too long, too
        return find_images(path), text
    if os.path.isfile(text):
        return [path], text
    if glob.has_magic(text):
        matches = sorted(glob.glob(text), key=natural_order)
        files = [match for match in map(Path, matches) if match.is_file()]
        if files:
            return files, text
        advice = "give the folder of the images, or a pattern such as 'photos/*.png'"
        raise InputError("no images match this pattern", code="no-images", where=text, advice=advice)
    raise InputError(
        "no images: there is no such folder or file",
        code="no-images",
        where=text,
        advice=path_advice(path, (), "the folder of the images"),
    )


def names_of(paths: list[Path]) -> list[str]:
    """Names relative to the folder the images share, as they may stand in a line of text.

    Raises InputError `names-alike` for two that only the escapes of such a line make one.
    """
    folder = os.path.commonpath([path.absolute().parent for path in paths])
    names = [path.absolute().relative_to(folder).as_posix() for path in paths]
    shown = {name: one_line(name) for name in names}
    alike = [text for text, count in Counter(shown.values()).items() if count > 1]
    if alike:
        raise names_alike(alike[0], folder)
    return [shown[name] for name in names]


def natural_order(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """A sort key under which numbers inside names count as numbers."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.lower())
    return [(0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part) for part in parts], name


def read_header(path: Path) -> Header:
    """The header of an image file, its structure checked to the last byte.

    Raises InputError: `image-unreadable` (cannot be opened, not an image, damaged), `image-truncated`,
    `image-too-large`, `image-unsupported` (a kind of pixel that is not read here).
    """
    return check_header(_load(path), str(path))[0]


def read_grey(path: Path) -> tuple[Grey, Header]:
    """An image as (height, width) grey values, and its header; EXIF rotation is not applied.

    Colour becomes luminance, alpha is dropped, 16 bits are stretched to 8. Errors as `read_header`, and
    `image-damaged` where the decoder made pixels up.
    """
    data = _load(path)
    header, kind = check_header(data, str(path))
    if kind.upright is not None and header.orientation != 1:
        data = kind.upright(data)
    cv2 = opencv.load()
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    with _decoder_words() as words:
        try:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        except (cv2.error, MemoryError) as error:
            raise unreadable_image(str(path), f"the decoder reports: {str(error).strip()[:200]}") from None
    report = " ".join(words)
    if image is None or image.ndim != 2:
        raise unreadable_image(str(path), "the decoder refuses it")
    if re.search(r"Corrupt JPEG data: (?!\d+ extraneous)|[Pp]remature end|[Nn]ot enough data|[Rr]ead error", report):
        raise InputError(
            "image is damaged",
            code="image-damaged",
            where=str(path),
            why=f"the decoder reports: {report[:200]}",
            advice="copy the file again from where it was taken, or remove it from the images",
        )
    if image.shape != (header.height_px, header.width_px):
        raise unreadable_image(
            str(path),
            f"its header states {header.width_px}x{header.height_px}, decoded it has {image.shape[1]}x{image.shape[0]}",
        )
    if image.dtype == np.uint16:
        return _stretch(image), header
    if image.dtype != np.uint8:
        raise unsupported_image(str(path), f"pixels of type {image.dtype}; 8 and 16 bits are read")
    return image, header


def _stretch(image: NDArray[np.uint16]) -> Grey:
    """16 bits to 8, between percentiles."""
    counts = np.bincount(image.ravel(), minlength=65536)
    below = np.cumsum(counts) / image.size * 100.0
    low, high = (int(np.searchsorted(below, percentile)) for percentile in _STRETCH)
    scale = 255.0 / max(high - low, 1)
    table = np.clip(np.rint((np.arange(65536) - low) * scale), 0, 255).astype(np.uint8)
    grey: Grey = table[image]
    return grey


@contextmanager
def _decoder_words() -> Iterator[list[str]]:
    """Collect what C decoders write to the process's stderr; they report damage there and nowhere else."""
    words: list[str] = []
    try:
        kept = os.dup(2)
    except OSError:  # a windowed process has no stderr
        yield words
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield words
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            sink.seek(0)
            words.append(" ".join(sink.read(10_000).decode("utf-8", "replace").split()))


def _load(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise unreadable_image(str(path), "there is no such file" if not path.exists() else "it is not a file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(
                "image file too large",
                code="image-too-large",
                where=str(path),
                why=f"{size} bytes, the limit is {MAX_BYTES}",
                advice="save it as PNG, or remove it from the images",
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable_image(str(path), str(error)) from None
    if not data:
        raise truncated_image(str(path), "the file is empty")
    return data
