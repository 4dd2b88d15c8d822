"""Result folders: whole or not at all, and never over something that is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from calib.errors import UsageError


def reserve(output: Path | None, default: str) -> Path:
    """The folder to write to, checked before any long work: `output`, or the first free of default, default-2, ...

    Raises UsageError `output-exists` for an output that is there and not an empty folder, `output-unwritable`.
    """
    try:
        if output is None:
            candidates = (Path(default if i == 1 else f"{default}-{i}") for i in range(1, 10_000))
            output = next(path for path in candidates if not path.exists())
        elif output.exists() and not (output.is_dir() and not any(output.iterdir())):
            raise UsageError(
                "exists already; nothing is overwritten", code="output-exists", where=str(output), advice="name another"
            )
        parent = output.absolute().parent
        existing = next(folder for folder in (parent, *parent.parents) if folder.exists())
        with tempfile.TemporaryDirectory(prefix=".calib-", dir=existing):
            pass
    except OSError as error:
        raise _unwritable(output or Path(default), error) from None
    return output


def write(output: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files (name in the folder -> content) into a new folder, which appears only when it is complete.

    Raises UsageError `output-unwritable`.
    """
    parent = output.absolute().parent
    partial = None
    try:
        parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".calib-", dir=parent))
        for name, content in files.items():
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.chmod(partial, 0o755)  # mkdtemp's own is private
        os.replace(partial, output)
        partial = None
    except OSError as error:
        raise _unwritable(output, error) from None
    finally:
        if partial is not None:  # also after an interruption
            shutil.rmtree(partial, ignore_errors=True)


def _unwritable(output: Path, error: OSError) -> UsageError:
    reason = error.strerror or str(error)
    advice = "choose a folder you may write to with --output"
    return UsageError("cannot be written", code="output-unwritable", where=str(output), why=reason, advice=advice)
