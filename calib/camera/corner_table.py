"""Corners in a table: image,x_px,y_px,X_m,Y_m and optional Z_m,sigma_px,radius_m, one row per corner."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calib.arrays import Array, Index
from calib.camera.observations import Observations, View
from calib.delimited import Delimited, read_delimited, read_header
from calib.errors import InputError, did_you_mean
from calib.text import as_cell, one_line

REQUIRED = ("x_px", "y_px", "X_m", "Y_m")
OPTIONAL = ("Z_m", "sigma_px", "radius_m")
POSITIVE = ("sigma_px", "radius_m")


def read_corners(path: str | Path, image_size_px: tuple[int, int] | None = None) -> Observations:
    """Views from a table of corners; the rows of an image need not be adjacent.

    image_size_px: (width, height), if known. Raises InputError: `table-*` as `calib.delimited`, `corners-columns`,
    `corners-image`, `corners-number`, `corners-outside`, with the line.
    """
    path = Path(path)
    header = read_header(path)
    columns = _columns(header, path)
    table = read_delimited(path, numeric=[header.index(name) for name in columns])
    return corners_in_table(table, columns, path, image_size_px)


def corners_in_table(
    table: Delimited, columns: tuple[str, ...], path: Path, image_size_px: tuple[int, int] | None
) -> Observations:
    """Views from a table whose columns have our names; errors as of `read_corners`."""
    _check_rows(table, path)
    values = {name: _numbers(table, name, path) for name in columns}
    if image_size_px is not None:
        _check_inside(values, image_size_px, table, path)
    views = []
    for name, rows in _rows_by_image(table).items():
        own = {key: column[rows] for key, column in values.items()}
        depth = own.get("Z_m", np.zeros(len(own["x_px"])))
        views.append(
            View(
                name,
                np.stack([own["x_px"], own["y_px"]], axis=1),
                np.stack([own["X_m"], own["Y_m"], depth], axis=1),
                own.get("sigma_px"),
                own.get("radius_m"),
            )
        )
    return Observations(tuple(views), image_size_px, board=one_line(path.name))


def corners_text(observations: Observations) -> str:
    """The table that `read_corners` reads back to the same numbers."""
    planar = all(not view.corners_in_board[:, 2].any() for view in observations.views)
    weighted = any(view.sigma_px is not None for view in observations.views)
    round_marks = all(view.radius is not None for view in observations.views)
    extra = ["" if planar else ",Z_m", ",sigma_px" if weighted else "", ",radius_m" if round_marks else ""]
    lines = ["image,x_px,y_px,X_m,Y_m" + "".join(extra)]
    for view in observations.views:
        columns = [view.corners_px, view.corners_in_board[:, : 2 if planar else 3]]
        if weighted:
            columns.append(np.ones((len(view.corners_px), 1)) if view.sigma_px is None else view.sigma_px[:, None])
        if round_marks and view.radius is not None:
            columns.append(view.radius[:, None])
        name = _quote(view.image)
        lines += [",".join([name, *map(repr, row)]) for row in np.concatenate(columns, axis=1).tolist()]
    return "\n".join(lines) + "\n"


def _quote(name: str) -> str:
    """A name as a cell, in quotes where it would end the cell or look like a comment."""
    name = as_cell(name)
    return '"' + name.replace('"', '""') + '"' if name.startswith("#") or set(name) & set(',";\t\r\n') else name


def _columns(header: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """The columns of numbers that the table has."""
    for name in ("image", *REQUIRED):
        if name not in header:
            raise InputError(
                f"no column {name!r}",
                code="corners-columns",
                where=str(path),
                why=f"the header has {', '.join(header)}; {did_you_mean(name, header)}",
                advice="expected image,x_px,y_px,X_m,Y_m and optional Z_m,sigma_px,radius_m",
            )
    if unknown := [name for name in header if name not in ("image", *REQUIRED, *OPTIONAL)]:
        raise InputError(
            f"unknown column {unknown[0]!r}",
            code="corners-columns",
            where=str(path),
            advice=did_you_mean(unknown[0], ("image", *REQUIRED, *OPTIONAL)),
        )
    if twice := [name for name in header if header.count(name) > 1]:
        raise InputError(f"two columns {twice[0]!r}", code="corners-columns", where=str(path), advice="keep one")
    return tuple(name for name in (*REQUIRED, *OPTIONAL) if name in header)


def _check_rows(table: Delimited, path: Path) -> None:
    if table.ragged:
        line, width = table.ragged[0]
        raise InputError(
            f"{width} cells where the header has {len(table.header)}",
            code="corners-columns",
            where=f"{path}, line {line}",
            advice=f"give that line {len(table.header)} cells, one per column, or remove it",
        )
    if not len(table.lines):
        advice = "add a row for every corner below the header"
        raise InputError("a header but no rows", code="table-empty", where=str(path), advice=advice)
    nameless = table.column("image") == ""
    if nameless.any():
        place = f"{path}, line {table.lines[np.argmax(nameless)]}"
        advice = "write the image's name in column image of every row"
        raise InputError("a corner without an image name", code="corners-image", where=place, advice=advice)


def _rows_by_image(table: Delimited) -> dict[str, Index]:
    """The rows of each image, in the order in which the images appear."""
    places: dict[str, int] = {}
    image = np.array([places.setdefault(name, len(places)) for name in table.column("image").tolist()], dtype=np.intp)
    order = np.argsort(image, kind="stable")
    ends = np.cumsum(np.bincount(image))
    return dict(zip(places, np.split(order, ends[:-1]), strict=True))


def _numbers(table: Delimited, name: str, path: Path) -> Array:
    """The values of a column, all of them finite; a spread and a radius are positive."""
    column = table.numbers[table.header.index(name)]
    wrong = ~np.isfinite(column.values) if name not in POSITIVE else ~(column.values > 0)
    if wrong.any():
        row = int(np.argmax(wrong))
        text = column.stray_text(row) if np.isnan(column.values[row]) else f"{column.values[row]:g}"
        raise InputError(
            f"not a {'positive ' if name in POSITIVE else ''}number: {text!r}",
            code="corners-number",
            where=f"{path}, line {table.lines[row]}, column {name}",
            why=f"{int(wrong.sum())} such cells in this column",
            advice="remove or correct these rows",
        )
    return column.values


def _check_inside(values: dict[str, Array], size: tuple[int, int], table: Delimited, path: Path) -> None:
    x, y = values["x_px"], values["y_px"]
    outside = (x < -1) | (y < -1) | (x > size[0]) | (y > size[1])
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise InputError(
            f"corner ({x[row]:g}, {y[row]:g}) lies outside the {size[0]} x {size[1]} image",
            code="corners-outside",
            where=f"{path}, line {table.lines[row]}",
            why=f"{int(outside.sum())} such corners",
            advice="check --image-size, and that x_px is the column",
        )
