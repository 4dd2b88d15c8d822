"""What the command line finds wrong with the words typed, as an error of calib: a code, and what to type instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import typer

from calib.errors import UsageError

WrongUsage: Any = typer.BadParameter.__base__  # typer names no other of the errors it finds in a command line


def error_of_usage(error: Any) -> UsageError:
    """The error for a `WrongUsage`.

    Codes: `unknown-option`, `missing-option`, `option-value`, `unexpected-argument`.
    """
    context = error.ctx
    command = context.command_path
    if (name := getattr(error, "option_name", None)) and hasattr(error, "possibilities"):
        options = [each for parameter in context.command.params for each in parameter.opts if each.startswith("--")]
        return UsageError(
            f"no such option: {name}", code="unknown-option", where=command, advice=nearest(name, options, command)
        )
    option = name or _name_of(getattr(error, "param", None))
    if type(error).__name__ == "MissingParameter":
        advice = f"for example: {_example(context, option)}"
        return UsageError(f"{option} is needed", code="missing-option", where=command, advice=advice)
    what = _lower(" ".join(error.message.split()).rstrip(".").removeprefix("Value error, "))
    if not option:
        advice = f"options begin with --, as in: {_example(context)}"
        return UsageError(what, code="unexpected-argument", where=command, advice=advice)
    if isinstance(error, typer.BadParameter):
        what = f"{option}: {what}"
    advice = f"for example: {_example(context, option)}; {command} --help describes {option}"
    return UsageError(what, code="option-value", where=command, advice=advice)


def nearest(word: str, valid: Iterable[str], command: str) -> str:
    """The advice for a misspelt option or command."""
    near = get_close_matches(word, sorted(valid), n=1, cutoff=0.5)
    return (f"did you mean {near[0]}? " if near else "") + f"{command} --help lists all"


def _name_of(parameter: Any) -> str:
    """An option or argument as a user types it: its first long name; empty if none is at fault."""
    if parameter is None:
        return ""
    return next((str(name) for name in parameter.opts if name.startswith("--")), str(parameter.name).upper())


def _example(context: Any, option: str = "") -> str:
    """The first line in a command's help that shows the option, else its first, else how to ask for help."""
    lines = re.findall(r"^ +(calib .*)$", context.command.help or "", re.MULTILINE)
    own = [part.strip() for line in lines for part in line.split("&&") if context.command_path in part]
    showing = [line for line in own if f" {option} " in f"{line} "]
    return next(iter(showing or own), f"{context.command_path} --help")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
