"""Files with a pose each: those of a folder, paired with images by the name or number in theirs, or those listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calib.camera.images.read import natural_order
from calib.errors import InputError
from calib.formats.columns.columns_found import Found, recording_of
from calib.formats.columns.flat_records import columns_in_arrays, columns_in_documents
from calib.formats.columns.matrix_text import transforms_in_text
from calib.formats.columns.recording import Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.mat_files import read_mat
from calib.formats.content.numpy_files import read_arrays
from calib.formats.content.source import Source
from calib.formats.content.text_table import parse_table
from calib.text import one_line

SUFFIXES = (".csv", ".txt", ".json", ".yaml", ".yml", ".npy", ".npz", ".mat", ".xml", ".pose", ".dat")
MOST_FILES = 20_000


def read_folder(folder: Path, wanted: Wanted) -> Recording:
    """The poses of all files in a folder, in the natural order of their names.

    Raises InputError `folder-empty`, `folder-mixed`, and those of the formats.
    """
    where = one_line(str(folder))
    paths = sorted(
        (each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES), key=lambda p: natural_order(p.name)
    )
    if not paths or len(paths) > MOST_FILES:
        what = f"more than {MOST_FILES} files" if paths else "no file of a pose in this folder"
        advice = (
            "give a folder with a file per pose (a matrix, or x y z and a quaternion), or one file with all of them"
        )
        raise InputError(what, code="folder-empty", where=where, advice=advice)
    return read_files(paths, wanted, where)


def read_files(paths: Sequence[Path], wanted: Wanted, where: str, images: tuple[str, ...] | None = None) -> Recording:
    """The poses of files with one each; images: the name of the image of each, by default the file's own.

    Raises InputError `folder-mixed`, and those of the formats.
    """
    each = [_single(path) for path in paths]
    numbers = [set(one.numbers) for one in each]
    arrays = [{name: array.shape for name, array in one.arrays.items()} for one in each]
    for path, own, shapes in zip(paths, numbers, arrays, strict=True):
        if own != numbers[0] or shapes != arrays[0]:
            raise InputError(
                "files of two kinds are in this folder",
                code="folder-mixed",
                where=where,
                why=f"{paths[0].name} and {path.name} hold different columns",
                advice="keep the files of the poses alone in it",
            )
    joined = Found(
        {name: np.concatenate([one.numbers[name] for one in each]) for name in each[0].numbers},
        np.arange(1, len(paths) + 1),
        {name: np.concatenate([one.arrays[name] for one in each]) for name in each[0].arrays},
        {"image": tuple(one_line(path.stem) for path in paths) if images is None else images},
        each[0].named,
        (f"{len(paths)} files with a pose each",),
    )
    return recording_of(joined, wanted, where)


def _single(path: Path) -> Found:
    """The columns of a file with one pose. Raises InputError `folder-mixed`."""
    source = Source(path)
    found: Found | None = None
    if (arrays := read_arrays(source.content, "pose")) or (arrays := _of_mat(source)):
        found = columns_in_arrays(arrays)
    elif (matrix := transforms_in_text(source.text)) is not None:
        found = Found({}, np.array([1]), {"pose": matrix[0]})
    elif source.suffix in (".json", ".yaml", ".yml", ".xml"):
        found = columns_in_documents(source.documents)
    elif (table := parse_table(source.text)) is not None:
        found = Found(table.numbers, table.lines, {}, {}, table.has_header)
    if found is None or len(found.lines) != 1:
        raise InputError(
            "not one pose" if found is not None else "no pose",
            code="folder-mixed",
            where=source.where,
            why=f"it holds {0 if found is None else len(found.lines)} rows",
            advice="keep files with one pose each in the folder, or give one file with all poses",
        )
    return replace(found, arrays={name: each.reshape(1, *each.shape[1:]) for name, each in found.arrays.items()})


def _of_mat(source: Source) -> dict[str, NDArray[Any]]:
    return {name: each for name, each in read_mat(source.content).items() if isinstance(each, np.ndarray)}
