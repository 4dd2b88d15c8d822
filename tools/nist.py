"""NIST's 27 nonlinear regression problems (StRD), two starts each: certified digits reached by one default solve.

The certified values have eleven digits; a run's digits are those of its worst parameter. scipy, and lmfit where it is
installed, run beside. Exit status 1 if a figure is missed; 0, saying so, if the data are not there.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.engine import Options, ParameterBlock, Problem, ResidualBlock, Solution, solve
from calib.engine.derivatives import complex_step

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "engine" / "nist"
DIGITS = 11  # that the certificates have
WANTED = {4: 54, 6: 54, 9: 52}
WANTED_ERRORS = 26
QUICK = ("Misra1a", "DanWood", "Rat43", "MGH09", "BoxBOD", "Lanczos3", "Eckerle4", "Bennett5", "Hahn1")


def _gauss(x: Any, b: Any) -> Any:
    near = b[2] * np.exp(-((x - b[3]) ** 2) / b[4] ** 2) + b[5] * np.exp(-((x - b[6]) ** 2) / b[7] ** 2)
    return b[0] * np.exp(-b[1] * x) + near


def _lanczos(x: Any, b: Any) -> Any:
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def _enso(x: Any, b: Any) -> Any:
    year, first, second = (2 * np.pi * x / period for period in (12, b[3], b[6]))
    seasons = b[0] + b[1] * np.cos(year) + b[2] * np.sin(year)
    return seasons + b[4] * np.cos(first) + b[5] * np.sin(first) + b[7] * np.cos(second) + b[8] * np.sin(second)


def _cubics(x: Any, b: Any) -> Any:
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def _chwirut(x: Any, b: Any) -> Any:
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


# As the data files state them, analytic so that a complex step passes through.
MODELS: dict[str, Callable[[Any, Any], Any]] = {
    "Bennett5": lambda x, b: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": lambda x, b: b[0] * (1 - np.exp(-b[1] * x)),
    "Chwirut1": _chwirut,
    "Chwirut2": _chwirut,
    "DanWood": lambda x, b: b[0] * x ** b[1],
    "ENSO": _enso,
    "Eckerle4": lambda x, b: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "Gauss3": _gauss,
    "Hahn1": _cubics,
    "Kirby2": lambda x, b: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": _lanczos,
    "Lanczos2": _lanczos,
    "Lanczos3": _lanczos,
    "MGH09": lambda x, b: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda x, b: b[0] * np.exp(b[1] / (x + b[2])),
    "MGH17": lambda x, b: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
    "Misra1a": lambda x, b: b[0] * (1 - np.exp(-b[1] * x)),
    "Misra1b": lambda x, b: b[0] * (1 - (1 + b[1] * x / 2) ** (-2)),
    "Misra1c": lambda x, b: b[0] * (1 - (1 + 2 * b[1] * x) ** (-0.5)),
    "Misra1d": lambda x, b: b[0] * b[1] * x * (1 + b[1] * x) ** (-1),
    "Nelson": lambda x, b: b[0] - b[1] * x[0] * np.exp(-b[2] * x[1]),
    "Rat42": lambda x, b: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    "Rat43": lambda x, b: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda x, b: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
    "Thurber": _cubics,
}


@dataclass(frozen=True)
class Certificate:
    """One data file. x: (n,) or (k, n); starts: (2, p); values, errors: (p,) certified, errors being deviations."""

    name: str
    x: Array
    y: Array
    starts: Array
    values: Array
    errors: Array


@dataclass(frozen=True)
class Run:
    """One solve of one problem from one start."""

    solver: str
    problem: str
    start: int
    digits: float
    error_digits: float
    evaluations: int
    seconds: float
    end: str


def read(path: Path) -> Certificate:
    """Read a StRD file: starts and certified values by their `b1 =` lines, data after the last `Data:`."""
    text = path.read_text(encoding="ascii")
    number = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
    lines = re.findall(rf"^\s*b\d+ =\s+({number})\s+({number})\s+({number})\s+({number})", text, re.MULTILINE)
    table = np.array(lines, float)
    data = np.array([line.split() for line in text.rsplit("Data:", 1)[1].splitlines()[1:] if line.strip()], float)
    name = path.stem
    y = np.log(data[:, 0]) if name == "Nelson" else data[:, 0]
    x = data[:, 1] if data.shape[1] == 2 else data[:, 1:].T
    return Certificate(name, x, y, table[:, :2].T, table[:, 2], table[:, 3])


def pose(data: Certificate, start: Array) -> Problem:
    """The problem of one file as residuals of this engine."""
    model = MODELS[data.name]
    block = ParameterBlock("b", start[None].copy(), tuple(f"b{i + 1}" for i in range(len(start))))

    def residuals(values: Any, rows: Any) -> Any:
        b = values["b"][0]
        return (model(data.x[..., rows], b) - data.y[rows])[:, None]

    evaluate = complex_step([block], residuals)
    return Problem((block,), (ResidualBlock(data.name, len(data.y), 1, {"b": None}, evaluate),))


def digits(found: Array, certified: Array) -> float:
    """Digits of the worst figure that agree with the certificate."""
    if not np.isfinite(found).all():
        return 0.0
    off = np.abs(found - certified) / np.abs(certified)
    return float(np.clip(-np.log10(np.maximum(off, 1e-16)), 0, DIGITS).min())


def run_calib(data: Certificate, start: int, options: Options) -> tuple[Run, Solution]:
    """Solve with this engine."""
    began = time.perf_counter()
    solution = solve(pose(data, data.starts[start]), options)
    found = solution.uncertainty
    seconds = time.perf_counter() - began
    errors = np.sqrt(np.diagonal(found.shared) * solution.variance_factor)
    reached = digits(solution.values["b"][0], data.values), digits(errors, data.errors)
    return Run("calib", data.name, start + 1, *reached, solution.evaluations, seconds, solution.status.name), solution


def run_scipy(data: Certificate, start: int, method: str, tolerance: float | None) -> Run:
    """Solve with scipy.optimize.least_squares and the same Jacobian, at its defaults or at the tightest tolerance."""
    from scipy.optimize import least_squares

    evaluate = pose(data, data.starts[start]).residuals[0].evaluate
    rows = slice(0, len(data.y))

    def at(b: Array) -> tuple[Array, Sequence[Array]]:
        return evaluate({"b": b[None]}, rows)

    tight = {} if tolerance is None else {"ftol": tolerance, "xtol": tolerance, "gtol": tolerance, "max_nfev": 100_000}
    exact = {} if tolerance is None else {"jac": lambda b: at(b)[1][0][:, 0]}
    label = f"scipy {method}" + ("" if tolerance is None else " tight")
    began = time.perf_counter()
    try:
        found = least_squares(lambda b: at(b)[0][:, 0], data.starts[start], method=method, **tight, **exact)
    except ValueError:  # residuals not finite
        return Run(label, data.name, start + 1, 0.0, 0.0, 0, time.perf_counter() - began, "failed")
    seconds = time.perf_counter() - began
    with np.errstate(all="ignore"):
        inverse = np.linalg.pinv(found.jac.T @ found.jac)
        errors = np.sqrt(np.diagonal(inverse) * 2 * found.cost / (len(data.y) - len(found.x)))
    reached = digits(found.x, data.values), digits(errors, data.errors)
    return Run(label, data.name, start + 1, *reached, int(found.nfev), seconds, str(found.status))


def run_lmfit(data: Certificate, start: int) -> Run:
    """Solve with lmfit at its defaults."""
    import lmfit

    parameters = lmfit.Parameters()
    for i, value in enumerate(data.starts[start]):
        parameters.add(f"b{i + 1}", value=value)
    model = MODELS[data.name]

    def residuals(found: Any) -> Any:
        return model(data.x, np.array(list(found.valuesdict().values()))) - data.y

    began = time.perf_counter()
    try:
        result = lmfit.minimize(residuals, parameters)
    except ValueError:
        return Run("lmfit", data.name, start + 1, 0.0, 0.0, 0, time.perf_counter() - began, "failed")
    seconds = time.perf_counter() - began
    values = np.array([p.value for p in result.params.values()])
    errors = np.array([p.stderr if p.stderr else np.nan for p in result.params.values()], float)
    reached = digits(values, data.values), digits(errors, data.errors)
    return Run("lmfit", data.name, start + 1, *reached, int(result.nfev), seconds, str(result.ier))


def run_all(folder: Path, names: Sequence[str], options: Options, rivals: bool) -> tuple[list[Run], list[str]]:
    """Every run of every solver, and the labels falsely named unobservable."""
    runs, alarms = [], []
    with np.errstate(all="ignore"):
        for name in names:
            data = read(folder / f"{name}.dat")
            for start in range(2):
                run, solution = run_calib(data, start, options)
                runs.append(run)
                alarms += [f"{name}: {direction}" for direction in solution.uncertainty.unobservable]
                if not rivals:
                    continue
                for method in ("lm", "trf"):
                    runs += [run_scipy(data, start, method, tolerance) for tolerance in (None, 1e-15)]
                if importlib.util.find_spec("lmfit"):
                    runs.append(run_lmfit(data, start))
    return runs, alarms


def summarise(runs: Sequence[Run]) -> dict[str, dict[str, float]]:
    """Per solver: runs that reach 4, 6 and 9 digits, problems with 9 digits of standard errors, and costs."""
    out: dict[str, dict[str, float]] = {}
    for solver in dict.fromkeys(run.solver for run in runs):
        own = [run for run in runs if run.solver == solver]
        judged = {run.problem for run in own} - {"Lanczos1"}  # its residuals are below the rounding of its data
        good = {run.problem for run in own if run.error_digits >= 9} & judged
        out[solver] = {
            "runs": len(own),
            **{f"digits_{k}": sum(run.digits >= k for run in own) for k in WANTED},
            "mean_digits": float(np.mean([run.digits for run in own])),
            "error_digits_9": len(good),
            "problems": len(judged),
            "evaluations": sum(run.evaluations for run in own),
            "seconds": sum(run.seconds for run in own),
        }
    return out


def shortfalls(summary: dict[str, float], alarms: Sequence[str]) -> list[str]:
    """What misses its figure."""
    part = summary["runs"] / 54
    missed = [
        f"{summary[f'digits_{k}']:.0f} of {summary['runs']:.0f} runs with {k} digits, wanted {int(wanted * part)}"
        for k, wanted in WANTED.items()
        if summary[f"digits_{k}"] < int(wanted * part)
    ]
    if summary["error_digits_9"] < summary["problems"]:
        missed.append(f"standard errors: {summary['error_digits_9']:.0f} of {summary['problems']:.0f} problems")
    return missed + [f"falsely unobservable: {alarm}" for alarm in alarms]


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help="folder of the .dat files")
    parser.add_argument("--quick", action="store_true", help="a third of the problems, without the rivals")
    parser.add_argument("--geodesic", choices=["auto", "always", "never"], default=Options().geodesic)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    if not (arguments.data / "Misra1a.dat").exists():
        print(f"skipped: no NIST data files in {arguments.data}")
        return 0
    names = QUICK if arguments.quick else tuple(MODELS)
    runs, alarms = run_all(arguments.data, names, Options(geodesic=arguments.geodesic), rivals=not arguments.quick)
    summary = summarise(runs)
    missed = shortfalls(summary["calib"], alarms)
    if arguments.json:
        document = {"summary": summary, "missed": missed, "runs": [asdict(run) for run in runs]}
        print(json.dumps(document, indent=1))
        return 1 if missed else 0
    print(f"{'problem':9} {'start':>5} {'digits':>7} {'errors':>7} {'evaluations':>12}  end")
    for run in runs:
        if run.solver == "calib":
            worth = f"{run.digits:7.2f} {run.error_digits:7.2f} {run.evaluations:12}"
            print(f"{run.problem:9} {run.start:5} {worth}  {run.end.lower()}")
    head = f"{'>=4':>4} {'>=6':>4} {'>=9':>4} {'mean':>6} {'errors >=9':>11} {'evaluations':>12} {'s':>7}"
    print(f"\n{'solver':16} {head}")
    for solver, s in summary.items():
        reached = f"{s['digits_4']:4.0f} {s['digits_6']:4.0f} {s['digits_9']:4.0f} {s['mean_digits']:6.2f}"
        errors = f"{s['error_digits_9']:.0f} of {s['problems']:.0f}"
        print(f"{solver:16} {reached} {errors:>11} {s['evaluations']:12.0f} {s['seconds']:7.2f}")
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
