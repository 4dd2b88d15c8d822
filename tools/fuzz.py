"""Feed mutated files to every reader: each is read, or refused with a coded error, in bounded time and memory.

    python tools/fuzz.py                    every reader, 10,000 files each
    python tools/fuzz.py poses --runs 500
    python tools/fuzz.py poses --guided     led by coverage, where atheris is installed
    python tools/fuzz.py commands --runs 1000        whole commands on tables with changed numbers
    python tools/fuzz.py --quick

The seeds are files that the toolkit itself ships or writes. A mutation flips, drops, doubles or swaps bytes and tokens,
or puts in what breaks readers: huge numbers, deep nesting, NUL, tags, entities. Exits 1 with the shortfall as its last
line if any file ends in an error of another kind, takes over 2 s of CPU, or lets the process grow by over 300 MB.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from fuzz_commands import CommandOutcome, fuzz_commands
from fuzz_readers import READERS, Outcome, Seed, write_seeds

from calib.errors import CalibError

POISON = (
    b"\0",
    b"1e999",
    b"-1",
    b"0",
    b"nan",
    b"1" * 400,
    b"99999999999999999999",
    b"[[[[[[[[",
    b"&a [*a, *a]",
    b"!!timestamp x",
    b"!!python/object/apply:os.system [x]",
    b'"',
    b"'",
    b"\xff\xfe",
    b"\n\n",
    b",,,,",
    b";",
    b"\t",
    b"<!ENTITY a 'b'>",
    b"{",
    b"}",
    b": ",
    b"- ",
    b"\xf0\x9f\x92\xa9",
    b"../../x",
    b"2026-01-01",
    b"~",
    b"true",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", help=f"of {', '.join(READERS)}, or commands; default: all readers")
    parser.add_argument("--runs", type=int, default=10_000, help="mutated files per reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="100 files per reader")
    parser.add_argument("--guided", action="store_true", help="mutations led by coverage; needs atheris")
    parser.add_argument("--keep", type=Path, help="folder for the inputs of commands that end as they must not")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.readers == ["commands"]:
        found = fuzz_commands(18 if options.quick else options.runs, options.seed, options.keep)
        return report_commands(found, options.json)
    if unknown := set(options.readers) - set(READERS):
        parser.error(f"no reader {', '.join(sorted(unknown))}")
    names, runs = options.readers or list(READERS), 100 if options.quick else options.runs
    if options.guided:
        from fuzz_guided import fuzz_guided

        return report((fuzz_guided(name, runs, options.seed) for name in names), options.json)
    warnings.simplefilter("error")  # a warning that escapes a reader is foreign too
    with tempfile.TemporaryDirectory() as folder:
        seeds = write_seeds(Path(folder))
        return report((fuzz(name, seeds[name], Path(folder), runs, options.seed) for name in names), options.json)


def report(outcomes: Iterable[Outcome], as_json: bool) -> int:
    """Print the table, a line as soon as it is known, or the document; 1 if anything is not as it must be."""
    if not as_json:
        print(
            f"{'reader':<14}{'files':>8}{'read':>8}{'refused':>9}{'foreign':>9}{'slowest':>10}{'growth':>10}",
            flush=True,
        )
    found = []
    for each in outcomes:
        found.append(each)
        if not as_json:
            print(
                f"{each.reader:<14}{each.files:>8}{each.read:>8}{each.refused:>9}{len(each.foreign):>9}"
                f"{each.slowest_s:>8.2f} s{each.growth_mb:>7.0f} MB",
                flush=True,
            )
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=2))
    if short := [f"{each.reader}: {each.shortfall()}" for each in found if each.shortfall()]:
        print("missed: " + " | ".join(short), file=sys.stderr if as_json else sys.stdout)
    return int(bool(short))


def report_commands(outcome: CommandOutcome, as_json: bool) -> int:
    """Print the counts, or the document; 1 if any command ended as it must not."""
    if as_json:
        print(json.dumps(outcome.document(), indent=2))
    else:
        statuses = ", ".join(f"{count} with {status}" for status, count in sorted(outcome.statuses.items()))
        print(
            f"{outcome.runs} commands: {statuses}; slowest {outcome.slowest_s:.1f} s of CPU", *outcome.wrong, sep="\n"
        )
    if outcome.wrong:
        print(f"missed: {outcome.shortfall()}", file=sys.stderr if as_json else sys.stdout)
    return int(bool(outcome.wrong))


def fuzz(name: str, seeds: list[Seed], folder: Path, runs: int, seed: int) -> Outcome:
    """Mutate the seeds of one reader and let it read the result."""
    rng = random.Random(f"{name}{seed}")
    outcome = Outcome(name)
    contents = [[path.read_bytes() for path in paths] for paths in seeds]
    place = folder / "mutated"
    place.mkdir(exist_ok=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(runs):
        which = rng.randrange(len(seeds))
        write_mutated(seeds[which], contents[which], place, rng)
        began = time.process_time()  # the machine may do other work
        try:
            READERS[name](place / seeds[which][0].name)
            outcome.read += 1
        except CalibError:
            outcome.refused += 1
        except Exception as error:
            outcome.foreign.append(f"{type(error).__name__}: {error}"[:200])
        outcome.files += 1
        outcome.slowest_s = max(outcome.slowest_s, time.process_time() - began)
    outcome.growth_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    return outcome


def write_mutated(seed: Seed, contents: list[bytes], folder: Path, rng: random.Random) -> None:
    """Write the files of a seed with one of them mutated. Where another states its SHA-256 it states the new one, for
    else nothing but that would ever be refused."""
    changed = list(contents)
    which = rng.randrange(len(seed))
    changed[which] = mutate(contents[which], rng)
    old, new = (hashlib.sha256(each[which]).hexdigest().encode() for each in (contents, changed))
    for i, (path, content) in enumerate(zip(seed, changed, strict=True)):
        (folder / path.name).write_bytes(content if i == which else content.replace(old, new))


def mutate(content: bytes, rng: random.Random) -> bytes:
    """One to four random changes."""
    out = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        end = min(len(out), at + rng.choice((1, 2, 8, 64, 512)))
        match rng.randrange(6):
            case 0:
                out[at:end] = bytes(rng.randrange(256) for _ in range(end - at))
            case 1:
                del out[at:end]
            case 2:
                out[at:at] = out[at:end] * rng.choice((1, 2, 50))
            case 3:
                out[at:at] = rng.choice(POISON)
            case 4:
                out = swap_tokens(out, rng)
            case _:
                out = out[:at] if rng.random() < 0.2 else replace_number(out, rng)
    return bytes(out)


def swap_tokens(content: bytearray, rng: random.Random) -> bytearray:
    """Two words of a text exchanged."""
    words = bytes(content).split(b" ")
    a, b = rng.randrange(len(words)), rng.randrange(len(words))
    words[a], words[b] = words[b], words[a]
    return bytearray(b" ".join(words))


def replace_number(content: bytearray, rng: random.Random) -> bytearray:
    """A run of digits replaced by what breaks readers of numbers."""
    digits = [i for i, byte in enumerate(content) if 48 <= byte <= 57]
    if not digits:
        return content
    at = rng.choice(digits)
    end = at
    while end < len(content) and (48 <= content[end] <= 57 or content[end] == 46):
        end += 1
    return content[:at] + bytearray(rng.choice(POISON)) + content[end:]


if __name__ == "__main__":
    sys.exit(main())
