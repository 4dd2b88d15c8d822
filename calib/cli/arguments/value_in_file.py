"""What a file sets for an option, as the command line would hold it.

Commands, their parameters and contexts are typer's, which publishes no types of them: they are `Any` here.
"""

from __future__ import annotations

import inspect
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from calib import config
from calib.cli.running import shipped
from calib.errors import UsageError

FILE_SUFFIXES = (".yaml", ".yml", ".urdf", ".xml", ".xacro")


@dataclass(frozen=True)
class ValueInFile:
    """A value of an option in a file, and what is needed to read it."""

    folder: Path
    context: Any
    parameter: Any
    where: str

    def as_typed(self, value: Any) -> Any:
        """The value as the command line would hold it: texts, lists of texts, true or false."""
        if self.parameter.is_flag:
            if not isinstance(value, bool):
                raise self._wrong("true or false", value)
            return value
        if value is None or (isinstance(value, list) and not self.parameter.multiple):
            raise self._wrong("one value", value)
        texts = [self._text(each) for each in as_list(value)]
        typed = texts if self.parameter.multiple else texts[0]
        try:
            self.parameter.process_value(self.context, typed)
        except typer.BadParameter as error:
            advice = f"as for {self.parameter.opts[0]} on the command line"
            raise UsageError(error.message, code="config-value", where=self.where, advice=advice) from None
        return typed

    def _text(self, value: Any) -> str:
        if isinstance(value, dict) and self.parameter.name == "columns":
            pairs = {str(ours): str(theirs).replace(",", "\\,") for ours, theirs in value.items()}
            return ",".join(f"{ours}={theirs}" for ours, theirs in pairs.items())
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._wrong("a value", value)
        return self._beside(str(value))

    def _beside(self, text: str) -> str:
        """A file is looked for in the folder of the file that names it; shipped names stay as they are."""
        if takes_path(self.context.command, self.parameter.name):
            return str(self.folder / text)
        names = {"arm": shipped.arms, "board": shipped.boards}.get(self.parameter.name)
        path = self.folder / text
        if names is None or text in names():
            return text
        return str(path) if path.suffix.lower() in FILE_SUFFIXES or path.is_dir() else text

    def _wrong(self, expected: str, value: Any) -> UsageError:
        found = f"expected {expected}, found {config.shorten(value)}"
        advice = f"write it as after {self.parameter.opts[0]} on the command line"
        return UsageError(found, code="config-value", where=self.where, advice=advice)


def takes_path(command: Any, name: str) -> bool:
    """Whether a parameter of a command is a path."""
    hint = typing.get_type_hints(inspect.unwrap(command.callback)).get(name)
    return hint is Path or any(Path in typing.get_args(each) or each is Path for each in typing.get_args(hint))


def as_list(value: Any) -> list[Any]:
    """The values of an option that may be given several times, or once, or not at all."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
