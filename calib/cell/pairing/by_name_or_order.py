"""Which pose of the robot belongs to which image."""

from __future__ import annotations

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

    by: Literal["name", "order"]
    """How they were matched."""

    notes: tuple[str, ...]
    """Remarks for the user."""

    def __repr__(self) -> str:
        return f"Pairing({len(self.images)} images and rows, by {self.by})"


def pair(observations: Observations, table: PoseTable, *, poses_needed: bool = True) -> Pairing:
    """Match images to rows by the table's column of names (`image`, `file`, ...), else by order.

    By order counts every image, also those excluded, in their natural order. Raises InputError `poses-missing` for a
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
        raise InputError(
            "no image has the name of a pose",
            code="pairing-names",
            where=table.name,
            why=f"images {few(seen)}; poses {few(column)}",
            advice="give the table a column `image` with the file names, or leave it out to match by order",
        )
    notes = [f"{len(images)} images matched to poses by name"]
    if missing := [name for name in seen if stem_of(name) not in row_of]:
        notes.append(f"{len(missing)} images have no pose: {few(missing)}")
    used = {stem_of(name) for name in images}
    if idle := [name for name in column if stem_of(name) not in used]:
        notes.append(f"{len(idle)} poses have no image with corners: {few(idle)}")
    rows = np.array([row_of[stem_of(name)] for name in images], dtype=np.intp)
    return Pairing(tuple(images), rows, "name", tuple(notes))


def _by_order(observations: Observations, table: PoseTable) -> Pairing:
    seen = [view.image for view in observations.views]
    every = sorted({*seen, *(aside.image for aside in observations.excluded)}, key=natural_order)
    if len(every) != len(table.lines):
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


def few(names: list[str] | tuple[str, ...]) -> str:
    """The first of many names."""
    return ", ".join(names[:_FEW]) + (", ..." if len(names) > _FEW else "")
