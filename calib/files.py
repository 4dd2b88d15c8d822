"""Text files that are written whole or not at all, and never over another unasked."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from secrets import token_hex

from calib.errors import UsageError
from calib.interrupt import defer_interruption
from calib.staging import lock_of

_PARTIAL = re.compile(r"\..+\.[0-9a-f]{8}\.partial", re.DOTALL)  # as `_write_partial` names a file


def regular_size(path: Path) -> int:
    """The size of a file in bytes. Raises OSError for what is not there, and for what is not a regular file.

    Opening a pipe or a device would wait for it, or never come to an end.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
        raise OSError(f"{kind}, not a file")
    return status.st_size


def write_text(text: str, path: Path, *, overwrite: bool = False) -> None:
    """Write a text file, UTF-8, line ends as in the text.

    Raises UsageError `file-exists` unless `overwrite`, `file-unwritable`.
    """
    write_files({path.name: text}, path.parent, overwrite=overwrite)


def write_files(content: Mapping[str, str | bytes], folder: Path, *, overwrite: bool = False) -> None:
    """Write files that belong together, by name; a text as UTF-8. The last is put in place last.

    Raises UsageError `file-exists` unless `overwrite`, `file-unwritable`; none is then left that was not there.
    """
    paths = {folder / name: data if isinstance(data, bytes) else data.encode() for name, data in content.items()}
    partials: dict[Path, _Partial] = {}
    placed: list[Path] = []
    path = folder
    try:
        _sweep(folder)
        for path, data in paths.items():
            if not overwrite and (path.is_symlink() or path.exists()):
                raise FileExistsError
            partials[path] = _write_partial(path, data)
        with defer_interruption():
            for path, partial in partials.items():
                partial.path.replace(path) if overwrite else _place_new(partial.path, path)
                placed.append(path)
    except BaseException as error:
        for left in () if overwrite or len(placed) == len(paths) else placed:
            left.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _refusal(error, path) from None
        raise
    finally:
        for partial in partials.values():
            partial.discard()


@dataclass(frozen=True)
class _Partial:
    """A file that has its content and not yet its name."""

    path: Path
    lock: int | None

    def discard(self) -> None:
        """Remove it, unless it has its name by now, and let go of the lock."""
        self.path.unlink(missing_ok=True)
        if self.lock is not None:
            os.close(self.lock)


def _write_partial(path: Path, data: bytes) -> _Partial:
    """Write a hidden file beside a path, locked as long as this process means to place it."""
    while True:
        hidden = path.with_name(f".{path.name}.{token_hex(4)}.partial")
        with hidden.open("xb") as stream:
            try:
                partial = _Partial(hidden, lock_of(hidden))
            except (BlockingIOError, FileNotFoundError):  # another process sweeps it, for it was not locked yet
                continue
            if not hidden.exists():  # it did
                partial.discard()
                continue
            try:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            except BaseException:
                partial.discard()
                raise
        return partial


def _sweep(folder: Path) -> None:
    """Remove the hidden files of processes that died while they wrote; the locks tell them from those that still do."""
    with suppress(OSError):  # a folder that is not there, or may not be looked into
        for path in [each for each in folder.iterdir() if _PARTIAL.fullmatch(each.name) and each.is_file()]:
            with suppress(OSError):
                lock = lock_of(path)
                if lock is not None:
                    _Partial(path, lock).discard()


def _place_new(partial: Path, path: Path) -> None:
    """Give a file its name. Raises FileExistsError where that is taken: a link, unlike a rename, replaces nothing."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        path.open("x").close()  # nobody else writes it from here on
        try:
            partial.replace(path)
        except BaseException:
            path.unlink()
            raise
    partial.unlink(missing_ok=True)


def _refusal(error: OSError, path: Path) -> UsageError:
    if isinstance(error, FileExistsError):
        advice = "choose another name, or allow overwriting"
        return UsageError("already exists", code="file-exists", where=str(path), advice=advice)
    advice = "choose a folder you may write to, with room on its disk"
    return UsageError("cannot be written", code="file-unwritable", where=str(path), why=str(error), advice=advice)


def path_advice(path: Path, suffixes: Iterable[str], what: str) -> str:
    """What to give in place of a path that holds no such file: a file in the folder that it is, a name near to it.

    suffixes: of files of the kind that is needed. what: this kind, in words.
    """
    try:
        inside = sorted(path.iterdir()) if path.is_dir() else []
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    except (OSError, ValueError):  # may not be looked into; a path with a NUL
        inside, beside = [], []
    if right := [each for each in inside if each.suffix.lower() in suffixes]:
        return f"name the file: {right[0]}"
    near = [] if path.name in beside else get_close_matches(path.name, beside, n=1)
    return f"did you mean {path.with_name(near[0])}?" if near else f"give the path of {what}"
