"""Which cases are left to `-m long`: measures the CPU time of each of the default tests, and adds to tests/long.txt.

Of the cases of one test function the cheapest always stays; the others stay as long as they cost little. Cases that are
listed already and still exist stay listed.

    python tools/long_tests.py             # lists what would be added
    python tools/long_tests.py --write     # and adds it
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONG = ROOT / "tests" / "long.txt"
LONG_S = 0.2  # CPU: the default run's 3,700 cases take .1 s on average


def main() -> int:
    """Measure, list, and with --write add."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("tests", nargs="*", help="files of tests; all where none is named")
    parser.add_argument("--write", action="store_true", help="add the cases to tests/long.txt")
    parser.add_argument("--seconds", type=float, default=LONG_S, help="CPU time above which a case is long")
    options = parser.parse_args()

    costs = measure(options.tests)
    long = long_cases(costs, options.seconds)
    for case in long:
        print(f"{costs[case]:6.2f} s  {case}")
    spent = sum(costs[case] for case in long)
    print(f"{len(long)} of {len(costs)} cases take {spent:.0f} of {sum(costs.values()):.0f} s")
    if options.write:
        header, *listed = LONG.read_text(encoding="utf-8").splitlines()
        LONG.write_text("\n".join([header, *sorted({*listed, *long})]) + "\n", encoding="utf-8")
    return 0


def long_cases(costs: dict[str, float], seconds: float = LONG_S) -> list[str]:
    """Every case above `seconds` but the cheapest of its test function, by name."""
    functions: defaultdict[str, list[str]] = defaultdict(list)
    for case in sorted(costs, key=lambda each: costs[each]):
        functions[case.partition("[")[0]].append(case)
    return sorted(case for cases in functions.values() for case in cases[1:] if costs[case] > seconds)


def measure(tests: list[str]) -> dict[str, float]:
    """CPU time of each case of the default tests, s, its processes included."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-p", "long_tests", "--costs", folder, *tests]
        subprocess.run(command, cwd=ROOT, check=True)
        return {case: cost for path in Path(folder).iterdir() for case, cost in json.loads(path.read_text()).items()}


class Meter:
    """The pytest plugin: one in each process that runs tests."""

    def __init__(self, folder: Path, worker: str) -> None:
        self.path = folder / f"{worker}.json"
        self.costs: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Count what a case takes, set-up included."""
        before = cpu_s()
        result = yield
        self.costs[item.nodeid] = cpu_s() - before
        return result

    def pytest_sessionfinish(self) -> None:
        """Leave the counts where the command reads them."""
        self.path.write_text(json.dumps(self.costs), encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The folder that the counts are written to."""
    parser.addoption("--costs", type=Path, help="folder for the CPU time of every case")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    worker = getattr(config, "workerinput", {"workerid": "main"})["workerid"]
    config.pluginmanager.register(Meter(config.getoption("--costs"), worker))


def cpu_s() -> float:
    """CPU time of this process and of those that it started and that have ended, s."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    raise SystemExit(main())
