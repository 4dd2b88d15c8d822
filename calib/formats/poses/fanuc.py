"""FANUC controllers: positions in .ls programs."""

from __future__ import annotations

import math
import re
from functools import partial

from calib.formats.columns.pose_texts import NUMBER, euler_deg, fields, matches, recording
from calib.formats.columns.program import Program, euler_of_poses, poses_of_euler
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat

NAMES = ("X", "Y", "Z", "W", "P", "R")
_UNITS = ("mm", "mm", "mm", "deg", "deg", "deg")
_POSE = re.compile(
    r"\s*,?\s*".join(rf"\b{name}\s*=\s*{NUMBER}\s*{unit}" for name, unit in zip(NAMES, _UNITS, strict=True))
)
MEANING = Meaning({"x_mm": "X", "y_mm": "Y", "z_mm": "Z", "e1_deg": "W", "e2_deg": "P", "e3_deg": "R"}, "xyz")

POSE_TARGETS = Program(
    _POSE, (4, 4, 4, 6, 6, 6), partial(poses_of_euler, sequence="xyz"), partial(euler_of_poses, sequence="xyz")
)
_JOINTS = re.compile(r"\s*,?\s*".join(rf"\bJ{k}\s*=\s*{NUMBER}\s*deg" for k in range(1, 7)))
JOINT_TARGETS = Program(_JOINTS, (6,) * 6, joint_unit=math.radians(1))


def recognise(source: Source) -> bool:
    """Whether there is a position with its units."""
    return _POSE.search(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """All positions, in their order."""
    found, lines = matches(_POSE, source.text)
    return recording(NAMES, [[float(text) for text in match.groups()] for match in found], lines, MEANING)


def write(poses: NamedPoses) -> str:
    """The positions of a program."""
    angles = euler_deg(poses.transforms[:, :3, :3], "xyz")
    lines = ["/POS"]
    for i, (at, turn) in enumerate(zip(1000 * poses.transforms[:, :3, 3], angles, strict=True)):
        x, y, z, w, p, r = fields([*at, *turn])
        lines += [
            f"P[{i + 1}]{{",
            "   GP1:",
            "\tUF : 0, UT : 1,\t\tCONFIG : 'N U T, 0, 0, 0',",
            f"\tX = {x} mm,\tY = {y} mm,\tZ = {z} mm,",
            f"\tW = {w} deg,\tP = {p} deg,\tR = {r} deg",
            "};",
        ]
    return "\n".join([*lines, "/END"]) + "\n"


FORMAT = PoseFormat(
    tool="FANUC controllers, .ls",
    meaning="mm; W P R in degrees, about the fixed axes x, y, z (xyz); tool in the user frame",
    example="P[1]{\n   GP1:\n    UF : 0, UT : 1,    CONFIG : 'N U T, 0, 0, 0',\n"
    "    X =   681.508  mm,    Y =    16.778  mm,    Z =  -380.025  mm,\n"
    "    W =   -56.944 deg,    P =    -7.121 deg,    R =    60.016 deg\n};\n",
    recognise=recognise,
    read=read,
    suffixes=(".ls",),
    write=write,
    programs=(POSE_TARGETS, JOINT_TARGETS),
    loses="names of images, times; the configuration is written as N U T",
)
