"""A result folder written again and again, disturbed each time at another of its operations on files.

Run as a script: `disturbed_writing.py FOLDER PLACE FAULT`; prints the state of the result after each, as JSON.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from calib.errors import UsageError
from calib.storage.folder import reserve

FILES = {"a.txt": "first\n", "sub/b.txt": "second\n", "sub/c.txt": "third\n"}
WATCHED = ("open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod")
INTERRUPTED, REFUSED, WHOLE = 130, 2, 0


def disturb(folder: Path, fault: str, at: int) -> None:
    """From now on, meet a fault at the operation of that number; errors at all that change anything and follow."""
    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        path = arguments[0] if event in WATCHED else None
        if not isinstance(path, str | bytes | Path) or not os.path.abspath(os.fsdecode(path)).startswith(str(folder)):
            return
        changes = event != "open" or int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR)
        if fault.startswith("E") and not changes:
            return
        seen += 1
        if fault.startswith("SIG") and seen == at:
            os.kill(os.getpid(), getattr(signal, fault))
        if fault.startswith("E") and seen >= at:
            raise OSError(getattr(errno, fault), os.strerror(getattr(errno, fault)), path)

    sys.addaudithook(watch)


def write(folder: Path, fault: str, at: int) -> int:
    """The status of a process of its own that writes the result."""
    if not (child := os.fork()):
        status = INTERRUPTED
        with suppress(KeyboardInterrupt):
            disturb(folder, fault, at)
            try:
                with reserve(folder / "result") as reserved:
                    reserved.write(FILES)
                status = WHOLE
            except UsageError:
                status = REFUSED
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def names(folder: Path) -> list[str]:
    """Everything in a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def main() -> None:
    root, place, fault = Path(sys.argv[1]), *sys.argv[2:]
    rounds = []
    while not rounds or rounds[-1]["status"] != WHOLE or fault.startswith("SIG"):
        folder = root / f"{len(rounds)}"
        (folder / "result" if place == "existing" else folder).mkdir(parents=True)
        status = write(folder, fault, len(rounds) + 1)
        left = names(folder)
        for again in ("result", "next"):  # the next run
            with suppress(UsageError), reserve(folder / again):
                pass
        texts = {n: (folder / "result" / n).read_text() for n in FILES if (folder / "result" / n).is_file()}
        rounds.append({"status": status, "left": left, "after": names(folder), "whole": texts == FILES})
        if fault.startswith("SIG") and status == WHOLE:
            break
    print(json.dumps(rounds))


if __name__ == "__main__":
    main()
