"""What tools/faults.py disturbs: real commands, each in a scratch folder of its own, and what must hold afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from fault_system import can_mount, mount, unmount, wait

from calib.errors import UsageError
from calib.staging import STAGING
from calib.storage.folder import INCOMPLETE, reserve

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ("view_001", "view_002", "view_003", "view_004", "view_005", "view_011", "view_012")
SIMULATED = {
    "arm": "simulate robot --poses 40",
    "hand": "simulate hand-eye --views 12",
    "cell": "simulate cell --poses 40",
}
WORKS = ("camera", "robot", "hand-eye", "cell")
PLACES = {"new": "out", "existing": "out", "dot": ".", "link": "link", "mount": "mnt"}
"""Where a command writes to, and how `--output` names it."""

LAUNCHER = """
import errno, os, signal, sys
root, at, what, log, mark = sys.argv[1:6]
del sys.argv[1:6]
at, seen = int(at), 0

def watch(event, arguments):
    global seen
    if event not in ("open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod"):
        return
    path = arguments[0]
    if isinstance(path, int) or not os.path.abspath(os.fsdecode(path)).startswith(root):
        return
    writing = event != "open" or arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if what.startswith("E") and not (event == "os.rename" if what == "EXDEV" else writing):
        return
    seen += 1
    if log:
        with open(log, "a") as file:
            file.write(f"{int(bool(writing))} {event} {os.path.abspath(os.fsdecode(path))}\\n")
    if what.startswith("SIG") and seen == at:
        os.kill(os.getpid(), getattr(signal, what))
    if what.startswith("E") and seen >= at:
        code = getattr(errno, what)
        raise OSError(code, os.strerror(code), path)

if log or what:
    sys.addaudithook(watch)
os.write(int(mark), b".")
os.close(int(mark))
from calib.__main__ import main
main()
"""
"""Runs the command line and counts what it does to files below `root`. At the operation number `at` it sends itself the
signal `what`; or all such operations fail from there on, with the error `what` (with EXDEV, renames alone)."""


@dataclass(frozen=True)
class Reference:
    """What an undisturbed run did."""

    files: dict[str, bytes]
    """What it wrote."""
    seconds: float
    """How long it took."""
    operations: int
    """The number of what it did to files below its folder."""
    changes: int
    """The number of those that change anything."""
    first_write: int
    """The number of the change with which it began to write its result, the work done."""


@dataclass(frozen=True)
class Arena:
    """A scratch folder: an older result, and a place for a new one."""

    folder: Path
    place: str
    older: dict[str, bytes]

    @property
    def working(self) -> Path:
        """The folder in which the command is run."""
        return self.folder / "dot" if self.place == "dot" else self.folder

    @property
    def target(self) -> Path:
        """Where the result is to be."""
        if self.place == "default":
            return next(iter(sorted(self.folder.glob("calib_*_result"))), self.folder / "out")
        return self.folder / {"dot": "dot", "link": "real", "mount": "mnt"}.get(self.place, "out")

    def state(self, whole: dict[str, bytes]) -> str:
        """What the target is: absent, empty, complete, marked as incomplete, or half."""
        if not self.target.is_dir():
            return "absent"
        files = contents(self.target)
        if INCOMPLETE in files:
            return "marked"
        return "complete" if files == whole else "half" if files else "empty"

    def faults(self, whole: dict[str, bytes]) -> list[str]:
        """What a run has done that it must not, and the next run's failure to clear it away."""
        found = [f"half a result: {sorted(contents(self.target))}"] if self.state(whole) == "half" else []
        if contents(self.folder / "older") != self.older:
            found.append("an older result is changed")
        if left := [path.name for path in (self.folder / "tmp").iterdir()]:
            found.append(f"temporary files left: {left}")
        for next_run in (self.working / "next" if self.place != "dot" else self.folder / "next", self.target):
            with suppress(UsageError), reserve(next_run):
                pass
        if hidden := [str(path) for path in self.folder.rglob(f"{STAGING}*.*")]:
            found.append(f"hidden folders left after the next run: {hidden}")
        if self.place == "new" and self.state(whole) == "empty":
            found.append("an empty folder left after the next run")
        return found


@dataclass
class Bench:
    """The commands, their data, and what they write when nobody disturbs them."""

    folder: Path
    can_mount: bool
    works: tuple[str, ...]
    """The commands that are disturbed."""
    places: tuple[str, ...]
    """Where they write to."""
    references: dict[tuple[str, str], Reference] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def commands(self) -> dict[str, list[str]]:
        """Every kind of work, without its output."""
        images, arm, hand = self.folder / "images", self.folder / "arm", self.folder / "hand"
        return {
            "camera": ["camera", "--images", str(images), "--board", "checkerboard:9x6:25mm", "--jobs", "2"],
            "robot": ["robot", "--poses", str(arm / "poses.csv"), "--arm", "ur5e"],
            "hand-eye": [
                *("hand-eye", "--corners", str(hand / "corners.csv"), "--camera", str(hand / "camera.yaml")),
                *("--poses", str(hand / "poses.csv")),
            ],
            "cell": ["cell", "--config", str(self.folder / "cell" / "cell.yaml")],
        }

    def reference(self, work: str, place: str) -> Reference:
        """What the work writes into a place of that kind."""
        with self.lock:
            if (work, place) not in self.references:
                self.references[work, place] = self._run_undisturbed(work, place)
            return self.references[work, place]

    def _run_undisturbed(self, work: str, place: str) -> Reference:
        with self.arena(place, {}) as arena:
            log = self.folder / f"{work}-{place}.log"
            began = time.monotonic()
            ended = wait(self.start(arena, work, log=log))
            seconds = time.monotonic() - began
            assert ended.status in (0, 1), ended.stderr
            lines = log.read_text().splitlines()
            changes = [line for line in lines if line.startswith("1")]
            collected = next(i for i, line in enumerate(changes) if f"/{STAGING}" in line.rpartition("/")[0])
            return Reference(contents(arena.target), seconds, len(lines), len(changes), collected + 1)

    @contextmanager
    def arena(self, place: str, older: dict[str, bytes]) -> Iterator[Arena]:
        """A fresh scratch folder."""
        folder = Path(tempfile.mkdtemp(prefix="arena-", dir=self.folder))
        for name in ("tmp", "older", "dot", "real", "mnt"):
            (folder / name).mkdir()
        (folder / "link").symlink_to("real")
        if place == "existing":
            (folder / "out").mkdir()
        for name, content in older.items():
            (folder / "older" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "older" / name).write_bytes(content)
        mounted = place == "mount" and mount(folder / "mnt", "size=16m")
        try:
            yield Arena(folder, place, older)
        finally:
            if mounted:
                unmount(folder / "mnt")
            shutil.rmtree(folder)

    def start(
        self,
        arena: Arena,
        work: str,
        *options: str,
        at: int = 0,
        what: str = "",
        log: Path | None = None,
        code: str = "",
    ) -> subprocess.Popen[str]:
        """Start the work in the arena; returns as soon as calib is about to be imported. code: run before that."""
        reader, writer = os.pipe()
        launcher = [
            sys.executable,
            "-c",
            code + LAUNCHER,
            str(arena.folder),
            str(at),
            what,
            str(log or ""),
            str(writer),
        ]
        output = ["--output", PLACES[arena.place]] if arena.place in PLACES else []
        process = subprocess.Popen(
            [*launcher, *self.commands()[work], *output, *options],
            cwd=arena.working,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(arena.folder / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(writer,),
            start_new_session=True,
        )
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        return process


@contextmanager
def bench(quick: bool) -> Iterator[Bench]:
    """The data of all commands, in a folder that is removed at the end. quick: some of them only."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        (folder / "images").mkdir()
        for image in IMAGES:
            shutil.copy(ROOT / "datasets" / "demo_camera" / "images" / f"{image}.jpg", folder / "images")
        for data, arguments in SIMULATED.items():
            command = [sys.executable, "-m", "calib", *arguments.split(), "--output", str(folder / data), "--quiet"]
            subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
        mountable = can_mount(folder)
        places = ("new", "dot") if quick else tuple(place for place in PLACES if place != "mount" or mountable)
        yield Bench(folder, mountable, ("camera", "robot") if quick else WORKS, places)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by name; not those that a run is still collecting."""
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        name: path.read_bytes() for name, path in files.items() if not name.startswith(STAGING) or name == INCOMPLETE
    }
