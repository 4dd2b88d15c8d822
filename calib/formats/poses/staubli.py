"""Staubli controllers: points and transformations of VAL 3."""

from __future__ import annotations

import re

from calib.formats.columns.pose_texts import NUMBER, euler_deg, fields, matches, recording
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat

NAMES = ("x", "y", "z", "rx", "ry", "rz")
_POSE = re.compile(r"\s+".join(rf'\b{name}\s*=\s*"{NUMBER}"' for name in NAMES))
MEANING = Meaning({"x_mm": "x", "y_mm": "y", "z_mm": "z", "e1_deg": "rx", "e2_deg": "ry", "e3_deg": "rz"}, "XYZ")


def recognise(source: Source) -> bool:
    """Whether an element has the six attributes."""
    return _POSE.search(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """All elements with them, in their order."""
    found, lines = matches(_POSE, source.text)
    return recording(NAMES, [[float(text) for text in match.groups()] for match in found], lines, MEANING)


def write(poses: NamedPoses) -> str:
    """An array of points."""
    angles = euler_deg(poses.transforms[:, :3, :3], "XYZ")
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<Database>", '  <Data name="poses" type="pointRx">']
    for i, (at, turn) in enumerate(zip(1000 * poses.transforms[:, :3, 3], angles, strict=True)):
        values = " ".join(f'{name}="{value}"' for name, value in zip(NAMES, fields([*at, *turn]), strict=True))
        lines.append(f'    <Value key="{i}" {values} />')
    return "\n".join([*lines, "  </Data>", "</Database>"]) + "\n"


FORMAT = PoseFormat(
    tool="Staubli controllers (VAL 3), .dtx",
    meaning="mm; rx ry rz in degrees, about x, y, z of the moving frame (XYZ); point in its frame",
    example='<Value key="0" x="681.508" y="16.778" z="-380.025" rx="-40.0" ry="-43.1" rz="49.3" />\n',
    recognise=recognise,
    read=read,
    suffixes=(".dtx",),
    write=write,
    loses="names of images, times, configuration of the axes",
)
