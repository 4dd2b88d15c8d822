"""Whole commands on tables whose numbers were changed: `python tools/fuzz.py commands`.

The inputs are small simulated data sets that every command accepts. A change is one that mistakes make, or that breaks
numerics: signs, factors, zeros, text for numbers, constant, repeated, exchanged or missing columns, few rows. Each
command runs in a forked process, with limits on its CPU time and on how long it waits; it must end with one of the
statuses that the help names.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

MOST_CPU_S, MOST_WALL_S = 60, 1800.0  # the machine may be doing other work
STATUSES = frozenset(range(6))
NEWS = 100  # commands, after which to say how far it is: a thousand take a quarter of an hour
OVERTIME = 124  # as timeout(1) has it
TABLE_ENDINGS = (".csv", ".yaml")

TEXTS = ("0", "-0.0", "1", "1e15", "1e300", "-1e300", "1e-300", "nan", "inf", "", "x", "1e999", "9" * 300)

Table = list[list[str]]


@dataclass
class CommandOutcome:
    """What became of the commands."""

    runs: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    def shortfall(self) -> str:
        """What is not as it must be; empty if all is."""
        return f"{len(self.wrong)} of {self.runs} commands, first {self.wrong[0]}" if self.wrong else ""

    def document(self) -> dict[str, object]:
        """As plain data."""
        statuses = {str(status): count for status, count in sorted(self.statuses.items())}
        return {"commands": self.runs, "statuses": statuses, "wrong": self.wrong, "slowest_s": self.slowest_s}


def fuzz_commands(runs: int, seed: int, keep: Path | None = None) -> CommandOutcome:
    """Run so many commands. keep: a folder for the inputs of those that end as they must not."""
    rng = random.Random(f"commands{seed}")
    outcome = CommandOutcome()
    import_everything()
    with tempfile.TemporaryDirectory() as folder:
        cases = write_inputs(Path(folder) / "inputs")
        for run in range(runs):
            name, files, arguments = cases[run % len(cases)]
            place = Path(folder) / f"run{run}"
            place.mkdir()
            changed = rng.choice([file for file in files if file.endswith(".csv")])
            done: list[str] = []
            for file in files:
                content = (Path(folder) / "inputs" / name / file).read_text("utf-8")
                (place / file).write_text(change(content, rng, done) if file == changed else content, "utf-8")
            status, errors, took = run_command(arguments, place)
            outcome.runs += 1
            outcome.statuses[status] += 1
            outcome.slowest_s = max(outcome.slowest_s, took)
            if outcome.runs % NEWS == 0:
                print(f"{outcome.runs} commands, {len(outcome.wrong)} wrong", file=sys.stderr, flush=True)
            if status not in STATUSES or "Traceback" in errors or "Warning" in errors:
                last = errors.strip().splitlines()[-1:] or [f"status {status}"]
                outcome.wrong.append(f"{name} {changed} ({', '.join(done)}), status {status}: {last[0]}"[:300])
                if keep is not None:
                    place.rename(keep / f"{name}-{run}")
    return outcome


def run_command(arguments: list[str], place: Path) -> tuple[int, str, float]:
    """Exit status, standard error and CPU seconds of a command, run in a folder by a fork of this process."""
    began = time.monotonic()
    errors = place / "stderr.txt"
    child = os.fork()
    if child == 0:
        _become_command(arguments, place, errors)
    while time.monotonic() - began < MOST_WALL_S:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            took = usage.ru_utime + usage.ru_stime
            return os.waitstatus_to_exitcode(status), errors.read_text("utf-8", "replace"), took
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return OVERTIME, errors.read_text("utf-8", "replace"), time.monotonic() - began


def import_everything() -> None:
    """Import what a command may need once, and not in every fork: it takes longer than most commands."""
    import calib

    for module in pkgutil.walk_packages(calib.__path__, "calib."):
        if module.name != "calib.__main__":
            importlib.import_module(module.name)


def _become_command(arguments: list[str], place: Path, errors: Path) -> None:
    """Never returns."""
    status = 70  # of a foreign exception, whose traceback is in `errors`
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S + 1))  # SIGXCPU ends it
        os.chdir(place)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
        from calib.cli import app

        app(arguments)
        status = 0
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(bool(ending.code))
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


# ------------------------------------------------------------------------------------------------ inputs


def write_inputs(folder: Path) -> list[tuple[str, list[str], list[str]]]:
    """Of every case its name, its files in `folder`/name and the arguments of the command that reads them."""
    folder.mkdir()
    hand_eye = ["--corners", "corners.csv", "--poses", "poses.csv"]
    cases = [
        ("camera", ["camera", "--views", "8"], ["camera", "--corners", "corners.csv", "--image-size", "1280x720"]),
        ("robot", ["robot", "--poses", "40"], ["robot", "--poses", "poses.csv", "--arm", "ur5e"]),
        ("robot-any", ["robot", "--poses", "40"], ["robot", "--poses", "poses.csv", "--model", "auto"]),
        (
            "robot-position",
            ["robot", "--poses", "60", "--measurement", "position", "--targets", "2"],
            ["robot", "--poses", "poses.csv", "--arm", "ur5e", "--model", "offsets"],
        ),
        (
            "robot-distance",
            ["robot", "--poses", "80", "--measurement", "distance"],
            ["robot", "--poses", "poses.csv", "--arm", "ur5e"],
        ),
        ("hand-eye", ["hand-eye", "--views", "8"], ["hand-eye", *hand_eye, "--camera", "camera.yaml"]),
        ("hand-eye-lens", ["hand-eye", "--views", "10"], ["hand-eye", *hand_eye, "--fix-conventions"]),
        (
            "robot-images",
            ["robot-images", "--views", "20"],
            ["robot", "--table", "joints.csv", "--corners", "corners.csv", "--camera", "camera.yaml", "--arm", "ur5e"],
        ),
        ("cell", ["cell", "--poses", "30"], ["cell", "--config", "cell.yaml"]),
    ]
    out = []
    for name, simulation, command in cases:
        status, errors, _ = run_command(["simulate", *simulation, "--output", str(folder / name)], folder)
        assert status == 0, errors
        files = sorted(path.name for path in (folder / name).iterdir() if path.suffix in TABLE_ENDINGS)
        out.append((name, files, [*command, "--output", "result"]))
    return out


# ------------------------------------------------------------------------------------------------ changes


def change(text: str, rng: random.Random, done: list[str]) -> str:
    """A table with one to three changes, whose names are appended to `done`."""
    header, *rows = [line.split(",") for line in text.splitlines()]
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(sorted(CHANGES))
        done.append(name)
        CHANGES[name](rows, rng)
        if not rows:
            break
    return "\n".join(",".join(row) for row in [header, *rows]) + "\n"


def _numeric_column(rows: Table, rng: random.Random) -> int:
    columns = [i for i in range(len(rows[0])) if _is_number(rows[0][i])]
    return rng.choice(columns or [0])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _map_column(rows: Table, rng: random.Random, function: Callable[[str], str]) -> None:
    """A function of the cells of a column, in all rows or in some."""
    column, share = _numeric_column(rows, rng), rng.choice((1.0, 1.0, 0.5, 0.05))
    for row in rows:
        if rng.random() < share:
            row[column] = function(row[column])


def _scaled(factor: float) -> Callable[[str], str]:
    return lambda text: repr(float(text) * factor) if _is_number(text) else text


def negate(rows: Table, rng: random.Random) -> None:
    """The other sign."""
    _map_column(rows, rng, _scaled(-1.0))


def scale(rows: Table, rng: random.Random) -> None:
    """Another unit, or an absurd one."""
    _map_column(rows, rng, _scaled(10.0 ** rng.randint(-12, 14)))


def scale_all(rows: Table, rng: random.Random) -> None:
    """Every number of the table in another unit: quaternions are no longer of unit length."""
    factor = _scaled(10.0 ** rng.randint(-12, 14))
    rows[:] = [[factor(cell) for cell in row] for row in rows]


def fill(rows: Table, rng: random.Random) -> None:
    """The same text throughout."""
    text = rng.choice(
        ("0", "-0.0", "1", "1e300", "-1e300", "1e-300", "nan", "inf", "", "x", "1e999", "9" * 300, "1e15")
    )
    _map_column(rows, rng, lambda _: text)


def freeze(rows: Table, rng: random.Random) -> None:
    """A column that keeps its first value."""
    first, column = rows[0], _numeric_column(rows, rng)
    for row in rows:
        row[column] = first[column]


def exchange(rows: Table, rng: random.Random) -> None:
    """Two columns exchanged."""
    a, b = _numeric_column(rows, rng), _numeric_column(rows, rng)
    for row in rows:
        row[a], row[b] = row[b], row[a]


def copy_column(rows: Table, rng: random.Random) -> None:
    """A column twice."""
    a, b = _numeric_column(rows, rng), _numeric_column(rows, rng)
    for row in rows:
        row[a] = row[b]


def shuffle(rows: Table, rng: random.Random) -> None:
    """A column in another order."""
    column = _numeric_column(rows, rng)
    cells = [row[column] for row in rows]
    rng.shuffle(cells)
    for row, cell in zip(rows, cells, strict=True):
        row[column] = cell


def drop(rows: Table, rng: random.Random) -> None:
    """Few rows, or none."""
    rows[:] = rows[: rng.choice((0, 1, 2, 3, 5, 8, len(rows) // 2))]


def repeat(rows: Table, rng: random.Random) -> None:
    """Rows that repeat one, or all of them twice."""
    rows[:] = [*rows, *map(list, rows)] if rng.random() < 0.5 else [list(rows[0]) for _ in rows]


def disturb(rows: Table, rng: random.Random) -> None:
    """Numbers drawn at random."""
    size = 10.0 ** rng.randint(-6, 6)
    _map_column(rows, rng, lambda _: repr(rng.gauss(0.0, size)))


def round_off(rows: Table, rng: random.Random) -> None:
    """Few digits."""
    digits = rng.choice((0, 1, 2))
    _map_column(rows, rng, lambda text: f"{float(text):.{digits}f}" if _is_number(text) else text)


CHANGES: dict[str, Callable[[Table, random.Random], None]] = {
    function.__name__: function
    for function in (
        negate, scale, scale_all, fill, freeze, exchange, copy_column, shuffle, drop, repeat, disturb, round_off,
    )
}  # fmt: skip
