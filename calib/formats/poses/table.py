"""Tables of any delimiter, with the column names of ROS, robots and instruments, or with none."""

from __future__ import annotations

import csv
import io

from calib.errors import InputError
from calib.formats.columns.columns_found import Found, recording_of
from calib.formats.columns.pose_texts import quaternions_xyzw
from calib.formats.columns.recording import Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.content.text_table import parse_table
from calib.formats.pose_format import NamedPoses, PoseFormat
from calib.text import as_cell


def recognise(source: Source) -> bool:
    """Whether rows have a common width, and columns numbers."""
    return parse_table(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """The columns by their names or, without names, by what is in them."""
    table = parse_table(source.text)
    if table is None:
        raise InputError(
            "its rows have no common width", code="table-syntax", where=source.where, advice="export the table as CSV"
        )
    notes = (*table.notes, *(("not UTF-8: read as Latin-1",) if source.is_latin else ()))
    found = Found(table.numbers, table.lines, {}, table.texts, table.has_header, notes)
    return recording_of(found, wanted, source.where)


def write(poses: NamedPoses) -> str:
    """The house's own table: x_m, y_m, z_m, qx, qy, qz, qw, and the image where it is known."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    lead = (["image"] if poses.names else []) + (["time_s"] if poses.time_s is not None else [])
    writer.writerow([*lead, "x_m", "y_m", "z_m", "qx", "qy", "qz", "qw"])
    quaternion = quaternions_xyzw(poses.transforms)
    for i, (at, turn) in enumerate(zip(poses.transforms[:, :3, 3].tolist(), quaternion.tolist(), strict=True)):
        name = [as_cell(poses.names[i])] if poses.names else []
        time = [repr(float(poses.time_s[i]))] if poses.time_s is not None else []
        writer.writerow([*name, *time, *map(repr, [*at, *turn])])
    return stream.getvalue()


FORMAT = PoseFormat(
    tool="any table as text: spreadsheets, PlotJuggler, RTDE logs, EuRoC, instruments; and calib's own",
    meaning="as the header states; what it leaves open is decided by the data",
    example="image,X,Y,Z,q1,q2,q3,q4\nview_001.png,681.508,16.778,-380.025,0.774557,-0.384729,-0.285237,0.413140\n",
    recognise=recognise,
    read=read,
    suffixes=(".csv", ".tsv", ".txt"),
    write=write,
    generic=True,
)
