"""Where a result comes from: version, command, seed, and the SHA-256 of every input file.

The same command on the same input gives the same bytes: no time unless asked for, no host, and no path but as it was
typed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calib import __version__
from calib.files import regular_size

if TYPE_CHECKING:
    from calib.verdict import Verdict

MOST_LISTED = 1000  # inputs by name in a YAML file: some 150 kB of the 1 MB that `calib.config` reads


@dataclass(frozen=True)
class HashedFile:
    """A file as it was when it was read."""

    name: str
    """Its path as it was given."""
    size: int
    """In bytes."""
    sha256: str
    """In hexadecimal digits."""

    def as_document(self) -> dict[str, Any]:
        """Plain data."""
        return {"name": self.name, "bytes": self.size, "sha256": self.sha256}

    @classmethod
    def of(cls, path: Path) -> HashedFile | None:
        """None of what is no file or cannot be read: whoever reads it says so."""
        try:
            size = regular_size(path)
            with path.open("rb") as file:
                return cls(path.as_posix(), size, hashlib.file_digest(file, "sha256").hexdigest())
        except (OSError, ValueError):  # ValueError: a path with a NUL
            return None


@dataclass(frozen=True)
class Provenance:
    """What made a result."""

    command: str
    """As typed, quoted for a shell; `python: ...` where none was."""
    inputs: tuple[HashedFile, ...] | None = None
    """Every file that was read; None where that is not known."""
    options_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The options that were taken from each calib.yaml, by its path."""
    date: str | None = None
    """When, if that was asked for."""

    def as_document(self, verdict: Verdict | None, seed: int | None) -> dict[str, Any]:
        """Plain data; what does not apply is left out."""
        document = {
            "version": __version__,
            "command": self.command,
            "date": self.date,
            "seed": seed,
            "options_from": {path: list(options) for path, options in self.options_from.items()} or None,
            "inputs": None if self.inputs is None else [each.as_document() for each in self.inputs],
            "verdict": None if verdict is None else str(verdict),
        }
        return {key: value for key, value in document.items() if value is not None}


def condense(document: Mapping[str, Any]) -> dict[str, Any]:
    """What made a result, for a YAML file, which has to stay short enough to be read again.

    Of very many inputs it has the number and one SHA-256: of what `sha256sum` prints of them.
    """
    inputs = document.get("inputs") or ()
    if len(inputs) <= MOST_LISTED:
        return dict(document)
    sums = "".join(f"{each['sha256']}  {each['name']}\n" for each in inputs)
    digest = {"files": len(inputs), "sha256": hashlib.sha256(sums.encode()).hexdigest()}
    return {key: digest if key == "inputs" else value for key, value in document.items()}


def hash_files(paths: Iterable[Path]) -> tuple[HashedFile, ...]:
    """The files, each once, in the order given."""
    hashed = map(HashedFile.of, dict.fromkeys(paths))
    return tuple(each for each in hashed if each is not None)


def hash_contents(files: Mapping[str, str | bytes]) -> dict[str, str]:
    """SHA-256 by file name."""
    return {
        name: hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()
        for name, content in files.items()
    }


def now() -> str:
    """The date, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
