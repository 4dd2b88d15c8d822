"""Are the words right? Simulated sets of all commands, clean and spoiled in a hundred ways, judged by the truth.

    python tools/bench_verdicts.py                   every spoiling with seeds 0 to 2, and 300 clean sets
    python tools/bench_verdicts.py --quick           one seed, 30 clean sets
    python tools/bench_verdicts.py --only "hand-eye: bowed" --runs 5
    python tools/bench_verdicts.py --workers 2 --json

A spoiling is a small function in tools/verdict_bench that says what it does to the data and which first cause is right.
Which word is right follows from how far the result truly is off, by the rule in tools/verdict_bench/judging.py.
One line per spoiling: in how many runs the word and the first cause were right, the true errors, what was said.
Exits with 1 and the shortfalls, the worst last, where a share misses its bound.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is loaded

import argparse
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import starmap
from typing import Any

from verdict_bench import catalogue
from verdict_bench.judging import (
    DO_NOT_USE,
    GOOD,
    LIMITS,
    NEEDS,
    REFUSED,
    Expected,
    Outcome,
    is_bad,
    names_cause,
    needs_cause,
    word_is_right,
)

RUNS, CLEAN, QUICK_CLEAN = 3, 300, 30
CLEAN_SEED = 1000  # of the first clean set
WORD, BAD_GOOD, FALSE_ALARM, CAUSE, GOOD_FOR = 0.95, 0.01, 0.02, 0.85, 0.97


@dataclass(frozen=True)
class Judged:
    """One run, and what is to be said of it."""

    spoiling: str
    seed: int
    outcome: Outcome
    expected: Expected
    word_right: bool
    cause_right: bool | None
    """None where no cause had to be named."""

    @property
    def bad_good(self) -> bool:
        """Whether it is "good" and far off."""
        return self.outcome.word == GOOD and is_bad(self.outcome, self.expected)

    @property
    def false_alarm(self) -> bool:
        """Whether right data were refused, or a right result is not to be used."""
        return self.outcome.word in (REFUSED, DO_NOT_USE) and not self.word_right and not self.expected.convention


def main() -> None:
    """Run, print the table and the totals, judge them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, metavar="SEEDS", help=f"seeds of every spoiling, {RUNS} unless given")
    parser.add_argument("--clean", type=int, metavar="SETS", help=f"clean sets in all, {CLEAN} unless given")
    parser.add_argument("--quick", action="store_true", help=f"one seed, {QUICK_CLEAN} clean sets")
    parser.add_argument("--only", default="", metavar="NAME,NAME", help="spoilings whose names hold one of these")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--verbose", action="store_true", help="print what was said in every run")
    arguments = parser.parse_args()
    runs = arguments.runs or (1 if arguments.quick else RUNS)
    clean = arguments.clean if arguments.clean is not None else (QUICK_CLEAN if arguments.quick else CLEAN)
    jobs = list(choose(arguments.only.split(","), runs, clean))
    if not jobs:
        parser.error(f"no spoiling is named {arguments.only}")
    every: list[Judged] = []
    for some in outcomes(jobs, arguments.workers):
        every += some
        if not arguments.json:
            show(some, arguments.verbose)
    totals = sum_up(every)
    short = shortfalls(totals)
    if arguments.json:
        runs_made = [{"spoiling": e.spoiling, **_plain(e)} for e in every]
        document = {"runs": runs_made, "totals": totals, "short": short}
        print(json.dumps(document, indent=2, default=lambda value: value.item()))
    else:
        print("", *(f"{name:58s}{total['of']:>6d}{_figure(total)}" for name, total in totals.items()), sep="\n")
    if short and not arguments.only:
        print("\n".join(short), file=sys.stderr)
        raise SystemExit(1)


def choose(names: Sequence[str], runs: int, clean: int) -> Iterator[tuple[str, range]]:
    """Spoilings by name with their seeds: of those that are clean, that many sets in all."""
    chosen = [name for name in catalogue.SPOILINGS if any(each.strip() in name for each in names)]
    cleans = [name for name in catalogue.SPOILINGS if catalogue.SPOILINGS[name].expected.clean]
    for name in chosen:
        if name in cleans:
            at = cleans.index(name)
            count = clean // len(cleans) + (at < clean % len(cleans))
            yield name, range(CLEAN_SEED, CLEAN_SEED + count)
        else:
            yield name, range(runs)


def outcomes(jobs: Sequence[tuple[str, range]], workers: int) -> Iterator[list[Judged]]:
    """The runs of each spoiling, judged, in order; how far it is and what it took so far on the error stream.

    Every run is a task of its own: a slow spoiling keeps no worker waiting.
    """
    tasks = [(name, seed) for name, seeds in jobs for seed in seeds]
    with ProcessPoolExecutor(workers) if workers > 1 else nullcontext() as pool:
        done = iter(pool.map(run_one, *zip(*tasks, strict=True)) if pool else starmap(run_one, tasks))
        spent, runs = 0.0, 0
        for kinds, (name, seeds) in enumerate(jobs, 1):
            found = [next(done) for _ in seeds]
            spent, runs = spent + sum(seconds for _, seconds in found), runs + len(found)
            yield judged(name, seeds, [outcome for outcome, _ in found])
            progress = f"{kinds} of {len(jobs)} kinds, {runs} of {len(tasks)} runs, {spent / 60:.1f} CPU minutes"
            print(progress, file=sys.stderr, flush=True)


def run_one(name: str, seed: int) -> tuple[Outcome, float]:
    """One run, and the seconds of this process that it took."""
    begin = time.process_time()
    outcome = catalogue.SPOILINGS[name].run(seed)
    return outcome, time.process_time() - begin


def judge(name: str, seeds: range) -> list[Judged]:
    """All runs of one spoiling."""
    return judged(name, seeds, [catalogue.SPOILINGS[name].run(seed) for seed in seeds])


def judged(name: str, seeds: range, found: Sequence[Outcome]) -> list[Judged]:
    """What is to be said of the runs of one spoiling."""
    expected = catalogue.SPOILINGS[name].expected
    largest = max((each.error.size for each in found if each.error), default=math.inf)
    said = []
    for seed, outcome in zip(seeds, found, strict=True):
        right = word_is_right(outcome, expected, largest)
        cause = names_cause(outcome, expected) if needs_cause(outcome, expected, right) else None
        said.append(Judged(name, seed, outcome, expected, right, cause))
    return said


def show(some: Sequence[Judged], verbose: bool) -> None:
    """One line per spoiling; what was said where something is wrong, or everything."""
    if not some:
        return
    causes = [each.cause_right for each in some if each.cause_right is not None]
    errors = [each.outcome.error.size for each in some if each.outcome.error]
    words = ", ".join(f"{count} {word}" for word, count in Counter(each.outcome.word for each in some).items())
    right = f"word {sum(each.word_right for each in some)}/{len(some)}"
    cause = f"cause {sum(causes)}/{len(causes)}" if causes else ""
    unit = LIMITS[some[0].expected.command].unit
    off = f"{min(errors):.3g} to {max(errors):.3g} {unit}" if errors else "no result"
    print(f"{some[0].spoiling:48s}{right:14s}{cause:12s}{off:26s}{words}", flush=True)
    for each in some:
        if verbose or not each.word_right or each.cause_right is False:
            size = f"{each.outcome.error.size:.3g} {unit}" if each.outcome.error else each.outcome.code
            print(f"    seed {each.seed}: {each.outcome.word}, {size}: {each.outcome.text[:260]}", flush=True)


def sum_up(every: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """Shares over all runs, each with how many it is of and its bound."""
    goods = [each for each in every if each.outcome.word == GOOD]
    causes = [each.cause_right for each in every if each.cause_right is not None]
    conventions = [each for each in every if each.expected.convention]
    cleans = [each for each in every if each.expected.clean]
    others = [each for each in every if not each.expected.clean]
    refused = [each.word_right for each in conventions]
    judged = [pair for each in every for pair in zip(NEEDS, each.outcome.good_for, strict=False)]
    useful = [good for share, good in judged if share == max(NEEDS)]
    shares = (
        ("word right", [each.word_right for each in others], WORD, True),
        ("first cause right", causes, CAUSE, True),
        ('"good" that is bad', [each.bad_good for each in goods], BAD_GOOD, False),
        ('"do not use" or a refusal of right data', [each.false_alarm for each in every], FALSE_ALARM, False),
        ("convention errors refused", refused, 1.0, True),
        ('"good for" that is right', [share >= 1.0 for share, good in judged if good], GOOD_FOR, True),
        (f'"good for" of {max(NEEDS):g} times the true error', useful, 0.0, True),
        ("false alarms on clean sets", [not each.word_right for each in cleans], 0.0, False),
    )
    return {
        name: {"share": sum(some) / len(some), "of": len(some), "bound": bound, "at_least": at_least}
        for name, some, bound, at_least in shares
        if some
    }


def shortfalls(totals: dict[str, dict[str, Any]]) -> list[str]:
    """What missed its bound, the worst last."""
    found = []
    for name, total in totals.items():
        short = total["bound"] - total["share"] if total["at_least"] else total["share"] - total["bound"]
        if short > 0:
            found.append((short, f"{name}:{_figure(total)}"))
    return [text for _, text in sorted(found)]


def _figure(total: dict[str, Any]) -> str:
    wanted = "at least" if total["at_least"] else "at most"
    return f"{100 * total['share']:9.1f} %, {wanted} {100 * total['bound']:g} wanted"


def _plain(each: Judged) -> dict[str, Any]:
    outcome = {**asdict(each.outcome), "error": each.outcome.error and each.outcome.error.size}
    return {"seed": each.seed, **outcome, "word_right": each.word_right, "cause_right": each.cause_right}


if __name__ == "__main__":
    main()
