"""Options that several commands share, each defined once: the same name means the same in all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from calib.cli.running import shipped

# What every command reports.
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the summary.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict alone, and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print the solver's iterations on stderr.")]


def result_folder(default: str) -> Any:
    """The option for the folder of a calibration's result."""
    return typer.Option("--output", help=f"Folder to create. Default: {default}, or {default}-2, ...")


Need = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Error that 95 % of uses may not exceed, 0.5mm, 0.2px, 0.1deg or 0.5mm,0.1deg: good, or do not use.",
    ),
]
At = Annotated[
    str | None,
    typer.Option(metavar="X,Y,Z", help="Of --need: a point on the flange, or before the camera: 0mm,0mm,120mm."),
]

# Images of a board, or corners found elsewhere.
Images = Annotated[
    Path | None, typer.Option(help="Folder of images of the board (JPEG, PNG, BMP, TIFF, PGM, PPM, WebP).")
]
Corners = Annotated[
    Path | None,
    typer.Option(help="Table of corners instead: image,x_px,y_px,X_m,Y_m, optional Z_m,sigma_px,radius_m."),
]
BoardOfImages = Annotated[
    str | None,
    typer.Option(
        help="checkerboard:9x6:25mm (inner corners), other kinds (`calib guide boards`), a shipped name or a file.",
        autocompletion=shipped.boards,
    ),
]
ImageSize = Annotated[str | None, typer.Option(metavar="WxH", help="Image size in pixels, with --corners.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes for detection. Default: one per processor.")]
TimeLimit = Annotated[float, typer.Option("--timeout-s", min=0.1, help="Time limit per image.")]

# The camera.
Lens = Annotated[
    str,
    typer.Option(
        help="Lens model, see `calib list lenses`; auto: the one that the views support.",
        autocompletion=shipped.lens_choices,
    ),
]
ScaleCamera = Annotated[
    str | None,
    typer.Option(
        metavar="FACTOR",
        help="Images are those of --camera scaled by this, e.g. 0.5; 1,0,120: cropped from column 0, row 120.",
    ),
]
Fix = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LABELS", help="Hold parameters: k3,p1,p2 at 0, cx,cy at the image centre, fx=812.5 at a value."
    ),
]
Free = Annotated[
    list[str] | None, typer.Option(metavar="LABELS", help="Estimate parameters held by default, e.g. skew.")
]
GlobalStart = Annotated[
    bool,
    typer.Option("--global-start", help="Search for a start, for a lens of unknown focal length; takes half a minute."),
]
Exclude = Annotated[
    list[str] | None, typer.Option(metavar="IMAGE", help="Leave an image out, by its name; may be given several times.")
]
Overlays = Annotated[
    bool, typer.Option("--overlays/--no-overlays", help="Write every image with its corners drawn in, to overlays/.")
]
Robust = Annotated[bool, typer.Option("--robust/--no-robust", help="Reject outliers and list them.")]

# Arms, and where cameras are.
Setup = Annotated[
    str | None,
    typer.Option(
        help="eye-in-hand or eye-to-hand. Default: the one with the smaller residual.", autocompletion=shipped.setups
    ),
]
Euler = Annotated[str | None, typer.Option(help="Sequence of Euler angles: ZYX moving axes, zyx fixed axes.")]
Columns = Annotated[
    str | None,
    typer.Option(metavar="OURS=THEIRS,...", help="Names of the table's columns, or their numbers: 1=x_mm,2=y_mm,..."),
]
CornerColumns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="OURS=THEIRS,...",
        help="Columns of --corners by name or number: image=name,x_px=u,y_px=v,X_mm=4,Y_mm=5.",
    ),
]
PoseFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="Format of the poses, see `calib list formats`. Default: by what is in the file.",
        autocompletion=shipped.pose_formats,
    ),
]
Model = Annotated[
    str,
    typer.Option(
        help="offsets, geometry, full (with effects) or auto (the effects that reduce the held-out error).",
        autocompletion=shipped.models,
    ),
]
FixConventions = Annotated[
    bool, typer.Option("--fix-conventions", help="Apply the units, orders and signs that the residuals indicate.")
]
SplitSeed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the random split.")]

# Of the commands that simulate.
NewFolder = Annotated[Path, typer.Option("--output", help="Folder to create.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same bytes.")]
Board = Annotated[str, typer.Option(help="Board, as for `calib camera`.", autocompletion=shipped.boards)]
SimulatedSize = Annotated[str, typer.Option("--image-size", metavar="WxH", help="Image size in pixels.")]
Render = Annotated[bool, typer.Option("--render", help="Also render the images (with noise and blur).")]
SimulatedSetup = Annotated[
    str, typer.Option("--setup", help="eye-in-hand or eye-to-hand.", autocompletion=shipped.setups)
]
Tip = Annotated[
    str | None,
    typer.Option(metavar="LINK", help="Link at which the arm ends, of a URDF with several last links."),
]
SimulatedArm = Annotated[
    str,
    typer.Option(
        "--arm",
        help="Shipped arm (`calib list arms`), a .yaml or .urdf file, or one of `calib guide formats`.",
        autocompletion=shipped.arms,
    ),
]
ErrorMm = Annotated[float, typer.Option(min=0.0, help="Standard deviation of true lengths about the arm's table.")]
ErrorDeg = Annotated[float, typer.Option(min=0.0, help="Standard deviation of true angles about the arm's table.")]
NoisePx = Annotated[float, typer.Option(min=0.0, help="Standard deviation of a corner's coordinate.")]
