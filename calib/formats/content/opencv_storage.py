"""OpenCV's FileStorage as plain data: YAML, XML and JSON, parsed here.

OpenCV's own parser is not used: that of 5.0 corrupts memory on a damaged file. A matrix is a mapping of rows, cols, dt
and data, and becomes nested lists.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from calib.config import MAX_MAGNITUDE

MOST_PARTS = 20_000  # documents in one file: a pose each
_TAG = re.compile(r"!!opencv-[a-z-]+|!!binary")
_DIRECTIVE = re.compile(r"\A\s*%YAML:?[^\n]*\n")
_MATRIX = {"rows", "cols", "data"}


def yaml_parts(text: str) -> list[str]:
    """The documents of YAML text, without OpenCV's directive and tags, which no YAML parser accepts."""
    text = _TAG.sub("", _DIRECTIVE.sub("", text))
    parts = [part for part in re.split(r"(?m)^---[ \t]*$|^\.\.\.[ \t]*$", text) if part.strip()]
    if len(parts) > MOST_PARTS:
        raise ValueError(f"more than {MOST_PARTS} documents")
    return parts


def from_xml(text: str) -> Any:
    """The content of FileStorage's XML; None for other XML, and for any that defines entities."""
    if "<opencv_storage" not in text[:2000] or "<!ENTITY" in text or "<!DOCTYPE" in text:
        return None
    try:
        root = ElementTree.fromstring(text)  # entities, which could expand without bound, are refused above
    except ElementTree.ParseError:
        return None
    return with_matrices(_element(root, 0))


def with_matrices(value: Any, depth: int = 0) -> Any:
    """Plain data in which every matrix is nested lists of numbers."""
    if depth > 60:
        return None
    if isinstance(value, dict):
        if value.keys() >= _MATRIX and isinstance(value["data"], list):
            return _matrix(value)
        return {key: with_matrices(item, depth + 1) for key, item in value.items()}
    return [with_matrices(item, depth + 1) for item in value] if isinstance(value, list) else value


def number(value: Any) -> float | None:
    """A finite number of ordinary size, of a number or of a text such as `2.7438e+03` or `0.`; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) <= MAX_MAGNITUDE else None


def _matrix(value: dict[str, Any]) -> Any:
    rows, columns = number(value["rows"]), number(value["cols"])
    data = value["data"]
    if rows is None or columns is None or rows < 1 or columns < 1 or rows % 1 or columns % 1:
        return value
    channels, rest = divmod(len(data), int(rows * columns))
    if rest or not channels:
        return value
    flat = [data[i : i + channels] if channels > 1 else data[i] for i in range(0, len(data), channels)]
    width = int(columns)
    return [flat[i : i + width] for i in range(0, len(flat), width)]


def _element(element: ElementTree.Element, depth: int) -> Any:
    """A mapping of named children, a list of those named `_`, or the words of a leaf."""
    children = list(element)
    if depth > 50 or not children:
        words = (element.text or "").split()
        values = [word if number(word) is None else number(word) for word in words]
        return values if len(values) > 1 else (values[0] if values else None)
    if all(child.tag == "_" for child in children):
        return [_element(child, depth + 1) for child in children]
    found = {child.tag: _element(child, depth + 1) for child in children}
    if found.keys() >= _MATRIX and not isinstance(found["data"], list):
        found["data"] = [found["data"]]
    return found
