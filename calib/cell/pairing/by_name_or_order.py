"""Which pose of the robot belongs to which image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from calib.camera.images.read import natural_order
from calib.errors import InputError

if TYPE_CHECKING:
    from calib.camera.observations import Observations
    from calib.robot.table.pose_table import PoseTable

NAME_COLUMNS = ("image", "file", "filename", "name", "img")
_FEW = 4  # names shown before "..."


@dataclass(frozen=True, eq=False, repr=False)
class Pairing:
    """Images and rows of the table that belong together."""

    images: tuple[str, ...]
    """Names."""

    rows: NDArray[np.intp]
    """(n,) of the table."""

    by: Literal["name", "order", "number"]
    """How they were matched."""

    notes: tuple[str, ...]
    """Remarks for the user."""

    def __repr__(self) -> str:
        return f"Pairing({len(self.images)} images and rows, by {self.by})"


def pair(observations: Observations, table: PoseTable, *, poses_needed: bool = True) -> Pairing:
    """Match images to rows by the table's column of names (`image`, `file`, ...), else by order.

    By order counts every image, also those excluded, in their natural order; where there are more poses than images,
    and every image has a number of its own, an image has the row of its number. Raises InputError `poses-missing` for a
    table without poses if they are needed, `pairing-names` if no name fits, `pairing-twice`, `pairing-count` if the
    numbers differ.
    """
    if poses_needed:
        require_poses(table)
    column = named_column(table.other)
    seen = [view.image for view in observations.views]
    return _by_order(observations, table) if column is None else _by_name(seen, column, table)


def require_poses(table: PoseTable) -> None:
    """Raise InputError `poses-missing` for a table without poses of the flange."""
    if table.position is None or table.quaternion_xyzw is None:
        raise InputError(
            "the table holds no flange poses",
            code="poses-missing",
            where=table.name,
            why=f"its columns are those of {table.measurement}",
            advice="a flange pose is x_m,y_m,z_m and qx,qy,qz,qw, or rx_rad,ry_rad,rz_rad, or --euler with angles",
        )


def _by_name(seen: list[str], column: tuple[str, ...], table: PoseTable) -> Pairing:
    row_of: dict[str, int] = {}
    for row, name in enumerate(column):
        key = stem_of(name)
        if key in row_of:
            where = f"{table.name}, line {table.lines[row]}"
            raise InputError(f"image {name!r} has two poses", code="pairing-twice", where=where, advice="keep one")
        row_of[key] = row
    images = [name for name in seen if stem_of(name) in row_of]
    if not images:
        return _by_number_in_names(seen, column, table)
    notes = [f"{len(images)} images matched to poses by name"]
    if missing := [name for name in seen if stem_of(name) not in row_of]:
        notes.append(f"{len(missing)} images have no pose: {few(missing)}")
    used = {stem_of(name) for name in images}
    if idle := [name for name in column if stem_of(name) not in used]:
        notes.append(f"{len(idle)} poses have no image with corners: {few(idle)}")
    rows = np.array([row_of[stem_of(name)] for name in images], dtype=np.intp)
    return Pairing(tuple(images), rows, "name", tuple(notes))


def _by_number_in_names(seen: list[str], column: tuple[str, ...], table: PoseTable) -> Pairing:
    """Names that differ in all but their numbers, as `img_0012.png` and `pose 12`."""
    number_of, row_of = ({last_number(name): i for i, name in enumerate(names)} for names in (seen, column))
    own = len(number_of) == len(seen) and len(row_of) == len(column)  # no number twice
    shared = [number for number in number_of if number in row_of and number is not None]
    if not own or not shared:
        raise InputError(
            "no image has the name of a pose",
            code="pairing-names",
            where=table.name,
            why=f"images {few(seen)}; poses {few(column)}",
            advice="give the table a column `image` with the file names, or leave it out to match by order",
        )
    first = shared[0]
    example = f"{seen[number_of[first]]} to {column[row_of[first]]}"
    note = f"{len(shared)} of {len(seen)} images matched to poses by the numbers in the names, as {example}"
    images = tuple(seen[number_of[number]] for number in shared)
    rows = np.array([row_of[number] for number in shared], dtype=np.intp)
    return Pairing(images, rows, "number", (note,))


def _by_number(seen: list[str], every: list[str], table: PoseTable) -> Pairing | None:
    """Rows counted as the images are, some of which are missing; None unless numbers say so beyond doubt."""
    numbers = {name: last_number(name) for name in every}
    known = [number for number in numbers.values() if number is not None]
    rows = len(table.lines)
    few_of_many = 2 * len(every) < rows  # a stream, whose rows nobody counted images by
    if len(set(known)) < len(every) or len(every) >= rows or few_of_many:
        return None
    begin = 0 if min(known) == 0 else 1
    if max(known) - begin >= rows:
        return None
    note = f"{len(seen)} images matched to the {rows} poses by their numbers, {seen[0]} to row {numbers[seen[0]]}"
    index = np.array([numbers[name] for name in seen], dtype=np.intp) - begin
    return Pairing(tuple(seen), index, "number", (f"{note} (rows counted from {begin})",))


def _by_order(observations: Observations, table: PoseTable) -> Pairing:
    seen = [view.image for view in observations.views]
    every = sorted({*seen, *(aside.image for aside in observations.excluded)}, key=natural_order)
    if len(every) != len(table.lines):
        if (numbered := _by_number(seen, every, table)) is not None:
            return numbered
        raise InputError(
            f"{len(every)} images and {len(table.lines)} poses cannot be matched by order",
            code="pairing-count",
            where=table.name,
            why=f"the table has no column `image`; {len(table.excluded)} of its rows cannot be read",
            advice="add a column `image` with the file names, or a time to every row and give --image-times",
        )
    place = {name: i for i, name in enumerate(every)}
    rows = np.array([place[name] for name in seen], dtype=np.intp)
    note = f"images matched to poses by order, {every[0]} to line {table.lines[0]}: the table names no images"
    return Pairing(tuple(seen), rows, "order", (note,))


def named_column(columns: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """The column that names images, if there is one."""
    return next((texts for key in NAME_COLUMNS for name, texts in columns.items() if name.lower() == key), None)


def stem_of(name: str) -> str:
    """A file's name without folder and ending: tables are often written beside other copies of the images."""
    return PurePath(name.replace("\\", "/")).stem.lower()


def last_number(name: str) -> int | None:
    """The last number in a file's name; None if there is none."""
    found = re.findall("[0-9]+", stem_of(name))
    return int(found[-1]) if found else None


def few(names: list[str] | tuple[str, ...]) -> str:
    """The first of many names."""
    return ", ".join(names[:_FEW]) + (", ..." if len(names) > _FEW else "")
