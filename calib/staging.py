"""Hidden folders in which results are collected: locked while their run goes on, removed by the next run if it died."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":  # which has no advisory locks: nothing is swept there
    import fcntl

STAGING = ".calib-"  # how they begin; the name of the result folder follows, if that is created with it
_STAGED = re.compile(re.escape(STAGING) + r"(?P<name>.*)\.[a-z0-9_]{8}", re.DOTALL)  # as mkdtemp ends a name
_CLAIM_S = 10.0  # another run claims its folder in milliseconds; a longer lock is some other program's


def stage(where: Path, name: str) -> tuple[Path, int | None]:
    """A new staging folder and its lock. name: of the folder that is created with it, if one is."""
    staging = Path(tempfile.mkdtemp(prefix=f"{STAGING}{name}.", dir=where))
    return staging, lock_of(staging)


def name_staged(path: Path) -> str | None:
    """The folder that is created together with a staging folder, "" for none; None if this is no staging folder."""
    match = _STAGED.fullmatch(path.name)
    return match["name"] if match else None


def sweep(folder: Path) -> None:
    """Remove the staging folders of processes that are no more, and what they had reserved."""
    for staging in folder.iterdir():
        name = name_staged(staging)
        if name is None or staging.is_symlink() or not staging.is_dir():
            continue
        try:
            lock = lock_of(staging)
        except OSError:  # its run goes on, or has just ended, or is another user's
            continue
        if lock is None:
            continue
        shutil.rmtree(staging, ignore_errors=True)
        if name:
            with suppress(OSError):  # not empty: it was written after all
                (folder / name).rmdir()
        os.close(lock)


def lock_of(path: Path) -> int | None:
    """A folder or a file opened and locked until it is closed or its process ends; None where there are no locks.

    Raises BlockingIOError if another process has it, OSError if it cannot be opened.
    """
    if sys.platform == "win32":
        return None
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:  # a file system without locks
        os.close(handle)
        return None
    return handle


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One run at a time looks at a folder and claims a place in it. Raises TimeoutError where it stays locked."""
    end = time.monotonic() + _CLAIM_S
    while True:
        try:
            handle = lock_of(folder)
            break
        except BlockingIOError:
            if time.monotonic() > end:
                raise TimeoutError(errno.ETIMEDOUT, f"another program keeps {folder} locked") from None
            time.sleep(0.01)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)
