"""A command as it was typed: its words, the options that files set, and the files that it reads."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calib.cli.running import shipped
from calib.errors import CalibError
from calib.storage.result_folder import file_in
from calib.text import first_few

if TYPE_CHECKING:
    from calib.storage.provenance import Provenance


@dataclass(frozen=True)
class Invocation:
    """What was typed, and what was found beside it."""

    words: tuple[str, ...]
    """The command line, from `calib` on."""
    values: Mapping[str, Any]
    """Of the command's parameters."""
    options_from: Mapping[Path, tuple[str, ...]]
    """The keys that were taken from each calib.yaml."""
    stamp: bool
    """Whether a date is to be recorded."""

    def remarks(self) -> list[str]:
        """A line for every file that set options."""
        return [f"options from {path}: {', '.join(keys)}" for path, keys in self.options_from.items()]

    def provenance(self) -> Provenance:
        """With the hashes of all input."""
        from calib.storage.provenance import Provenance, hash_files, now

        return Provenance(
            command=shlex.join(self.words),
            inputs=hash_files([*self.options_from, *self._inputs()]),
            options_from={path.as_posix(): keys for path, keys in self.options_from.items()},
            date=now() if self.stamp else None,
        )

    def remarks_on(self, provenance: Provenance) -> list[str]:
        """A line that names the files that a cell.yaml includes, if that is what is read."""
        names = [each.name for each in provenance.inputs or () if Path(each.name) not in self.options_from]
        return [f"files from {names[0]}: {first_few(names[1:], 8)}"] if "config" in self.values and names[1:] else []

    def _inputs(self) -> Iterator[Path]:
        for name, value in self.values.items():
            for each in value if isinstance(value, list | tuple) else [value]:
                if isinstance(each, Path) and name != "output":
                    yield from _files_of("config" if "config" in self.values else name, each)
                elif name in ("arm", "board") and each is not None and each not in (*shipped.arms(), *shipped.boards()):
                    yield from _files_of(name, Path(each))


def _files_of(name: str, path: Path) -> list[Path]:
    """The files that an option means; none where there is a mistake, which the reader will find and name."""
    try:
        return _named_files(name, path)
    except CalibError:
        return []


def _named_files(name: str, path: Path) -> list[Path]:
    """The images in a folder, the file in a result folder with its arrays, all that a cell.yaml names."""
    if name == "config":
        from calib.cell import cell_files

        return cell_files(path)
    if name in ("camera", "arm"):
        from calib.storage.stored import document_files

        return document_files(file_in(path, f"{name}.yaml", f"--{name}"))
    if name in ("images", "given", "given_images"):
        from calib.camera import image_paths

        return image_paths(path)[0]
    return [path]


def names_of(context: Any) -> list[str]:
    """The words that name a command (its context is typer's), after `calib`, however the program was started."""
    return [] if context.parent is None else [*names_of(context.parent), context.info_name]
