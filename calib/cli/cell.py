"""`calib cell`: several arms in one world."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calib.camera.timeout import TIMEOUT_S
from calib.cli.arguments.inputs import one_of
from calib.cli.arguments.options import (
    AsJson,
    FixConventions,
    Jobs,
    Model,
    Need,
    Quiet,
    Robust,
    SplitSeed,
    TimeLimit,
    Verbose,
    result_folder,
)
from calib.cli.arguments.values import stated_need
from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import reporting

FOLDER = "calib_cell_result"

HELP = """Calibrate several arms in one world.

For every pair of arms the error of a point that one hands to the other is stated, before and after calibration.

\b
Examples:
  calib simulate cell --output sim && calib cell --config sim/cell.yaml
  calib cell --config cell.yaml --model auto --output my_cell --json
  calib cell --config cell.yaml --need 0.5mm

cell.yaml names the arms. All tables are measured in the same world: by one instrument, or by one board that a camera on
each hand observes:

\b
  world: tracker
  arms:
    left: {arm: ur5e, poses: left.csv}
    right: {arm: ur10e, poses: right.csv}

\b
  world: board
  arms:
    left: {arm: ur5e, poses: left/joints.csv, images: left/photos, board: checkerboard:9x6:25mm, camera: camera.yaml}
    right: {arm: ur10e, poses: right/joints.csv, corners: right/corners.csv, camera: camera.yaml}

A table whose units, order of joints or conventions do not fit its arm is refused by name, as by `calib robot`.

Writes a folder with cell.yaml (the pose of every base), an arm.yaml per arm and result.json. Exit status as for
`calib robot`; the worst verdict of the arms decides."""


def command(
    context: typer.Context,
    given: Path | None = typer.Argument(None, metavar="[CONFIG]", help="The same without an option."),
    config: Path | None = typer.Option(None, help="cell.yaml, which names the arms and their tables; needed."),
    model: Model = "geometry",
    holdout: float = typer.Option(0.2, help="Share of poses held out for validation."),
    robust: Robust = True,
    fix_conventions: FixConventions = False,
    seed: SplitSeed = 0,
    jobs: Jobs = None,
    timeout_s: TimeLimit = TIMEOUT_S,
    need: Need = None,
    output: Annotated[Path | None, result_folder(FOLDER)] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """See HELP."""
    with reporting(as_json, quiet, verbose, context.obj) as reporter:
        from calib.cell import calibrate_cell

        wanted = stated_need(need, None)
        folder = reporter.reserve(output, FOLDER)
        calibration = calibrate_cell(
            one_of(config, given, "--config", "calib cell --config cell.yaml"),
            model=model,
            robust=robust,
            fix_conventions=fix_conventions,
            holdout=holdout,
            seed=seed,
            jobs=jobs,
            timeout_s=timeout_s,
            on_iteration=reporter.on_iteration,
            on_progress=reporter.on_progress("corners"),
        )
        deliver(calibration.for_need(wanted), folder, reporter)
