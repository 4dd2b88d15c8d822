"""TUM trajectories: time, position and quaternion, eight numbers a line."""

from __future__ import annotations

import re

import numpy as np

from calib.formats.columns.header_words import are_quaternions
from calib.formats.columns.pose_texts import NUMBER, fields, quaternions_xyzw
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.content.text_table import parse_table
from calib.formats.pose_format import NamedPoses, PoseFormat

NAMES = ("tx", "ty", "tz", "qx", "qy", "qz", "qw")
_LINE = re.compile(rf"(?m)^[ \t]*{NUMBER}(?:[ \t]+{NUMBER}){{7}}[ \t]*$")
_HEAD = re.compile(r"(?im)^#.*\bt(?:ime)?stamp.*\btx\b.*\bqw\b")
MEANING = Meaning({"x_m": "tx", "y_m": "ty", "z_m": "tz", **{name: name for name in NAMES[3:]}})


def recognise(source: Source) -> bool:
    """Whether lines of eight numbers have the usual comment, or the file the usual ending."""
    return _LINE.search(source.text) is not None and (
        _HEAD.search(source.text) is not None or source.suffix in FORMAT.suffixes
    )


def read(source: Source, wanted: Wanted) -> Recording:
    """All lines; the time stamps as a column time_s."""
    table = parse_table(source.text)
    columns = list(table.numbers.values()) if table else []
    if table is None or len(columns) != 8 or not are_quaternions(np.stack(columns[4:], axis=1)):
        from calib.errors import InputError

        raise InputError(
            "its lines are not time, position and quaternion",
            code="columns-unknown",
            where=source.where,
            advice="give eight numbers a line: timestamp tx ty tz qx qy qz qw",
        )
    texts = {"time_s": tuple(repr(value) for value in columns[0].tolist())}
    return Recording(dict(zip(NAMES, columns[1:], strict=True)), table.lines, (MEANING,), texts, table.notes)


def write(poses: NamedPoses) -> str:
    """A line a pose; rows are counted where no times are known."""
    time = np.arange(len(poses.transforms), dtype=float) if poses.time_s is None else poses.time_s
    rows = np.concatenate([time[:, None], poses.transforms[:, :3, 3], quaternions_xyzw(poses.transforms)], axis=1)
    return "# timestamp tx ty tz qx qy qz qw\n" + "".join(" ".join(fields(row, "%.17g")) + "\n" for row in rows)


FORMAT = PoseFormat(
    tool="TUM trajectories: evo, ORB-SLAM, many others",
    meaning="seconds; m; quaternion x y z w; body in the world",
    example="# timestamp tx ty tz qx qy qz qw\n0.0 0.681508 0.016778 -0.380025 -0.384729 -0.285237 0.413140 0.774557\n",
    recognise=recognise,
    read=read,
    suffixes=(".tum",),
    write=write,
    loses="names of images",
)
