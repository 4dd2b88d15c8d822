"""A file of another tool, opened safely: its bytes, its text, or the plain data in it, each read once and bounded."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import yaml

from calib import strict_yaml
from calib.errors import InputError
from calib.files import regular_size
from calib.formats.content import opencv_storage
from calib.formats.content.mat_files import read_mat
from calib.formats.content.numpy_files import read_arrays
from calib.text import one_line

Found = TypeVar("Found")
MAX_BYTES = 50_000_000  # of a file that is held whole; tables with the house's own header are read in pieces
MOST_VALUES = 10_000  # of an array that stands for plain data
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, eq=False)
class Source:
    """One file, whatever is in it."""

    path: Path
    """Where it is."""
    part: str = ""
    """Which of several things in it is meant, where that was stated."""

    @property
    def where(self) -> str:
        """The file as errors name it."""
        return one_line(str(self.path))

    @property
    def suffix(self) -> str:
        """The ending of its name, in lower case."""
        return self.path.suffix.lower()

    @cached_property
    def content(self) -> bytes:
        """All its bytes. Raises InputError `file-unreadable`, `file-too-large`."""
        try:
            if regular_size(self.path) > MAX_BYTES:
                raise InputError(
                    f"larger than {MAX_BYTES // 1_000_000} MB",
                    code="file-too-large",
                    where=self.where,
                    advice="divide the file; a table with x_m,y_m,z_m,qx,... may be ten times as large",
                )
            return self.path.read_bytes()
        except (OSError, ValueError) as error:
            raise InputError(
                "cannot be read", code="file-unreadable", where=self.where, why=str(error), advice="give a file's path"
            ) from None

    @cached_property
    def text(self) -> str:
        """Its text: UTF-8, UTF-16 by its mark, else Latin-1; empty for a binary file."""
        if self.content[:2] in _UTF16:
            return self.content.decode("utf-16", errors="replace")
        if b"\0" in self.content:
            return ""
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.content.decode("latin-1")

    @cached_property
    def is_latin(self) -> bool:
        """Whether its text is no UTF-8, and was read as Latin-1."""
        try:
            self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.content[:2] not in _UTF16
        return False

    @cached_property
    def documents(self) -> tuple[Any, ...]:
        """The plain data in it: of JSON, of YAML with one document or several, of OpenCV's FileStorage, of MATLAB and
        numpy; empty if none.

        Nothing is constructed but texts, numbers, lists and mappings; matrices of FileStorage become nested lists.
        """
        if arrays := read_mat(self.content) or read_arrays(self.content, "array"):
            return (_plain(arrays),)
        start = self.text.lstrip()[:1]
        if start == "<":
            found = opencv_storage.from_xml(self.text)
            return () if found is None else (found,)
        try:
            if start in ("{", "["):
                return (opencv_storage.with_matrices(json.loads(self.text)),)
        except (ValueError, RecursionError):
            pass  # YAML may begin so as well
        try:
            return tuple(
                opencv_storage.with_matrices(strict_yaml.load(part)) for part in opencv_storage.yaml_parts(self.text)
            )
        except (yaml.YAMLError, RecursionError, ValueError):
            return ()

    def pick(self, found: Mapping[str, Found], what: str) -> Found:
        """The only one of several things in the file, or the one named after `#`; what: such as camera, and the option.

        Raises InputError `WHAT-several`.
        """
        if self.part in found:
            return found[self.part]
        if len(found) == 1 and not self.part:
            return next(iter(found.values()))
        names = ", ".join([one_line(name) for name in found][:20])
        raise InputError(
            f"no {what} {self.part!r} in this file" if self.part else f"{len(found)} {what}s in one file",
            code=f"{what}-several",
            where=self.where,
            why=f"it holds: {names}",
            advice=f"name one after the file: --{what} {self.path.name}#{one_line(next(iter(found)))}",
        )

    @property
    def document(self) -> Any:
        """The first document, None where there is none."""
        return self.documents[0] if self.documents else None

    @property
    def mapping(self) -> dict[str, Any]:
        """The first document if that is a mapping, else an empty one."""
        return self.document if isinstance(self.document, dict) else {}


def split_part(path: Path) -> tuple[Path, str]:
    """The file, and the name of one of the things in it after a `#`, unless a file has that very name."""
    file, _, part = str(path).rpartition("#")
    return (path, "") if not file or os.path.exists(path) else (Path(file), part)


def _plain(value: Any) -> Any:
    """Arrays as nested lists, a single number as itself; large ones are left out."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        small = value.squeeze() if value.size <= MOST_VALUES else value[:0]
        return small.tolist()
    return value
