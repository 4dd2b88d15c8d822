"""Plain data, of JSON, YAML or MATLAB, as columns: every list of alike records, and every array with a row per pose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calib.arrays import Array
from calib.formats.columns.columns_found import Found
from calib.formats.columns.ros_joints import named_positions
from calib.formats.content.opencv_storage import number
from calib.text import one_line

MOST_DEPTH = 12
MOST_LEAVES = 200  # of a record
LISTS_OF_JOINTS = ("name", "position", "velocity", "effort")
LONGEST = 200  # characters of a text that is kept


def columns_in_documents(documents: tuple[Any, ...]) -> Found | None:
    """The columns of documents that are a record each, or of the one that holds a list of records or arrays."""
    if len(documents) > 1 and all(isinstance(each, dict) for each in documents):
        return _of_records([*documents])
    return _of_value(documents[0], 0) if documents else None


def columns_in_arrays(arrays: Mapping[str, NDArray[Any]]) -> Found | None:
    """The columns of arrays with a row per pose; one array (4, 4) or (4, 4, n) is understood too."""
    numeric = {name: each.astype(float) for name, each in arrays.items() if each.dtype.kind in "fiub" and each.ndim}
    numeric = {name: _rows_first(each) for name, each in numeric.items()}
    numeric = {name: each for name, each in numeric.items() if np.isfinite(each).all() and each.size}
    if not numeric:
        return None
    lengths = [len(each) for each in numeric.values()]
    count = max(set(lengths), key=lambda n: (lengths.count(n) * (n > 1), n))
    same = {name: each for name, each in numeric.items() if len(each) == count and np.abs(each).max() <= 1e15}
    columns = {name: each for name, each in same.items() if each.ndim == 1}
    rows = {name: each for name, each in same.items() if each.ndim > 1}
    texts = {
        name: tuple(one_line(str(text))[:LONGEST] for text in each)
        for name, each in arrays.items()
        if each.dtype.kind == "U" and each.ndim == 1 and len(each) == count
    }
    return Found(columns, np.arange(1, count + 1), rows, texts) if rows or columns else None


def _rows_first(array: Array) -> Array:
    if array.shape == (4, 4):
        return array[None]
    if array.ndim == 3 and array.shape[:2] in ((4, 4), (3, 3)) and array.shape[1:] not in ((4, 4), (3, 3)):
        return np.moveaxis(array, 2, 0)
    return array


def _of_value(value: Any, depth: int) -> Found | None:
    """The first list of records in a value, or the arrays in it."""
    if depth > MOST_DEPTH:
        return None
    if isinstance(value, list):
        if value and all(isinstance(each, dict) for each in value):
            return _of_records(value)
        array = as_array(value)
        return columns_in_arrays({"pose": array}) if array is not None and array.ndim > 1 else None
    if not isinstance(value, dict):
        return None
    records = [each for each in value.values() if isinstance(each, dict)]
    alike = all(each.keys() == records[0].keys() for each in records)
    if len(records) > 1 and len(records) >= 0.5 * len(value) and alike:
        found = _of_records(records)
        if found is not None:
            names = tuple(one_line(str(key))[:LONGEST] for key, each in value.items() if isinstance(each, dict))
            return Found(found.numbers, found.lines, found.arrays, {**found.texts, "image": names})
    for each in value.values():
        records_of = each if isinstance(each, list) and all(isinstance(item, dict) for item in each) else []
        if len(records_of) > 1 and (found := _of_records(records_of)) is not None:
            return found
    lists = {str(key): as_array(each) for key, each in value.items()}
    arrays = {name: array for name, array in lists.items() if array is not None and array.ndim > 1}
    if arrays and (found := columns_in_arrays(arrays)) is not None:
        return found
    for each in value.values():
        if isinstance(each, dict) and _has_rows(each, depth + 1) and (found := _of_value(each, depth + 1)) is not None:
            return found
    return _of_records([value])


def _has_rows(value: Any, depth: int) -> bool:
    """Whether a mapping holds several records or an array of rows, and is no part of a record itself."""
    if depth > MOST_DEPTH:
        return False
    inner = [*value.values()] if isinstance(value, dict) else []
    records = [each for each in inner if isinstance(each, dict)]
    if len(records) > 1 and all(each.keys() == records[0].keys() for each in records):
        return True
    lists = [each for each in inner if isinstance(each, list) and each]
    if any(isinstance(each[0], dict) or ((array := as_array(each)) is not None and array.ndim > 1) for each in lists):
        return True
    return any(_has_rows(each, depth + 1) for each in records)


def _of_records(records: list[dict[str, Any]]) -> Found | None:
    """Columns of records: a leaf that all have is a column, an array that all have an array, by the path to it."""
    leaves = [_leaves(record) for record in records]
    names = [name for name in leaves[0] if all(name in each for each in leaves)]
    numbers: dict[str, Array] = {}
    arrays: dict[str, Array] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for name in names[:MOST_LEAVES]:
        values = [each[name] for each in leaves]
        if all(isinstance(value, np.ndarray) for value in values):
            if len({value.shape for value in values}) == 1:
                arrays[name] = np.stack(values)
        elif all(isinstance(value, float) for value in values):
            numbers[name] = np.array(values)
        else:
            texts[name] = tuple(one_line(str(value))[:LONGEST] for value in values)
    if not numbers and not arrays:
        return None
    return Found(numbers, np.arange(1, len(records) + 1), arrays, texts)


def _leaves(record: dict[str, Any], path: str = "", depth: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {}
    joints = named_positions(record)
    rest = {key: value for key, value in record.items() if not joints or key not in LISTS_OF_JOINTS}
    for key, value in (rest | joints).items():
        name = f"{path}.{key}" if path and key not in joints else str(key)
        if isinstance(value, dict) and depth < MOST_DEPTH:
            found |= _leaves(value, name, depth + 1)
        elif (plain := number(value)) is not None:
            found[name] = plain
        elif (array := as_array(value)) is not None:
            found[name] = array
        elif isinstance(value, str):
            found[name] = value
        if len(found) > MOST_LEAVES:
            break
    return found


def as_array(value: Any) -> Array | None:
    """An array of numbers of nested lists (or an array), None for other values."""
    if isinstance(value, np.ndarray):
        return value.astype(float) if value.dtype.kind in "fiub" and np.isfinite(value.astype(float)).all() else None
    if not isinstance(value, list) or not value:
        return None
    flat, shape = value, [len(value)]
    while isinstance(flat[0], list):
        width = len(flat[0])
        if not width or len(shape) > 4 or not all(isinstance(row, list) and len(row) == width for row in flat):
            return None
        shape.append(width)
        flat = [item for row in flat for item in row]
    numbers = [number(item) for item in flat]
    return None if None in numbers else np.array(numbers, dtype=float).reshape(shape)
