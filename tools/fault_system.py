"""What tools/faults.py needs of the system: processes of a session, and file systems in memory."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SURVIVAL_S = 30.0  # a worker ends when it hears that its parent has; on a busy machine it hears late
LIMIT_S = 600.0  # longer than any of these commands: one that takes it hangs


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


def wait(process: subprocess.Popen[str]) -> Ended:
    """The end of a command."""
    try:
        stdout, stderr = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        stderr += "\nit hangs"
    return Ended(process.returncode, stdout, stderr)


def living(session: int) -> list[int]:
    """The processes of a session that have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, *numbers = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(numbers[2]) == session and state != "Z":
                    found.append(int(entry.name))
    return found


def survivors(session: int) -> list[str]:
    """What is wrong if processes of a session outlive their command."""
    end = time.monotonic() + SURVIVAL_S
    while (left := living(session)) and time.monotonic() < end:
        time.sleep(0.02)
    return [f"{len(left)} processes left"] if left else []


def can_mount(folder: Path) -> bool:
    """Whether a file system can be mounted, so that it is full or read-only."""
    probe = folder / "probe"
    probe.mkdir()
    if not mount(probe, "size=16k"):
        return False
    unmount(probe)
    return True


def mount(folder: Path, options: str) -> bool:
    """Whether a file system in memory could be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return shutil.which("mount") is not None and subprocess.run(command, capture_output=True).returncode == 0


def unmount(folder: Path) -> None:
    """Undo `mount`."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
