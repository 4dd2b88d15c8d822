"""MATLAB's .mat files (level 5, MathWorks, "MAT-File Format"): numbers, texts, structures and cells as plain data.

Parsed here, since that is 100 lines for what is needed and every length in a damaged file can be checked.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from calib.arrays import Array

MOST_BYTES = 100_000_000  # uncompressed
MOST_DEPTH, MOST_ELEMENTS = 20, 20_000
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED, _UTF8, _UTF16 = 14, 15, 16, 17
_CELL, _STRUCT, _OBJECT, _CHAR = 1, 2, 3, 4


def read_mat(content: bytes) -> dict[str, Any]:
    """Variables by name: arrays of numbers, texts, mappings (structures), lists (cells). Empty for other files."""
    if len(content) < 128 or content[126:128] not in (b"IM", b"MI") or not content.startswith(b"MATLAB"):
        return {}
    order = "<" if content[126:128] == b"IM" else ">"
    try:
        reader = _Reader(order)
        found = {}
        for kind, data in reader.elements(content[128:]):
            if kind == _COMPRESSED:
                inflater = zlib.decompressobj()
                data = inflater.decompress(data, MOST_BYTES)
                if inflater.unconsumed_tail:
                    return {}
                kind, data = next(reader.elements(data), (0, b""))
            if kind == _MATRIX:
                name, value = reader.matrix(data, 0)
                found[name] = value
        return found
    except (ValueError, struct.error, zlib.error, StopIteration, IndexError, UnicodeDecodeError, OverflowError):
        return {}


def write_mat(variables: Mapping[str, Array]) -> bytes:
    """A file of variables, as `load` reads it."""
    from scipy.io import savemat

    stream: Any = io.BytesIO()  # any file will do, whatever scipy's stubs name
    savemat(stream, dict(variables))
    return bytes(stream.getvalue())


class _Reader:
    """Elements of one byte order; counts them, for a damaged file must not go on without end."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.count = 0

    def elements(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Kind and content of each element in turn."""
        at = 0
        while at + 8 <= len(data):
            self.count += 1
            if self.count > MOST_ELEMENTS:
                raise ValueError("too many elements")
            (word,) = struct.unpack_from(self.order + "I", data, at)
            if word >> 16:  # small: both in one word
                kind, size, begin, end = word & 0xFFFF, word >> 16, at + 4, at + 8
            else:
                kind, size = struct.unpack_from(self.order + "II", data, at)
                begin = at + 8
                end = begin + size + (0 if kind == _COMPRESSED else -size % 8)
            if size > len(data) - begin:
                raise ValueError("an element that ends behind the file")
            yield kind, data[begin : begin + size]
            at = end

    def matrix(self, data: bytes, depth: int) -> tuple[str, Any]:
        """Name and value of an array of any class."""
        if depth > MOST_DEPTH:
            raise ValueError("nested too deep")
        parts = self.elements(data)
        flags, shape, name = next(parts)[1], self._numbers(*next(parts)), next(parts)[1].decode("latin-1")
        kind = struct.unpack_from(self.order + "I", flags)[0] & 0xFF
        size = [int(n) for n in shape]
        if any(n < 0 for n in size) or math.prod(size) > MOST_BYTES:
            raise ValueError("a size that is none")
        if kind == _CELL:
            return name, [self.matrix(part, depth + 1)[1] for found, part in parts if found == _MATRIX]
        if kind in (_STRUCT, _OBJECT):
            return name, self._structure(parts, kind, math.prod(size), depth)
        found, content = next(parts, (9, b""))
        if kind == _CHAR:
            codec = {_UTF8: "utf-8", _UTF16: "utf-16-le"}.get(found, "latin-1" if found in (1, 2) else "utf-16-le")
            return name, content.decode(codec, errors="replace")
        values = self._numbers(found, content)
        if len(values) != math.prod(size):
            raise ValueError("not as many numbers as its size says")
        return name, values.reshape(size, order="F")

    def _structure(self, parts: Iterator[tuple[int, bytes]], kind: int, count: int, depth: int) -> Any:
        if kind == _OBJECT:
            next(parts)  # the name of the class
        (width,) = struct.unpack_from(self.order + "i", next(parts)[1])
        text = next(parts)[1]
        if not 0 < width <= 64:
            raise ValueError("names of no length")
        names = [text[i : i + width].split(b"\0")[0].decode("latin-1") for i in range(0, len(text), width)]
        values = [self.matrix(part, depth + 1)[1] for found, part in parts if found == _MATRIX]
        if not names or len(values) != len(names) * count:
            raise ValueError("a structure without all its fields")
        all_of_them = [
            dict(zip(names, values[i : i + len(names)], strict=True)) for i in range(0, len(values), len(names))
        ]
        return all_of_them[0] if count == 1 else all_of_them

    def _numbers(self, kind: int, content: bytes) -> Array:
        if kind not in _NUMBERS:
            raise ValueError("not numbers")
        dtype = np.dtype(self.order + _NUMBERS[kind])
        return np.frombuffer(content, dtype, len(content) // dtype.itemsize).astype(float)
