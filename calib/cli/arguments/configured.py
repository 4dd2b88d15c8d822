"""Options from files: the `calib.yaml` here and that beside the data, or the file or earlier result of `--config`.

Keys are spelled like the options, with underscores. Those at the top hold for every command that has the option, those
under a command's name for that command alone. Key by key, the file beside the data goes before the one in the current
folder, a command's section before the top, and the command line before all. Files that they name are looked for beside
them.

Commands, their parameters and contexts are typer's, which publishes no types of them: they are `Any` here.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from os.path import abspath, isfile
from pathlib import Path
from typing import Annotated, Any

import typer

from calib import config
from calib.cli.arguments.options_of_run import options_of_run
from calib.cli.arguments.value_in_file import ValueInFile, as_list, takes_path
from calib.cli.running.commands import Command
from calib.cli.running.invocation import Invocation, names_of
from calib.cli.running.usage import WrongUsage
from calib.errors import UsageError, did_you_mean
from calib.storage.result_folder import RESULT_FILE, file_in

FILE = "calib.yaml"
OPTION = "--config"
FILES = ("table", "poses", "config", "corners")  # options by whose files a calib.yaml may lie
IMAGES = ("images", "given_images")  # and by whose folders
GIVEN = "given"  # without an option: the first of these that the command has
ONLY_TYPED = ("config", "help", "version")


class ConfiguredCommand(Command):
    """A command whose options may be set in files, and whose result may carry the date."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {parameter.name for parameter in self.params}
        self._added = [each for each in _options_of_all() if each.name not in own]
        self.params = [*self.params, *self._added]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what files set as defaults, then parse as usual, and keep how the command was called in `ctx.obj`."""
        words = tuple(args)
        try:
            typed = {} if ctx.resilient_parsing else self.make_parser(ctx).parse_args(args=list(words))[0]
        except WrongUsage:  # parsed again, it is raised again, with what it needs to be explained
            return super().parse_args(ctx, args)
        runs = not ctx.resilient_parsing and "help" not in typed
        found = read_options(ctx, typed) if runs else []
        ctx.default_map = {name: value for each in found for name, value in each.values.items()}
        rest = super().parse_args(ctx, args)
        added = {each.name: ctx.params.pop(each.name) for each in self._added if each.name in ctx.params}
        words = ("calib", *names_of(ctx), *words)
        ctx.obj = Invocation(words, ctx.params, _keys_by_file(self, found, typed), bool(added.get("stamp")))
        return rest


@cache
def _options_of_all() -> tuple[Any, ...]:
    """The options that every command has, made by typer as those of a command of its own."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def command(
        config: Annotated[
            Path | None,
            typer.Option(help=f"Options from this file or result. Default: a {FILE} here or beside the data."),
        ] = None,
        stamp: Annotated[bool, typer.Option("--stamp", help="Record the date in the result.")] = False,
    ) -> None: ...

    made: Any = typer.main.get_command(app)
    return tuple(made.params)


def _keys_by_file(command: Any, found: Sequence[FileOptions], typed: Mapping[str, Any]) -> dict[Path, tuple[str, ...]]:
    """The keys of the options that each file set, and neither a later one nor the command line."""
    keys = {parameter.name: key for key, parameter in reversed(keys_of(command).items())}
    last = {name: each for each in found for name in each.values if name not in typed}
    by_file = {each.path: tuple(keys[name] for name in each.values if last.get(name) is each) for each in found}
    return {path: names for path, names in by_file.items() if names}


@dataclass(frozen=True)
class FileOptions:
    """What one file sets for one command."""

    path: Path
    """The file."""
    values: Mapping[str, Any]
    """As typed on the command line, by the command's parameter."""


def read_options(context: Any, typed: Mapping[str, Any]) -> list[FileOptions]:
    """The options of every file that applies, those that count more last; `--config RESULT` takes those of that run.

    typed: what the command line holds, by parameter.
    Raises the errors of `calib.config`, UsageError `not-in-folder`, `config-unknown-key`, `config-value`.
    """
    named = typed.get("config") if _takes_config_of_options(context.command) else None
    if named is not None and _is_earlier_run(Path(named)):
        return _of_earlier_run(Path(named), context, typed)
    if named is not None:
        return [_read(file_in(Path(named), FILE, OPTION), context)]
    found = [_read(Path(FILE), context)] if isfile(FILE) else []
    known = {**(found[0].values if found else {}), **typed}
    beside = [folder / FILE for folder in _folders_of_data(known) if abspath(folder) != abspath(Path())]
    return found + [_read(path, context) for path in reversed(dict.fromkeys(beside)) if isfile(path)]


def _is_earlier_run(folder: Path) -> bool:
    return isfile(folder / RESULT_FILE) and not isfile(folder / FILE)


def _of_earlier_run(folder: Path, context: Any, typed: Mapping[str, Any]) -> list[FileOptions]:
    """What was typed for an earlier result, and what its files set, as far as they are there."""
    earlier = options_of_run(folder, context)
    named = earlier.pop("config", None)
    if named is not None and _is_earlier_run(Path(named)):
        raise UsageError(
            "the result was written with the options of another",
            code="config-of-another-result",
            where=str(folder / RESULT_FILE),
            advice=f"give that one: {OPTION} {named}",
        )
    files = read_options(context, {**earlier, **typed, "config": named})
    return [*files, FileOptions(folder / RESULT_FILE, earlier)]


def _folders_of_data(values: Mapping[str, Any]) -> Iterator[Path]:
    """The folders that data lie in, those of tables first; the folder of a cell is its own."""
    of_images = [path for name in IMAGES for path in map(Path, as_list(values.get(name)))]
    for name in (*FILES, GIVEN):
        for path in map(Path, as_list(values.get(name))):
            yield path if isfile(path / "cell.yaml") else path.parent
    yield from (path.parent for path in of_images)


def keys_of(command: Any) -> dict[str, Any]:
    """The options of a command by their keys: `--timeout-s` is `timeout_s`."""
    return {
        spelling[2:].replace("-", "_"): parameter
        for parameter in command.params
        for spelling in parameter.opts
        if spelling.startswith("--") and spelling[2:] not in ONLY_TYPED
    }


def _read(path: Path, context: Any) -> FileOptions:
    document = config.read_yaml(path)
    if document is None:  # an empty file, or comments alone
        return FileOptions(path, {})
    keys = keys_of(context.command)
    found = check_section(document, context.find_root().command, context.command, str(path))
    values = {
        keys[key].name: ValueInFile(path.parent, context, keys[key], f"{path}: {where}{key}").as_typed(value)
        for key, (where, value) in found.items()
    }
    return FileOptions(path, values)


def check_section(document: Any, group: Any, command: Any, where: str, section: str = "") -> dict[str, tuple[str, Any]]:
    """What a section holds for the command, with the section it is in, by key. All of it is checked."""
    if not isinstance(document, dict):
        whose = f"`calib {section.replace('.', ' ').replace('_', '-').strip()}`" if section else "commands"
        advice = f"here are the options of {whose}, one a line, such as {next(iter(keys_of(command)))}: ..."
        raise UsageError("not a mapping of options", code="config-value", where=_place(where, section), advice=advice)
    members = dict(_members(group))
    valid = Counter(key for each in _commands(group) for key in keys_of(each))
    for key in document:
        if key not in members and key not in valid:
            raise UsageError(
                f"unknown key {config.shorten(key)}",
                code="config-unknown-key",
                where=_place(where, section),
                advice=did_you_mean(str(key), sorted({*members, *valid.keys()})),
            )
    own = keys_of(command)
    if any(_is_same(each, command) for each in _commands(group)):
        _require_no_slip(document.keys() - members.keys(), own.keys(), valid, _place(where, section))
    found = {key: (section, value) for key, value in document.items() if key in own and key not in members}
    for name, member in members.items():
        if name in document:
            inside = check_section(document[name], member, command, where, f"{section}{name}.")
            found |= inside if any(_is_same(each, command) for each in _commands(member)) else {}
    return found


def _require_no_slip(given: Set[str], own: Set[str], commands: Mapping[str, int], where: str) -> None:
    """Refuse an option of another command that is a letter away from one of this command's, which is missing.

    commands: how many have each option. One that more commands have than that which may be meant is no slip: an `arm`
    is there for `calib robot`, and not for lack of the `arms` of a simulated cell.
    """
    for key in sorted(given - own):
        for meant in sorted(own - given):
            if commands[key] < commands[meant] and _a_letter_apart(key, meant):
                raise UsageError(
                    f"{key} is no option of this command",
                    code="config-unknown-key",
                    where=where,
                    why="other commands have it; here it would do nothing",
                    advice=f"did you mean {meant}? what is for another command alone goes under that command's name",
                )


def _a_letter_apart(one: str, other: str) -> bool:
    """Whether two words differ by one letter more, less or another, or by two that are exchanged."""
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[same:], other[same:]  # from where they differ
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def _place(where: str, section: str) -> str:
    return f"{where}: {section.rstrip('.')}" if section else where


def _members(command: Any) -> Iterator[tuple[str, Any]]:
    """The commands of a group that have options of their own to be set, by the names of their sections."""
    for name, member in getattr(command, "commands", {}).items():
        if not member.hidden and any(isinstance(each, ConfiguredCommand) for each in _commands(member)):
            yield name.replace("-", "_"), member


def _commands(command: Any) -> list[Any]:
    """The command itself, or all those of a group."""
    members = getattr(command, "commands", None)
    return [command] if members is None else [each for _, member in _members(command) for each in _commands(member)]


def _is_same(one: Any, other: Any) -> bool:
    """Whether two names call the same command."""
    return inspect.unwrap(one.callback) is inspect.unwrap(other.callback)


def _takes_config_of_options(command: Any) -> bool:
    """Whether `--config` names a calib.yaml; that of `calib cell` names its cell.yaml."""
    return not takes_path(command, "config")
