"""Mutated files led by coverage, where atheris (libFuzzer for Python) is installed: `python tools/fuzz.py --guided`."""

from __future__ import annotations

import importlib.util
import mmap
import os
import tempfile
import time
from pathlib import Path

from fuzz_readers import MOST_SECONDS, READERS, Outcome, write_seeds

MOST_MB, LARGEST_BYTES = 1000, 100_000


def fuzz_guided(name: str, runs: int, seed: int) -> Outcome:
    """Let a reader read what libFuzzer makes of its seeds, in a process of its own, which libFuzzer ends."""
    if importlib.util.find_spec("atheris") is None:
        raise SystemExit("--guided needs atheris: pip install atheris")
    outcome = Outcome(name)
    counted = memoryview(mmap.mmap(-1, 24)).cast("d")  # files read, refused, the slowest in s: shared with the process
    with tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if child == 0:
            with (Path(folder) / "log.txt").open("wb") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            _become_fuzzer(name, runs, seed, Path(folder), counted)
        _, status, usage = os.wait4(child, 0)
        lines = (Path(folder) / "log.txt").read_text("utf-8", "replace").splitlines()
    if ending := os.waitstatus_to_exitcode(status):
        said = [line for line in lines if "Error" in line or "Exception" in line or "ALARM" in line]
        outcome.foreign.append((said or lines or [f"exit status {ending}"])[0][:200])
    outcome.growth_mb = usage.ru_maxrss / 1000
    outcome.read, outcome.refused, outcome.slowest_s = int(counted[0]), int(counted[1]), counted[2]
    outcome.files = outcome.read + outcome.refused + len(outcome.foreign)
    return outcome


def _become_fuzzer(name: str, runs: int, seed: int, folder: Path, counted: memoryview) -> None:
    """Never returns."""
    import atheris

    with atheris.instrument_imports(include=["calib"]):
        from calib.errors import CalibError

        seeds = write_seeds(folder)[name]
        for paths in seeds:
            READERS[name](paths[0])  # the reader's own imports
    corpus = folder / "corpus"
    corpus.mkdir()
    endings = sorted({paths[0].suffix for paths in seeds})
    for i, paths in enumerate(seeds):
        content = paths[0].read_bytes()
        if len(content) <= LARGEST_BYTES:
            (corpus / str(i)).write_bytes(content)

    def read_once(content: bytes) -> None:
        path = folder / f"mutated{endings[len(content) % len(endings)]}"
        path.write_bytes(content)
        began = time.process_time()
        try:
            READERS[name](path)
            counted[0] += 1
        except CalibError:
            counted[1] += 1
        counted[2] = max(counted[2], time.process_time() - began)

    limits = [f"-timeout={10 * int(MOST_SECONDS)}", f"-rss_limit_mb={MOST_MB}", f"-max_len={LARGEST_BYTES}"]
    atheris.Setup([name, f"-runs={runs}", f"-seed={seed + 1}", *limits, str(corpus)], read_once)
    atheris.Fuzz()
    os._exit(0)
