"""One trial of every kind of fault of tools/faults.py: what was left, and what is wrong with it."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import time
from contextlib import suppress

from fault_arena import Arena, Bench, Reference, contents
from fault_system import Ended, living, mount, survivors, unmount, wait

Judged = tuple[str, list[str]]

DEADLY = """
import calib.camera.detection.workers as workers
workers._CODE = workers._CODE.replace("; serve()", "; import " + {module!r} + "; serve()")
"""
"""Puts a module into the workers of a command."""


REFUSING = """
import os
def refuse(*_, **__):
    raise PermissionError(1, "Operation not permitted")
os.replace = os.rename = refuse
"""
"""Refuses every rename of the command."""


def kill(bench: Bench, rng: random.Random) -> Judged:
    """SIGKILL at a random moment, or at a random operation on files."""
    return stop(bench, rng, "SIGKILL")


def interrupt(bench: Bench, rng: random.Random) -> Judged:
    """SIGINT likewise, and often in the first instants."""
    return stop(bench, rng, "SIGINT")


def stop(bench: Bench, rng: random.Random, name: str) -> Judged:
    """End a command by a signal."""
    work, place = rng.choice(bench.works), rng.choice(bench.places)
    reference = bench.reference(work, place)
    with bench.arena(place, reference.files) as arena:
        if rng.random() < 0.5:
            at = rng.randint(1, reference.operations)
            moment = f"operation {at} of {reference.operations}"
            process = bench.start(arena, work, at=at, what=name)
        else:
            after_s = rng.uniform(0.0, rng.choice((0.02, 0.2, 1.0)) * reference.seconds)
            moment = f"{after_s:.3f} s"
            process = bench.start(arena, work)
            with suppress(subprocess.TimeoutExpired):
                process.wait(after_s)
            send(process, name, to_all=name == "SIGINT" and rng.random() < 0.5)
        ended = wait(process)
        wrong = survivors(process.pid)
        if name == "SIGINT":
            wrong += judge_interruption(arena, reference, ended)
        elif ended.status not in (0, 1, -signal.SIGKILL):
            wrong.append(f"status {ended.status}: {ended.stderr[-300:]}")
        return judge(arena, reference, wrong, f"{name} at {moment} of {work} into {place}")


def send(process: subprocess.Popen[str], name: str, to_all: bool) -> None:
    """A signal to a command or, as the terminal does it, to its workers as well."""
    with suppress(ProcessLookupError):
        (os.killpg if to_all else os.kill)(process.pid, getattr(signal, name))


def judge_interruption(arena: Arena, reference: Reference, ended: Ended) -> list[str]:
    """One line and status 130, and the line is true; or the finished result."""
    state = arena.state(reference.files)
    if ended.status in (0, 1):
        return [] if state == "complete" and not ended.stderr else [f"finished, but {state}; {ended.stderr[-300:]}"]
    if ended.status == -signal.SIGINT and 'File "' not in ended.stderr.replace('File "<', ""):
        return []  # before Python has come to the first line of calib
    if ended.status != 130 or not ended.stderr.startswith("interrupted") or ended.stderr.count("\n") != 1:
        return [f"status {ended.status}: {ended.stderr[-600:]}"]
    if ("the result is in" in ended.stderr) != (state == "complete"):
        return [f"{state}, but: {ended.stderr}"]
    return []


def worker_death(bench: Bench, rng: random.Random) -> Judged:
    """SIGKILL to a worker while it works: the result is that of an undisturbed run."""
    reference = bench.reference("camera", "new")
    with bench.arena("new", reference.files) as arena:
        process = bench.start(arena, "camera")
        killed = kill_a_worker(process, rng)
        ended = wait(process)
        wrong = survivors(process.pid)
        if ended.status not in (0, 1) or arena.state(reference.files) != "complete":
            wrong.append(f"status {ended.status}, {arena.state(reference.files)}: {ended.stderr[-300:]}")
        end, wrong = judge(arena, reference, wrong, "a worker killed")
        return (end if killed else "ended before"), wrong


def kill_a_worker(process: subprocess.Popen[str], rng: random.Random) -> bool:
    """Kill a random worker of a command at a random moment; False if it had none left."""
    while not (workers := [pid for pid in living(process.pid) if pid != process.pid]) and process.poll() is None:
        time.sleep(0.005)
    with suppress(subprocess.TimeoutExpired):
        process.wait(rng.uniform(0.0, 3.0))
    workers = [pid for pid in living(process.pid) if pid != process.pid]
    if not workers:
        return False
    with suppress(ProcessLookupError):
        os.kill(rng.choice(workers), signal.SIGKILL)
    return True


def deadly_image(bench: Bench, rng: random.Random) -> Judged:
    """An image that kills its worker always is rejected by name, and the others are solved."""
    return spoil(bench, rng, "os.kill(os.getpid(), signal.SIGSEGV)", "crashed on it twice", "30")


def hanging_image(bench: Bench, rng: random.Random) -> Judged:
    """An image on which the search never ends is rejected by name, and the others are solved."""
    return spoil(bench, rng, "time.sleep(3600)", "longer than 20 s", "20")


def spoil(bench: Bench, rng: random.Random, what: str, reason: str, limit_s: str) -> Judged:
    """Let one image do something to its worker."""
    reference = bench.reference("camera", "new")
    name = rng.choice(sorted(path.name for path in (bench.folder / "images").iterdir()))
    with bench.arena("new", reference.files) as arena:
        (arena.folder / "spoiling.py").write_text(
            "import os, signal, time\nfrom calib.camera.detection import workers\nplain = workers.look\n"
            f"def look(path, find):\n    if path.name == {name!r}:\n        {what}\n    return plain(path, find)\n"
            "workers.look = look\n"
        )
        code = f"import sys\nsys.path.insert(0, {str(arena.folder)!r})" + DEADLY.format(module="spoiling")
        process = bench.start(arena, "camera", "--timeout-s", limit_s, code=code)
        ended = wait(process)
        wrong = survivors(process.pid)
        result = arena.target / "result.json"
        inputs = json.loads(result.read_text())["inputs"] if result.exists() else []
        if [each["name"] for each in inputs if reason in (each["reason"] or "")] != [name]:
            wrong.append(f"status {ended.status}: {name} is not rejected: {ended.stderr[-300:]} {inputs}")
        return judge(arena, Reference(contents(arena.target), 0.0, 0, 0, 0), wrong, name)


def disk_full(bench: Bench, rng: random.Random) -> Judged:
    """A file system that holds a part of the result; the work is printed instead."""
    work, place = rng.choice(bench.works), rng.choice(("in it", "itself"))
    reference = bench.reference(work, "mount" if place == "itself" else "new")
    with bench.arena("", reference.files) as arena:
        pages = sum(-(-len(content) // 4096) for content in reference.files.values())
        mount(arena.folder / "mnt", f"size={4 * rng.randint(1, pages - 1)}k")
        try:
            output = "mnt" if place == "itself" else "mnt/out"
            return refused(bench, arena, work, reference, "--output", output, *json_or_not(rng))
        finally:
            unmount(arena.folder / "mnt")


def file_size_limit(bench: Bench, rng: random.Random) -> Judged:
    """A limit on the size of files, as of a quota."""
    work = rng.choice(bench.works)
    reference = bench.reference(work, "new")
    limit = rng.randint(0, max(map(len, reference.files.values())) - 1)
    with bench.arena("new", reference.files) as arena:
        code = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {resource.RLIM_INFINITY}))\n"
        return refused(bench, arena, work, reference, *json_or_not(rng), code=code)


def refused_write(bench: Bench, rng: random.Random) -> Judged:
    """From a random change of files on all of them fail, those of clearing away included."""
    work, place = rng.choice(bench.works), rng.choice(bench.places)
    reference = bench.reference(work, place)
    what, at = rng.choice(("ENOSPC", "EPERM", "EIO", "EROFS")), rng.randint(1, reference.changes)
    with bench.arena(place, reference.files) as arena:
        early = at < reference.first_write
        return refused(bench, arena, work, reference, *json_or_not(rng), at=at, what=what, before_the_work=early)


def refused(
    bench: Bench,
    arena: Arena,
    work: str,
    reference: Reference,
    *options: str,
    before_the_work: bool = False,
    at: int = 0,
    what: str = "",
    code: str = "",
) -> Judged:
    """Run where the result cannot be written: it is a coded error, and finished work is printed."""
    process = bench.start(arena, work, *options, at=at, what=what, code=code)
    ended = wait(process)
    wrong = survivors(process.pid)
    state = arena.state(reference.files)
    if ended.status not in (0, 1) or state != "complete":
        if ended.status != 2 or "output-unwritable" not in ended.stderr + ended.stdout:
            wrong.append(f"status {ended.status}: {ended.stderr[-600:]}")
        elif not before_the_work:
            wrong += judge_printed(ended, reference, "--json" in options)
    return judge(arena, reference, wrong, f"{work}, {what or 'disk'} {at}, {' '.join(options)}, {arena.place}")


def judge_printed(ended: Ended, reference: Reference, as_json: bool) -> list[str]:
    """Whether the document of work that could not be written is on stdout."""
    try:
        document = json.loads(ended.stdout)
    except json.JSONDecodeError:
        return [f"no document on stdout: {ended.stdout[:200]!r}"]
    whole = json.loads(reference.files["result.json"])
    for each in (whole, printed := document.get("result", {}) if as_json else document):
        for key in ("command", "files"):  # the options of the trial, and the SHA-256 of files that hold them
            each.get("provenance", {}).pop(key, None)
    return [] if printed == whole else ["the document printed is another"]


def renames_across_devices(bench: Bench, rng: random.Random) -> Judged:
    """Every rename fails as across file systems do: files are written in place."""
    return without_renames(bench, rng, "EXDEV", "")


def renames_not_permitted(bench: Bench, rng: random.Random) -> Judged:
    """Every rename is refused."""
    return without_renames(bench, rng, "", REFUSING)


def without_renames(bench: Bench, rng: random.Random, what: str, code: str) -> Judged:
    """Run where nothing can be renamed."""
    work, place = rng.choice(bench.works), rng.choice(bench.places)
    reference = bench.reference(work, place)
    with bench.arena(place, reference.files) as arena:
        process = bench.start(arena, work, at=1, what=what, code=code)
        ended = wait(process)
        wrong = survivors(process.pid)
        if ended.status not in (0, 1) or arena.state(reference.files) != "complete":
            wrong.append(f"status {ended.status}, {arena.state(reference.files)}: {ended.stderr[-300:]}")
        return judge(arena, reference, wrong, f"{work} into {place}")


def read_only_folder(bench: Bench, rng: random.Random) -> Judged:
    """A read-only file system is refused before the work."""
    work, output = rng.choice(bench.works), rng.choice(("mnt", "mnt/out", "mnt/a/b"))
    reference = bench.reference(work, "new")
    with bench.arena("", reference.files) as arena:
        mount(arena.folder / "mnt", "ro")
        try:
            return refused(bench, arena, work, reference, "--output", output, before_the_work=True)
        finally:
            unmount(arena.folder / "mnt")


def two_at_once(bench: Bench, rng: random.Random) -> Judged:
    """Two runs under the default name write two folders; one of them may be killed."""
    work = rng.choice(bench.works)
    reference = bench.reference(work, "default")
    with bench.arena("default", reference.files) as arena:
        runs = [bench.start(arena, work) for _ in range(2)]
        if one_dies := rng.random() < 0.3:
            with suppress(subprocess.TimeoutExpired):
                runs[1].wait(rng.uniform(0.0, reference.seconds))
            send(runs[1], "SIGKILL", to_all=False)
        ended = [wait(run) for run in runs]
        wrong = [each for run in runs for each in survivors(run.pid)]
        results = sorted(path for path in arena.folder.glob("calib_*_result*"))
        whole = [contents(path) for path in results if contents(path)]
        if ended[0].status not in (0, 1) or whole != [reference.files] * (len(whole) if one_dies else 2) or not whole:
            wrong.append(f"{[each.status for each in ended]}: {[path.name for path in results]}")
        _, wrong = judge(arena, reference, wrong, f"two of {work}")
        return f"{len(whole)} complete", wrong


def judge(arena: Arena, reference: Reference, wrong: list[str], where: str) -> Judged:
    """What was left, and everything wrong with it."""
    state = arena.state(reference.files)
    return state, [f"{each} ({where})" for each in wrong + arena.faults(reference.files)]


def json_or_not(rng: random.Random) -> list[str]:
    """A random choice of what is printed."""
    return rng.choice(([], ["--json"], ["--quiet"]))
