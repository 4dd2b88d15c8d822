"""`calib compare`: two results beside each other."""

from __future__ import annotations

from pathlib import Path

import typer

from calib.cli.arguments.options import AsJson, Quiet, Verbose
from calib.cli.running.deliver import deliver
from calib.cli.running.invocation import Invocation
from calib.cli.running.reporting import reporting

HELP = """Compare two results of the same kind.

\b
Examples:
  calib compare camera_in_may camera_in_june
  calib compare arm_before arm_after --json

Cameras: how far apart far points appear, a rotation between the two taken out. Arms: how far apart the flange is over
the range of motion, the bases brought together. Of every kind: each parameter's difference in standard deviations, both
results being independent. Exit status: 0 compared, 2 usage or not of one kind, 3 a result that cannot be read."""


def command(
    first: Path = typer.Argument(..., help="Result folder, or the result.json in it."),
    second: Path = typer.Argument(..., help="Another, of the same kind."),
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """See HELP."""
    invocation = Invocation(("calib", "compare", str(first), str(second)), {}, {}, stamp=False)
    with reporting(as_json, quiet, verbose, invocation) as reporter:
        from calib.compare.comparison import compare

        deliver(compare(first, second), None, reporter)
