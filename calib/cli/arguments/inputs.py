"""Inputs as people give them: without an option, a file for a folder, images that the shell named one by one.

What can mean one thing is taken as that; for what cannot, the error holds the line to type.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from calib.errors import UsageError
from calib.text import first_few

TABLES = (".csv", ".tsv", ".txt")
IMAGES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")  # to tell a mistake, not to read
Images = Path | list[Path]  # a folder, an image or a pattern; or images one by one

GivenImages = Annotated[
    list[Path] | None, typer.Argument(metavar="[IMAGES]...", help="The same without an option: a folder, or images.")
]


def images_of_camera(given: Sequence[Path], command: str, for_table: str) -> Images | None:
    """Images of one camera: a folder, or images that the shell named one by one; None if none is given.

    for_table: the line to type where a table is among them, with {images} and {table} in it.
    Raises UsageError `not-images` for a table, `several-folders`.
    """
    if not given:
        return None
    _refuse_tables(given, for_table)
    if len(given) == 1:
        return given[0]
    if folders := [path for path in given if os.path.isdir(path)]:
        raise UsageError(
            f"{len(given)} inputs, with a folder among them: the images of one camera are in one folder",
            code="several-folders",
            where=_words(given),
            advice=f"{command} --images {_words(folders[:1])}",
        )
    return list(given)


def images_of_cameras(given: Sequence[Path], command: str, for_table: str) -> list[Images]:
    """Images of several cameras, a folder for each; or of one, as `images_of_camera`."""
    if len(given) > 1 and all(os.path.isdir(path) for path in given):
        return list(given)
    images = images_of_camera(given, command, for_table)
    return [] if images is None else [images]


def require_table(path: Path, option: str, command: str, for_images: str) -> None:
    """Raise UsageError `not-a-table` for images, or a folder, in place of a table; what else is amiss the reader tells.

    command: without the option. for_images: the options to give where it holds images, {images}.
    """
    is_folder = os.path.isdir(path)
    if not is_folder and path.suffix.lower() not in IMAGES:
        return
    inside = sorted(path.iterdir()) if is_folder and os.access(path, os.R_OK) else []
    tables = [each for each in inside if each.suffix.lower() in TABLES]
    lines = [f"{command} {option} {_words([each])}" for each in tables[:3]]
    of_images = f"{command} {for_images}".replace("{images}", _words([path]))
    raise UsageError(
        f"{option} takes a table, and this is {'a folder' if is_folder else 'an image'}",
        code="not-a-table",
        where=str(path),
        why=f"it holds: {first_few([each.name for each in inside])}" if inside else "",
        advice=", or: ".join(lines or [of_images]),
    )


def one_of(option: Path | None, given: Path | None, name: str, example: str) -> Path:
    """What is given by an option or without it. Raises UsageError `missing-option`, `option-conflict`."""
    if option is not None and given is not None and option != given:
        what = f"two inputs for {name}: {option} and {given}"
        raise UsageError(what, code="option-conflict", where=name, advice=f"keep one: {name} {_words([option])}")
    found = option if option is not None else given
    if found is None:
        raise UsageError(f"{name} is needed", code="missing-option", advice=f"for example: {example}")
    return found


def _refuse_tables(given: Sequence[Path], for_table: str) -> None:
    tables = [path for path in given if path.suffix.lower() in TABLES]
    if not tables:
        return
    others = [path for path in given if path not in tables]
    advice = for_table.replace("{images}", _words(others[:1]) or "photos/").replace("{table}", _words(tables[:1]))
    raise UsageError("a table in place of images", code="not-images", where=str(tables[0]), advice=advice)


def _words(paths: Sequence[Path]) -> str:
    return shlex.join(map(str, paths))
