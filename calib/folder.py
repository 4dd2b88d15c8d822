"""Result folders: reserved before the work, written whole or not at all, never over something that is there.

A run claims its folder at the start: it creates it, empty, and beside it a hidden staging folder that it keeps locked.
Files are collected there, flushed to the disk, and moved into place in one rename. A folder that was there before (an
empty one, `.`, a mount point, a link) cannot be renamed over without harm: its staging folder lies inside, and the
files are moved one by one, under a marker that is removed last. The operating system drops the lock of a process that
dies; so the next run in the same place can tell what was abandoned, and removes it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from calib.errors import UsageError

if sys.platform != "win32":  # which has no advisory locks: nothing is swept there
    import fcntl

STAGING = ".calib-"  # how the hidden folders begin; the name of the result folder follows
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
        """Write files (name in the folder -> content), once.

        Raises UsageError `output-unwritable`; no file is then left. ValueError for a name that leads out of the folder,
        which whoever names files after input must have refused.
        """
        for name in files:
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise ValueError(f"{name!r} leads out of the folder")
        try:
            for name, content in files.items():
                _write_file(self.staging / name, content)
            for folder, _, _ in os.walk(self.staging):
                _flush(Path(folder))
            if self.created:
                self.staging.chmod(0o755)  # mkdtemp's own is private
                os.replace(self.staging, self.path)
            else:
                _fill(self.path, self.staging)
            _flush(self.path.absolute().parent)
        except OSError as error:
            raise _unwritable(self.path, error) from None
        self.written = True

    def release(self) -> None:
        """Remove what was reserved and is not written, and let go of the lock."""
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
    try:
        reserved = _claim(output, default)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        raise _unwritable(output or Path(default), error) from None
    try:
        yield reserved
    finally:
        reserved.release()


def _claim(output: Path | None, default: str) -> Reserved:
    parent = (output or Path(default)).absolute().parent
    missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(parent):
            _sweep(parent)
            path = output or _first_free(default)
            if path.is_symlink() or path.exists():
                return _claim_existing(path)
            path.mkdir()
            missing.insert(0, path)
            return _stage(path, parent, tuple(missing))
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def _claim_existing(output: Path) -> Reserved:
    """A folder that is there and empty; not one that another run has created and claims from beside it."""
    why = ""
    if output.is_dir():
        with _alone_in(output):
            _sweep(output)
            if next(output.absolute().parent.glob(f"{STAGING}{output.absolute().name}.*"), None):
                why = "another run of calib is about to write it"
            elif not any(output.iterdir()):
                return _stage(output, output, ())
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


def _stage(path: Path, where: Path, created: tuple[Path, ...]) -> Reserved:
    staging = Path(tempfile.mkdtemp(prefix=f"{STAGING}{path.absolute().name}.", dir=where))
    return Reserved(path, staging, _lock(staging), created)


def _sweep(folder: Path) -> None:
    """Remove the staging folders of processes that are no more, and what they had reserved or half filled."""
    for staging in folder.glob(f"{STAGING}*.*") if sys.platform != "win32" else ():
        lock = _lock(staging)
        if lock is None:  # its run goes on
            continue
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):  # not empty: it was written after all
            (folder / staging.name.removeprefix(STAGING).rpartition(".")[0]).rmdir()
        os.close(lock)


def _lock(folder: Path) -> int | None:
    """A folder opened and locked until it is closed or its process ends; None if another process has it."""
    if sys.platform == "win32":
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One run at a time looks at a folder and claims a place in it."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _fill(folder: Path, staging: Path) -> None:
    """Move what was collected into a folder that is there; the marker means that it is not complete."""
    marker = folder / INCOMPLETE
    moved: list[Path] = []
    try:
        marker.touch()
        for each in sorted(staging.iterdir()):
            os.replace(each, folder / each.name)
            moved.append(folder / each.name)
        _flush(folder)
    except BaseException:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
    finally:
        marker.unlink(missing_ok=True)


def _write_file(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
        file.flush()
        os.fsync(file.fileno())


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
