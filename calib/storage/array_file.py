"""Large arrays as an .npz file: numbers and names that numpy reads, and that can neither run anything nor swell.

The arrays are stored, not deflated, so that a file takes no more memory than its size. `numpy.load` opens it.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calib.errors import UsageError

MAX_BYTES = 100_000_000  # 300,000 poses with their names; writing and reading refuse more alike
MAX_DIRECTORY_BYTES = 100_000  # of the archive, a thousand arrays: Python walks it entry by entry
# The last record of an archive without a comment, and the one that precedes it in archives of more than 65,535
# members or 4 GB (PKWARE, APPNOTE 4.3.15 and 4.3.16).
_END, _END_SIZE, _LARGE_LOCATOR, _LOCATOR_SIZE = b"PK\x05\x06", 22, b"PK\x06\x07", 20
# An array begins so (numpy's format 1.0, NEP 1); of float64 or text alone, for objects could run code.
_SUFFIX, _MAGIC = ".npy", b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '(<f8|<U[1-9]\d{0,8})', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,12}, ?){0,4}(?:\d{1,12})?)\), \} *\n"
)
_SURROGATES, _LAST_CODE = (0xD800, 0xDFFF), 0x10FFFF  # of Unicode

NamedArray = NDArray[Any]


def pack(arrays: Mapping[str, NamedArray]) -> bytes:
    """The content of an .npz of float64 arrays and arrays of text, by name; the same arrays give the same bytes.

    Raises UsageError `arrays-too-large` where `unpack` would.
    """
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    content = stream.getvalue()
    require_size(len(content), "")
    return content


def require_size(size: int, where: str) -> None:
    """Raises UsageError `arrays-too-large`."""
    if size > MAX_BYTES:
        what, advice = f"arrays of more than {MAX_BYTES // 1_000_000} MB", "calibrate from fewer views"
        raise UsageError(what, code="arrays-too-large", where=where, advice=advice)


def unpack(content: bytes, where: str) -> dict[str, NamedArray]:
    """The arrays of an .npz by name; `where` names it in errors.

    Raises UsageError `arrays-invalid` for what is no archive of stored float64 arrays and texts.
    """
    try:
        _require_short_directory(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > len(content):
                raise ValueError("its arrays overlap, or are compressed")
            return {member.filename.removesuffix(_SUFFIX): _array(archive, member) for member in members}
    except (ValueError, EOFError, NotImplementedError, RuntimeError, OSError, zipfile.BadZipFile) as error:
        raise UsageError(
            "not a file of arrays that calib wrote",
            code="arrays-invalid",
            where=where,
            why=str(error),
            advice="restore the file that was written with its YAML",
        ) from None


def _require_short_directory(content: bytes) -> None:
    end, locator = content[-_END_SIZE:], content[-_END_SIZE - _LOCATOR_SIZE : -_END_SIZE]
    if not end.startswith(_END) or locator.startswith(_LARGE_LOCATOR):
        raise ValueError("not an archive, or one with a comment or of too many members")
    if int.from_bytes(end[12:16], "little") > MAX_DIRECTORY_BYTES:
        raise ValueError("its directory is too long")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NamedArray:
    """One array, without a copy. Its header is checked against its size, and never evaluated."""
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed")
    data = archive.read(member)
    begin = len(_MAGIC) + 2 + int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 2], "little")
    header = _HEADER.fullmatch(data[len(_MAGIC) + 2 : begin])
    if not data.startswith(_MAGIC) or header is None:
        raise ValueError(f"{member.filename} is not an array of float64 or text")
    dtype, shape = (
        np.dtype(header[1].decode()),
        tuple(int(length) for length in header[2].split(b",") if length.strip()),
    )
    if math.prod(shape) * dtype.itemsize != len(data) - begin:
        raise ValueError(f"{member.filename} is not of the size that its header states")
    if dtype.kind == "U":
        codes = np.frombuffer(data, "<u4", offset=begin)
        if np.any((codes > _LAST_CODE) | ((codes >= _SURROGATES[0]) & (codes <= _SURROGATES[1]))):
            raise ValueError(f"{member.filename} holds what is no text")
    return np.frombuffer(data, dtype, offset=begin).reshape(shape)
