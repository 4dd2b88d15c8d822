"""numpy's .npy and .npz: arrays of numbers, read without pickle and in no more memory than the file states it takes."""

from __future__ import annotations

import ast
import io
import math
import struct
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 100_000_000  # of all arrays in an archive, uncompressed
MOST_ARRAYS = 1_000
_MAGIC = b"\x93NUMPY"
_KEYS = {"descr", "fortran_order", "shape"}


def read_arrays(content: bytes, name: str) -> dict[str, NDArray[Any]]:
    """Arrays by name; name: of that in a .npy. Empty for what is neither, or holds objects."""
    try:
        if content[:6] == _MAGIC:
            return {name: _array(content)}
        if content[:4] != b"PK\x03\x04":
            return {}
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MOST_ARRAYS or sum(member.file_size for member in members) > MOST_BYTES:
                return {}
            found = {}
            for member in members:
                with archive.open(member) as file:
                    data = file.read(member.file_size)
                if data[:6] == _MAGIC:
                    found[member.filename.removesuffix(".npy")] = _array(data)
            return found
    except (ValueError, EOFError, NotImplementedError, RuntimeError, OSError, zipfile.BadZipFile, struct.error):
        return {}
    except Exception as error:  # zlib.error, which zipfile lets through, derives from nothing narrower
        if type(error).__module__ == "zlib":
            return {}
        raise


def write_npy(array: NDArray[Any]) -> bytes:
    """The content of a .npy."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _array(data: bytes) -> NDArray[Any]:
    """The array of a .npy. Raises ValueError, struct.error."""
    wide = data[6] > 1
    (length,) = struct.unpack_from("<I" if wide else "<H", data, 8)
    begin = (12 if wide else 10) + length
    if length > 10_000:
        raise ValueError("a header of more than 10,000 characters")
    try:
        header = ast.literal_eval(data[begin - length : begin].decode("latin-1").strip())
        keys = set(header)
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(header, dict) or keys != _KEYS or not isinstance(header["descr"], str):
        raise ValueError("not the header of an array of numbers or text")
    shape = header["shape"]
    if not isinstance(shape, tuple) or len(shape) > 8 or not all(type(n) is int and 0 <= n < 1e12 for n in shape):
        raise ValueError("a shape that is none")
    try:
        dtype = np.dtype(header["descr"])
    except TypeError as error:
        raise ValueError(str(error)) from None
    if dtype.kind not in "fiubU" or dtype.itemsize == 0 or len(data) - begin < math.prod(shape) * dtype.itemsize:
        raise ValueError("not an array of numbers or text, or shorter than its shape")
    flat = np.frombuffer(data, dtype, math.prod(shape), begin)
    return flat.reshape(shape, order="F" if header["fortran_order"] else "C")
