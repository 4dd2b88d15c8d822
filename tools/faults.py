"""Disturb real commands in every way a machine and its user can, and look at what they leave behind.

    python tools/faults.py                     200 kills, 200 interruptions, 50 worker deaths, and the rest
    python tools/faults.py kill --runs 20
    python tools/faults.py --quick

A kill or an interruption comes at a random moment of the run, or at a random operation on the files of the result,
which are touched in milliseconds at the beginning and at the end. After each fault nothing may be half (every file is
that of an undisturbed run, byte for byte, or the marker of an incomplete folder stands beside it), nothing lost (an
older result is as it was, and the document of finished work that could not be written is printed), no process and no
temporary file left, and no hidden folder after the next run. Exits 1 with the shortfall as its last line.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import fault_trials as trials
from fault_arena import Bench, bench

Trial = Callable[[Bench, random.Random], tuple[str, list[str]]]

KINDS: dict[str, tuple[Trial, int, int, bool]] = {
    "kill": (trials.kill, 200, 6, False),
    "interrupt": (trials.interrupt, 200, 6, False),
    "worker death": (trials.worker_death, 50, 2, False),
    "deadly image": (trials.deadly_image, 5, 1, False),
    "hanging image": (trials.hanging_image, 2, 0, False),
    "disk full": (trials.disk_full, 10, 2, True),
    "file size limit": (trials.file_size_limit, 10, 1, False),
    "refused write": (trials.refused_write, 40, 4, False),
    "EXDEV": (trials.renames_across_devices, 10, 2, False),
    "EPERM of renames": (trials.renames_not_permitted, 10, 1, False),
    "read-only folder": (trials.read_only_folder, 5, 1, True),
    "two runs at once": (trials.two_at_once, 10, 1, False),
}
"""Every kind of fault: one trial, how many in a full and in a quick run, and whether file systems must be mounted."""


@dataclass
class Outcome:
    """What became of the trials of one kind of fault."""

    fault: str
    runs: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    skipped: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", help=f"of {', '.join(KINDS)}; default: all")
    parser.add_argument("--runs", type=int, help="trials of each kind of fault")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time")
    parser.add_argument("--quick", action="store_true", help="a few trials of each kind, of two commands")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.faults) - set(KINDS):
        parser.error(f"no fault {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # commands inherit it: in the background it is ignored
    shared_before = shared_memory()
    with bench(options.quick) as prepared:
        outcomes = [
            series(prepared, name, number_of_runs(name, options), options.seed, options.jobs)
            for name in options.faults or KINDS
        ]
    if left := sorted(shared_memory() - shared_before):
        outcomes[-1].wrong.append(f"shared memory left: {left}")
    return report(outcomes, options.json)


def number_of_runs(name: str, options: argparse.Namespace) -> int:
    """How often a fault is tried."""
    _, full, quick, _ = KINDS[name]
    return int(options.runs if options.runs is not None else quick if options.quick else full)


def series(prepared: Bench, name: str, runs: int, seed: int, jobs: int) -> Outcome:
    """Many trials of one kind of fault."""
    trial, _, _, needs_mount = KINDS[name]
    outcome = Outcome(name)
    if needs_mount and not prepared.can_mount:
        outcome.skipped = "no file system may be mounted here"
        return outcome
    with ThreadPoolExecutor(jobs) as pool:
        for end, wrong in pool.map(lambda i: trial(prepared, random.Random(f"{name}{seed}-{i}")), range(runs)):
            outcome.runs += 1
            outcome.ends[end] += 1
            outcome.wrong += wrong
            if not outcome.runs % 20:
                print(f"{name}: {outcome.runs} of {runs}", file=sys.stderr)
    return outcome


def shared_memory() -> set[str]:
    """What Python's and the system's libraries have put there, of any process."""
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def report(outcomes: list[Outcome], as_json: bool) -> int:
    """Print the table, or the document; 1 if anything is not as it must be."""
    if as_json:
        print(json.dumps([{**vars(each), "ends": dict(each.ends)} for each in outcomes], indent=2))
    else:
        print(f"{'fault':<18}{'runs':>6}{'wrong':>7}   what was left")
        for each in outcomes:
            ends = each.skipped and f"skipped: {each.skipped}"
            ends = ends or ", ".join(f"{number} {end}" for end, number in each.ends.most_common())
            print(f"{each.fault:<18}{each.runs:>6}{len(each.wrong):>7}   {ends}")
    short = [f"{each.fault}: {len(each.wrong)} wrong, first: {each.wrong[0]}" for each in outcomes if each.wrong]
    if short:
        print("missed: " + " | ".join(short), file=sys.stderr if as_json else sys.stdout)
    return int(bool(short))


if __name__ == "__main__":
    sys.exit(main())
