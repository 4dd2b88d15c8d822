"""Documents with arrays: YAML that people read and, beside it, an .npz of what is too large for that.

A document holds numpy arrays wherever its numbers may be many. The largest go to the .npz until the rest is short
enough to be read by people; the YAML then refers to them, and ends with the file's name and SHA-256:

    weights: {array: weights, shape: [250000]}
    arrays: {file: net.npz, sha256: 8c1f...}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib import config, strict_yaml
from calib.arrays import Array
from calib.documents import finite, to_yaml
from calib.errors import UsageError
from calib.files import regular_size
from calib.storage.array_file import NamedArray, pack, require_size, unpack

LARGE = 10_000  # numbers in the YAML of one document: 550 poses, or some 200 kB
ARRAYS_KEY = "arrays"
_REFERENCE = {"array", "shape"}


@dataclass(frozen=True, eq=False)
class NamedRows:
    """Rows of numbers by name: a mapping of each name to its row where they are few, columns where they are many."""

    names: tuple[str, ...]
    """n of them."""
    columns: Mapping[str, Array] | Array
    """(n, ...) each; or the one, without a name, that is all there is to a row."""

    @property
    def by_name(self) -> dict[str, Array]:
        """The columns, where they are many: that without a name is called `values`."""
        return {"values": self.columns} if isinstance(self.columns, np.ndarray) else dict(self.columns)

    def as_mapping(self) -> dict[str, Any]:
        """Each name and its row, where they are few."""
        if isinstance(self.columns, np.ndarray):
            return dict(zip(self.names, _as_list(self.columns), strict=True))
        rows = zip(*(_as_list(column) for column in self.columns.values()), strict=True)
        return {name: dict(zip(self.columns, row, strict=True)) for name, row in zip(self.names, rows, strict=True)}


@dataclass(frozen=True)
class _ArraysFile:
    """The file that belongs to a document, as written."""

    file: str
    sha256: str


def stored_files(name: str, document: Mapping[str, Any], title: str) -> dict[str, str | bytes]:
    """Content by file name: the document as YAML called `name`, and the .npz of its large arrays, if it has any.

    Raises UsageError `document-too-large`, `arrays-too-large` where reading would.
    """
    short, beside = lay_out(document, name)
    return {**beside, name: require_readable(to_yaml(short, title))}


def require_readable(text: str) -> str:
    """The text of a YAML file, if `read_document` accepts as many bytes and values: else UsageError
    `document-too-large`."""
    if len(text.encode()) > config.MAX_BYTES:
        excess = f"{config.MAX_BYTES:,} bytes"
    elif len(text) > strict_yaml.MAX_VALUES and not strict_yaml.few_values(text):  # a value takes a byte or more
        excess = f"{strict_yaml.MAX_VALUES:,} values"
    else:
        return text
    what = f"a document of more than {excess} besides its arrays"
    raise UsageError(what, code="document-too-large", advice="calibrate fewer at once, with shorter names")


def lay_out(document: Mapping[str, Any], name: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The document as plain data for a YAML file called `name`, and the content of the .npz beside it by file name.

    The second is empty where all arrays are small. Raises UsageError `arrays-too-large`.
    """
    outside = _largest(dict(_sizes(document, "")))
    arrays: dict[str, NamedArray] = {}
    short: dict[str, Any] = _plain(document, "", outside, arrays)
    if not arrays:
        return short, {}
    content, file = pack(arrays), f"{Path(name).stem}.npz"
    short[ARRAYS_KEY] = {"file": file, "sha256": hashlib.sha256(content).hexdigest()}
    return short, {file: content}


def plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as plain data however many numbers it has: for JSON, which holds them all."""
    return dict(_plain(document, "", set(), {}))


def read_document(path: str | Path) -> Any:
    """A YAML file as plain data, the arrays that lie beside it put in their places.

    Raises the errors of `calib.config.read_yaml`; UsageError `arrays-missing`, `arrays-too-large`, `arrays-invalid`,
    and `arrays-mismatch` where the two files were not written together.
    """
    path = Path(path)
    document = config.read_yaml(path)
    if not isinstance(document, dict) or ARRAYS_KEY not in document:
        return document
    place = f"{path}: {ARRAYS_KEY}"
    written = config.build(_ArraysFile, document.pop(ARRAYS_KEY), place)
    config.require_name(written.file, place)
    beside = path.parent / written.file
    arrays = unpack(_read(beside, written.sha256), str(beside))
    return _join(document, arrays, str(path))


def document_files(path: Path) -> list[Path]:
    """The YAML file, and the .npz beside it if it has one. Raises as `read_document` for the YAML."""
    if path.suffix.lower() not in (".yaml", ".yml"):
        return [path]
    document = config.read_yaml(path)
    if not isinstance(document, dict) or ARRAYS_KEY not in document:
        return [path]
    return [path, path.parent / config.build(_ArraysFile, document[ARRAYS_KEY], f"{path}: {ARRAYS_KEY}").file]


def _read(path: Path, sha256: str) -> bytes:
    try:
        require_size(regular_size(path), str(path))
        content = path.read_bytes()
    except OSError as error:
        advice = "keep the .npz in the folder of its YAML, under its name"
        raise UsageError(
            "cannot be read", code="arrays-missing", where=str(path), why=str(error), advice=advice
        ) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        why, advice = "its SHA-256 is not the one in the YAML", "take both files from the same result"
        what = "does not belong to the YAML that names it"
        raise UsageError(what, code="arrays-mismatch", where=str(path), why=why, advice=advice)
    return content


def _sizes(value: Any, place: str) -> Iterator[tuple[str, int]]:
    """Numbers of every array of a document, by place."""
    if isinstance(value, np.ndarray):
        yield place, value.size
    elif isinstance(value, NamedRows):
        yield place, sum(column.size for column in value.by_name.values())
    else:
        for key, item in _items(value):
            yield from _sizes(item, f"{place}.{key}" if place else key)


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(key), item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        yield from ((str(i), item) for i, item in enumerate(value))


def _largest(sizes: Mapping[str, int]) -> set[str]:
    """The fewest arrays without which the others are small together."""
    outside, left = set(), sum(sizes.values())
    for place in sorted(sizes, key=lambda each: -sizes[each]):
        if left <= LARGE:
            break
        outside.add(place)
        left -= sizes[place]
    return outside


def _plain(value: Any, place: str, outside: set[str], arrays: dict[str, NamedArray]) -> Any:
    """A value as plain data; arrays whose places are `outside` are collected in `arrays`, and referred to."""
    if isinstance(value, np.ndarray):
        return _refer(value, place, arrays) if place in outside else _as_list(value)
    if isinstance(value, NamedRows):
        if place in outside:
            columns = {"names": np.array(value.names, np.str_), **value.by_name}
            return {key: _refer(column, f"{place}.{key}", arrays) for key, column in columns.items()}
        return value.as_mapping()
    if isinstance(value, Mapping):
        inside = (((key, f"{place}.{key}" if place else str(key)), item) for key, item in value.items())
        return {key: _plain(item, there, outside, arrays) for (key, there), item in inside}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}.{i}", outside, arrays) for i, item in enumerate(value)]
    return value


def _refer(array: NamedArray, place: str, arrays: dict[str, NamedArray]) -> dict[str, Any]:
    text = array.dtype.kind == "U"
    arrays[place] = np.ascontiguousarray(array if text else array.astype(np.float64))  # exact below 2^53
    return {"array": place, "shape": list(array.shape)}


def _as_list(values: NamedArray) -> Any:
    """An array as nested lists, None for a number that is not finite."""
    if values.dtype.kind == "U" or np.isfinite(values).all():
        return values.tolist()
    return [_as_list(row) for row in values] if values.ndim > 1 else [finite(value) for value in values]


def _join(document: Any, arrays: dict[str, NamedArray], where: str) -> Any:
    """The document with every reference replaced by its array; each array must be referred to, by its shape."""
    used: set[str] = set()

    def put(value: Any) -> Any:
        if isinstance(value, dict):
            return look_up(value) if value.keys() == _REFERENCE else {key: put(item) for key, item in value.items()}
        return [put(item) for item in value] if isinstance(value, list) else value

    def look_up(reference: dict[str, Any]) -> NamedArray:
        name = str(reference["array"])
        if name not in arrays or list(arrays[name].shape) != reference["shape"]:
            raise _unfit(f"no array {name!r} of shape {reference['shape']} in its .npz", where)
        used.add(name)
        return arrays[name]

    joined = put(document)
    if spare := sorted(arrays.keys() - used):
        raise _unfit(f"its .npz holds an array {spare[0]!r} that it does not refer to", where)
    return joined


def _unfit(what: str, where: str) -> UsageError:
    return UsageError(what, code="arrays-invalid", where=where, advice="take both files from the same result")
