"""Strict YAML: a file becomes a frozen dataclass, or an error that names the key and the nearest valid one."""

from __future__ import annotations

import dataclasses
import math
import re
import reprlib
import types
import typing
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from calib import strict_yaml
from calib.errors import UsageError, did_you_mean
from calib.files import path_advice, regular_size

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

T = TypeVar("T")

# No configuration comes near these; a larger file is a wrong file, or one made to exhaust the machine.
MAX_BYTES = 1_000_000  # larger arrays lie beside a document, see calib.storage.stored
MAX_MAGNITUDE = 1e15  # of a number in a configuration or a robot's description; squares of larger ones overflow sums
PROVENANCE = "provenance"  # the key under which a file states what made it


def shipped_folder(kind: str) -> Traversable:
    """The folder of shipped files: `configs/arms`, `configs/boards`, `datasets`, ... as package data.

    An installed wheel holds them inside the package; a source checkout beside it.
    """
    inside = resources.files("calib").joinpath(kind)
    if inside.is_dir():
        return inside
    return Path(__file__).resolve().parent.parent / kind


def read_yaml(path: Path) -> Any:
    """Parse one YAML document safely.

    What made a file that calib wrote, under `provenance`, is left out.
    Raises UsageError `config-unreadable` (missing, too large, not text) or `config-syntax` (with the line).
    """
    try:
        if regular_size(path) > MAX_BYTES:
            raise UsageError(
                f"larger than {MAX_BYTES // 1_000_000} MB",
                code="config-unreadable",
                where=str(path),
                advice="give the path of a configuration; tables and images are named in it, not part of it",
            )
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a path with a NUL
        advice = path_advice(path, (".yaml", ".yml"), "a YAML file")
        raise UsageError(
            "cannot be read", code="config-unreadable", where=str(path), why=str(error), advice=advice
        ) from None
    document = parse_yaml(text, where=str(path))
    if isinstance(document, dict):
        document.pop(PROVENANCE, None)
    return document


def parse_yaml(text: str, where: str) -> Any:
    """Parse YAML text; `where` names it in errors. Raises UsageError `config-syntax`."""
    try:
        return strict_yaml.load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}, line {mark.line + 1}" if mark else where
        problem = getattr(error, "problem", None) or str(error) or type(error).__name__
        advice = "correct that line; indent with spaces, put texts that hold ': ' or '#' in quotation marks"
        raise UsageError("not valid YAML", code="config-syntax", where=place, why=problem, advice=advice) from None


def build(kind: type[T], document: Any, where: str) -> T:
    """Build the dataclass `kind` from a parsed document.

    Keys must match the fields: an unknown, missing or mistyped one raises UsageError
    (`config-unknown-key`, `config-missing-key`, `config-value`) with its path in `where`.
    """
    built: T = _convert(kind, document, where)
    return built


def load(kind: type[T], path: Path) -> T:
    """Read a YAML file into the dataclass `kind`; errors as in `read_yaml` and `build`."""
    return build(kind, read_yaml(path), str(path))


_SHORT = reprlib.Repr()  # which never writes out more than it shows
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother = 2, 60, 60


def shorten(value: Any) -> str:
    """A value from a file as an error quotes it."""
    return _SHORT.repr(value)


NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def require_name(name: str, where: str) -> str:
    """The name, if it can safely become part of a path and of a line on the terminal.

    Raises UsageError `bad-name` unless it holds letters, digits, `.`, `_` and `-` alone and does not begin with a dot.
    """
    if not NAME.fullmatch(name):
        advice = "use letters, digits, '.', '_' and '-', the first of them no dot"
        raise UsageError(f"{shorten(name)} is not a name", code="bad-name", where=where, advice=advice)
    return name


def _wrong(where: str, expected: str, value: Any) -> UsageError:
    found = shorten(value)
    advice = f"replace {found} by {expected}"
    return UsageError(f"expected {expected}, found {found}", code="config-value", where=where, advice=advice)


def _convert(kind: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    args = typing.get_args(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, where)
    if origin in (typing.Union, types.UnionType):
        return _union(args, value, where)
    if origin is typing.Literal:
        if value not in args:
            raise _wrong(where, "one of " + ", ".join(map(str, args)), value)
        return value
    if origin is tuple:
        return _tuple(args, value, where)
    if getattr(origin, "__name__", "") == "ndarray":
        return _array(value, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise _wrong(where, "a mapping", value)
        return {str(key): _convert(args[1], item, f"{where}: {key}") for key, item in value.items()}
    return _scalar(kind, value, where)


def _union(args: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in args:
        return None
    kinds = [kind for kind in args if kind is not type(None)]
    for kind in kinds[:-1]:
        try:
            return _convert(kind, value, where)
        except UsageError:
            continue
    return _convert(kinds[-1], value, where)


def _tuple(args: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(where, "a list", value)
    if len(args) == 2 and args[1] is Ellipsis:
        kinds = [args[0]] * len(value)
    elif len(value) != len(args):
        raise _wrong(where, f"{len(args)} entries", value)
    else:
        kinds = list(args)
    return tuple(_convert(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, value, strict=True)))


def _array(value: Any, where: str) -> Any:
    """Numbers in nested lists, or that were read as an array, as an array of float64."""
    import numpy as np  # which takes longer to import than a command to show its help

    def numeric(item: Any) -> bool:
        if isinstance(item, list):
            return all(map(numeric, item))
        return isinstance(item, int | float | str) and not isinstance(item, bool)

    try:
        if not isinstance(value, list | np.ndarray) or (isinstance(value, list) and not numeric(value)):
            raise ValueError
        array = np.array(value, np.float64)  # text such as 1e-3 too, as of a single number
    except (ValueError, OverflowError):
        raise _wrong(where, "rows of numbers", value) from None
    if not np.all(np.abs(array) <= MAX_MAGNITUDE):  # nor NaN
        raise _wrong(where, f"finite numbers below {MAX_MAGNITUDE:g}", value)
    return array


def _scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise _wrong(where, "true or false", value)
        return value
    if kind is str:
        if not isinstance(value, str):
            raise _wrong(where, "text", value)
        return value
    if isinstance(value, bool) or value is None:
        raise _wrong(where, "a number", value)
    if kind is int:
        if not isinstance(value, int) or abs(value) > MAX_MAGNITUDE:
            raise _wrong(where, f"a whole number below {MAX_MAGNITUDE:g}", value)
        return value
    if kind is float:
        try:
            number = float(value)  # YAML 1.1 reads 1e-3 as text; a number all the same
        except (TypeError, ValueError, OverflowError):
            raise _wrong(where, "a number", value) from None
        if not math.isfinite(number):
            raise _wrong(where, "a finite number", value)
        if abs(number) > MAX_MAGNITUDE:
            raise _wrong(where, f"a number below {MAX_MAGNITUDE:g}", value)
        return number
    raise TypeError(f"a configuration field cannot be of type {kind!r}")


def _dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(where, "a mapping", value)
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    for key in value:
        if key not in fields:
            raise UsageError(
                f"unknown key {shorten(key)}",
                code="config-unknown-key",
                where=where,
                advice=did_you_mean(str(key), fields),
            )
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in value:
            advice = f"add a line `{name}: ...` there"
            raise UsageError(f"missing key {name!r}", code="config-missing-key", where=where, advice=advice)
    values = {key: _convert(hints[key], item, f"{where}: {key}") for key, item in value.items()}
    try:
        return kind(**values)
    except UsageError as error:
        error.where = error.where or where
        raise
