"""`calib cell`: several arms in one world."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from calib.cli.options import AsJson
from calib.cli.reporting import progress, reporting

HELP = """Put several arms into one world, and say how well one hands a point to another.

\b
Examples:
  calib simulate cell --output sim && calib cell --config sim/cell.yaml
  calib cell --config cell.yaml --model auto --output my_cell --json

cell.yaml names the arms; every table was measured in the same world, by one instrument or by one board that a camera on
each hand sees:

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

Writes a folder with cell.yaml (where every base stands), an arm.yaml per arm and result.json. Exit status as for
`calib robot`; the worst of the arms decides."""


def command(
    config: Path = typer.Option(..., help="cell.yaml, which names the arms and their tables."),
    model: str = typer.Option("geometry", help="offsets, geometry, full (with effects) or auto (those that help)."),
    holdout: float = typer.Option(0.2, help="Share of poses to judge by."),
    robust: bool = typer.Option(True, "--robust/--no-robust", help="Leave rows out that do not fit."),
    seed: int = typer.Option(0, min=0, help="Seed of the random split."),
    output: Path | None = typer.Option(None, help="Folder to create. Default: calib_cell_result."),
    as_json: AsJson = False,
) -> None:
    """See HELP."""
    with reporting(as_json):
        started = time.perf_counter()
        from calib import documents, folder
        from calib.cell.arms.calibrate_cell import calibrate_cell, read_cell
        from calib.cell.arms.summary import as_cell_file, as_document, grade, summary
        from calib.robot.calibrated_arm import calibrated_arm_as_yaml
        from calib.robot.evaluation.verdict import judge

        target = folder.reserve(output, "calib_cell_result")
        cell = calibrate_cell(
            read_cell(config),
            config.parent,
            model,
            robust=robust,
            holdout=holdout,
            seed=seed,
            progress=progress("corners", as_json),
        )
        verdicts = {name: judge(found) for name, found in cell.arms.items()}
        document = as_document(cell, verdicts, round(time.perf_counter() - started, 3))
        document["output"] = str(target)
        title = f"Where the arms stand: world_from_base in {cell.world}, metres; a quaternion's scalar comes last."
        files: dict[str, str | bytes] = {
            "cell.yaml": documents.to_yaml(as_cell_file(cell), title),
            "result.json": documents.to_json(document),
        }
        for name, found in cell.arms.items():
            files[f"{name}/arm.yaml"] = calibrated_arm_as_yaml(found.arm)
        folder.write(target, files)
        typer.echo(documents.to_json(document).rstrip() if as_json else summary(cell, verdicts, str(target)))
        if grade(verdicts) == "do not use":
            raise typer.Exit(1)
