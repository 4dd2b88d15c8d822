"""How commands read their words and how they end: the same checks of every number, the same end for every error."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from calib.cli.running.endings import show_ending
from calib.cli.running.usage import WrongUsage, nearest
from calib.config import MAX_MAGNITUDE
from calib.errors import UsageError


class Command(TyperCommand):
    """A command whose numbers are finite, and of a magnitude that can be squared."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Raises typer.BadParameter, too, for a number that no command can use."""
        try:
            rest = super().parse_args(ctx, args)
        except WrongUsage as error:
            error.ctx = error.ctx or ctx  # which an option without its value does not know
            raise
        for parameter in self.params:
            value = ctx.params.get(parameter.name)
            for each in value if isinstance(value, list | tuple) else [value]:
                if problem := _problem(each):
                    raise typer.BadParameter(problem, ctx=ctx, param=cast(Any, parameter))
        return rest


class Commands(TyperGroup):
    """A group of commands. Whatever a command raises becomes a message with a code, and an exit status."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Raises UsageError `unknown-command`, too."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            names = [name for name, command in self.commands.items() if not command.hidden]
            raise UsageError(
                f"no such command: {args[0]}",
                code="unknown-command",
                where=ctx.command_path,
                advice=nearest(args[0], names, ctx.command_path),
            )
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command of the words `args`, those typed if None, and exit with its status."""
        words = sys.argv[1:] if args is None else list(args)
        try:
            status = super().main(words, "calib", complete_var, False, windows_expand_args, **extra)
        except Exception as error:
            if not standalone_mode:
                raise
            status = show_ending(error, as_json="--json" in words)
        except SystemExit as end:  # of a broken pipe, which typer turns into status 1: that of a verdict
            cause = end.__context__
            status = show_ending(cause, "--json" in words) if isinstance(cause, OSError) else end.code
        if standalone_mode:
            sys.exit(status or 0)
        return status


def _problem(value: object) -> str:
    """What is wrong with an option's value, whichever the option; empty if nothing."""
    if isinstance(value, int | float) and not abs(value) <= MAX_MAGNITUDE:
        return f"{value:g} is not a number up to {MAX_MAGNITUDE:g}" if math.isfinite(value) else f"{value} is no number"
    return ""
