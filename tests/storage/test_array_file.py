"""Arrays come back bit for bit; an archive that could run, swell or stall is refused before anything is made of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calib.errors import UsageError
from calib.storage import array_file
from calib.storage.array_file import MAX_DIRECTORY_BYTES, pack, unpack

ARRAYS = {"a.b": np.arange(6.0).reshape(2, 3), "names": np.array(["ü.png", "x"]), "empty": np.zeros((0, 4))}


def refused(content: bytes) -> UsageError:
    with pytest.raises(UsageError) as caught:
        unpack(content, "camera.npz")
    assert caught.value.code == "arrays-invalid"
    assert caught.value.where == "camera.npz"
    assert caught.value.advice
    return caught.value


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return stream.getvalue()


def array_of(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=allow_pickle)
    return stream.getvalue()


def header(shape: str, kind: str = "<f8") -> bytes:
    """An .npy that ends with its header."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_arrays_come_back_bit_for_bit_and_numpy_opens_them(tmp_path: Path) -> None:
    content = pack(ARRAYS)
    assert content == pack(ARRAYS)
    again = unpack(content, "camera.npz")
    (tmp_path / "camera.npz").write_bytes(content)
    with np.load(tmp_path / "camera.npz", allow_pickle=False) as opened:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(again[name], array)
            np.testing.assert_array_equal(opened[name], array)
    assert again.keys() == ARRAYS.keys()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not an archive"),
        (b"PK" * 50, "not an archive"),
        (archive({"a.npy": array_of(np.zeros(9))}) + b"x", "not an archive"),
        (archive({"a.npy": array_of(np.sqrt(np.arange(9.0)))}, zipfile.ZIP_DEFLATED), "a.npy is compressed"),
        (archive({"a.npy": array_of(np.zeros(10**6))}, zipfile.ZIP_DEFLATED), "or are compressed"),
        (archive({"a.npy": array_of(np.array([{}], object), allow_pickle=True)}), "not an array of float64 or text"),
        (archive({"a.npy": array_of(np.zeros(3, np.int64))}), "not an array of float64 or text"),
        (archive({"a.npy": array_of(np.zeros(3, ">f8"))}), "not an array of float64 or text"),
        (archive({"a.npy": b"no array"}), "not an array of float64 or text"),
        (archive({"a.npy": header("(100000000000,)")}), "not of the size"),
        (archive({"a.npy": header("(-1, -1)") + b"8 bytes."}), "not an array"),
        (archive({"a.npy": header("(10000000000000000000, 0)")}), "not an array"),
        (archive({"a.npy": header("(" + "(" * 5000)}), "not an array"),
        (archive({"a.npy": header("(1,)", "<U1") + b"\xff\xff\xff\xff"}), "no text"),
        (archive({"a.npy": header("(1,)", "<U1") + b"\x00\xd8\x00\x00"}), "no text"),
        (archive({f"{i:x}" + "x" * 60: b"" for i in range(MAX_DIRECTORY_BYTES // 100)}), "directory"),
    ],
)
def test_what_is_no_archive_of_plain_arrays_is_refused(content: bytes, why: str) -> None:
    assert why in refused(content).why


def test_members_that_share_their_bytes_are_refused() -> None:
    """A hundred entries of the directory that point at the same megabyte would be a hundred megabytes."""
    content = archive({"a.npy": array_of(np.zeros(100_000))})
    begin = content.rindex(b"PK\x01\x02")
    end = content.rindex(b"PK\x05\x06")
    entry, tail = content[begin:end], bytearray(content[end:])
    tail[8:12] = (100).to_bytes(2, "little") * 2
    tail[12:16] = (100 * len(entry)).to_bytes(4, "little")
    assert "overlap" in refused(content[:begin] + 100 * entry + bytes(tail)).why


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bytes_never_end_in_another_error(seed: int) -> None:
    rng, content, codes = np.random.default_rng(seed), pack(ARRAYS), set()
    for _ in range(100):
        mutated = bytearray(content)
        for at in rng.integers(len(content), size=3):
            mutated[at] = rng.integers(256)
        try:
            unpack(bytes(mutated), "camera.npz")
        except UsageError as error:
            codes.add(error.code)
    assert codes == {"arrays-invalid"}


@pytest.mark.parametrize("use", [lambda: pack(ARRAYS), lambda: array_file.require_size(1001, "x")])
def test_writing_and_reading_refuse_the_same_size(use: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_file, "MAX_BYTES", 500)
    with pytest.raises(UsageError) as caught:
        use()
    assert caught.value.code == "arrays-too-large"
