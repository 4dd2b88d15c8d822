"""Universal Robots: poses p[x, y, z, rx, ry, rz] in scripts, .variables and logs."""

from __future__ import annotations

import re

import numpy as np

from calib.formats.columns.pose_texts import NUMBER, fields, matches, recording
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat
from calib.geometry import so3

NAMES = ("x", "y", "z", "rx", "ry", "rz")
_POSE = re.compile(r"(?<![A-Za-z0-9_])p[ \t]?\[[ \t]*" + r"[ \t]*,[ \t]*".join([NUMBER] * 6) + r"[ \t]*\]")
MEANING = Meaning({f"{name}_{'rad' if name[0] == 'r' else 'm'}": name for name in NAMES})


def recognise(source: Source) -> bool:
    """Whether there is a p[...] of six numbers."""
    return _POSE.search(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """All poses, in their order."""
    found, lines = matches(_POSE, source.text)
    return recording(NAMES, [[float(text) for text in match.groups()] for match in found], lines, MEANING)


def write(poses: NamedPoses) -> str:
    """A pose a line."""
    turns = so3.log(poses.transforms[:, :3, :3])
    rows = np.concatenate([poses.transforms[:, :3, 3], turns], axis=1)
    return "".join(f"p[{', '.join(fields(row))}]\n" for row in rows)


FORMAT = PoseFormat(
    tool="Universal Robots: URScript, .variables, logs",
    meaning="m; rotation vector in rad; tool (TCP) in the base",
    example="p[0.681508, 0.016778, -0.380025, -0.833061, -0.617620, 0.894570]\n",
    recognise=recognise,
    read=read,
    suffixes=(".script", ".variables", ".urscript"),
    write=write,
    loses="names of images and times",
)
