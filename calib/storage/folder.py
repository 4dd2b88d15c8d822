"""Result folders: reserved before the work, written whole or not at all, never over something that is there.

A run claims its folder at the start: it creates it, empty, and beside it a hidden staging folder that it keeps locked.
Files are collected there, flushed to the disk, and moved into place in one rename. A folder that was there before (an
empty one, `.`, a mount point, a link) cannot be renamed over without harm: its staging folder lies inside, and the
files are moved one by one, under a marker that is removed last; so they are where a folder cannot be renamed. The
operating system drops the lock of a process that dies; so the next run in the same place can tell what was abandoned,
and removes it.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from calib.errors import UsageError
from calib.interrupt import defer_interruption
from calib.staging import alone_in, name_staged, stage, sweep

INCOMPLETE = ".calib-incomplete"  # the marker in a folder that is being filled
MOST_NUMBERED = 10_000  # of default, default-2, ...


@dataclass(eq=False)
class Reserved:
    """A folder that this run alone writes."""

    path: Path
    """As the user named it."""
    staging: Path
    """The hidden folder in which files are collected, on the same file system."""
    lock: int | None
    """The open and locked staging folder; None where the system has no locks."""
    created: tuple[Path, ...]
    """The folders created for this run, innermost first: the folder itself, unless it was there, and its parents."""
    written: bool = field(default=False, init=False)
    """Whether the files are in place."""

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files (name in the folder -> content), once. An interruption waits until they are in place.

        Raises UsageError `output-unwritable`; no file is then left. ValueError for a name that leads out of the folder,
        which whoever names files after input must have refused.
        """
        for name in files:
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise ValueError(f"{name!r} leads out of the folder")
        try:
            for name, content in files.items():
                _write_file(self.staging / name, content)
            _flush_folders(self.staging)
            with defer_interruption():
                self._move_into_place(files)
                self.written = True
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def _move_into_place(self, files: Iterable[str]) -> None:
        if self.created:
            with suppress(OSError):  # a file system that renames no folders, or a folder that is not empty by now
                self.staging.chmod(self.path.stat().st_mode & 0o7777)  # mkdtemp's own is private
                os.replace(self.staging, self.path)
                _flush(self.path.absolute().parent)
                return
        _fill(self.path, self.staging, files)

    def release(self) -> None:
        """Remove what was reserved and is not written, and let go of the lock; an interruption waits."""
        with defer_interruption():
            shutil.rmtree(self.staging, ignore_errors=True)
            for folder in () if self.written else self.created:
                with suppress(OSError):  # not empty: something of another's by now
                    folder.rmdir()
            if self.lock is not None:
                os.close(self.lock)


@contextmanager
def reserve(output: Path | None, default: str = "") -> Iterator[Reserved]:
    """Claim the folder to write to before any long work: `output`, or the first free of default, default-2, ...

    Raises UsageError `output-exists` for an output that is there and not an empty folder, or that another run is about
    to write; `output-unwritable`.
    """
    reserved = None
    try:
        try:
            with defer_interruption():
                reserved = _claim(output, default)
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL
            raise _unwritable(output or Path(default), error) from None
        yield reserved
    finally:
        if reserved is not None:
            reserved.release()


def _claim(output: Path | None, default: str) -> Reserved:
    parent = (output or Path(default)).absolute().parent
    missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with alone_in(parent):
            sweep(parent)
            path = output or _first_free(default)
            if path.is_symlink() or path.exists():
                return _claim_existing(path)
            return _create(path, tuple(missing))
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def _create(path: Path, parents: tuple[Path, ...]) -> Reserved:
    staging, lock = stage(path.absolute().parent, path.absolute().name)  # first: no run leaves a folder without one
    try:
        path.mkdir()
    except BaseException:
        Reserved(path, staging, lock, parents).release()
        raise
    return Reserved(path, staging, lock, (path, *parents))


def _claim_existing(output: Path) -> Reserved:
    """A folder that is there and empty; not one that another run has created and claims from beside it."""
    why = ""
    if output.is_dir():
        with alone_in(output):
            sweep(output)
            beside = (name_staged(path) for path in output.absolute().parent.iterdir())
            if output.absolute().name in beside or any(name_staged(path) == "" for path in output.iterdir()):
                why = "another run of calib is about to write it"
            elif not any(output.iterdir()):
                return Reserved(output, *stage(output, ""), ())
            elif (output / INCOMPLETE).exists():
                why = "an earlier run of calib was stopped while it wrote here"
    raise UsageError(
        "exists already; nothing is overwritten",
        code="output-exists",
        where=str(output),
        why=why,
        advice="name another folder with --output",
    )


def _first_free(default: str) -> Path:
    numbered = (Path(default if i == 1 else f"{default}-{i}") for i in range(1, MOST_NUMBERED))
    return next(path for path in numbered if not (path.is_symlink() or path.exists()))


def _fill(folder: Path, staging: Path, names: Iterable[str]) -> None:
    """Move what was collected into a folder that is there; the marker means that it is not complete."""
    moves = {staging / name: folder / name for name in names}
    for target in moves.values():
        if target.is_symlink() or target.exists():  # somebody else's, since the run began
            raise FileExistsError(errno.EEXIST, f"{target.name} exists by now")
    marker = folder / INCOMPLETE
    marker.touch()
    _flush(folder)
    try:
        for source, target in moves.items():
            _move(source, target)
        _flush_folders(folder)
    except BaseException:
        for target in moves.values():
            target.unlink(missing_ok=True)
            for parent in target.relative_to(folder).parents[:-1]:
                with suppress(OSError):  # not empty
                    (folder / parent).rmdir()
        marker.unlink()
        raise
    marker.unlink()
    _flush(folder)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.replace(source, target)
    except OSError:  # to another file system, or on one that renames nothing
        _write_file(target, source.read_bytes())


def _write_file(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
        file.flush()
        os.fsync(file.fileno())


def _flush_folders(folder: Path) -> None:
    for each, _, _ in os.walk(folder):
        _flush(Path(each))


def _flush(folder: Path) -> None:
    """Bring a folder's entries to the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(output: Path, error: OSError | ValueError) -> UsageError:
    reason = getattr(error, "strerror", None) or str(error)
    advice = "choose a folder you may write to with --output"
    return UsageError("cannot be written", code="output-unwritable", where=str(output), why=reason, advice=advice)
