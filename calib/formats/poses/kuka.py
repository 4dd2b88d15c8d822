"""KUKA controllers: E6POS, POS and FRAME in .dat and .src files."""

from __future__ import annotations

import re

from calib.formats.columns.pose_texts import NUMBER, euler_deg, fields, matches, recording
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat

NAMES = ("X", "Y", "Z", "A", "B", "C")
_POSE = re.compile(
    r"(?:\b(\w+)(?:\[\d*,?\d*\])?[ \t]*=[ \t]*)?\{[^{}\n]{0,40}?"
    + r"[ \t]*,[ \t]*".join(f"{n}[ \t]+{NUMBER}" for n in NAMES)
)
MEANING = Meaning({"x_mm": "X", "y_mm": "Y", "z_mm": "Z", "e1_deg": "A", "e2_deg": "B", "e3_deg": "C"}, "ZYX")


def recognise(source: Source) -> bool:
    """Whether there is a pose in braces."""
    return _POSE.search(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """All poses in braces, in their order."""
    found, lines = matches(_POSE, source.text)
    rows = [[float(text) for text in match.groups()[1:]] for match in found]
    names = tuple(match[1] or "" for match in found)
    return recording(NAMES, rows, lines, MEANING, {"point": names} if all(names) else None)


def write(poses: NamedPoses) -> str:
    """A list of declared points."""
    lines = ["DEFDAT POSES"]
    angles = euler_deg(poses.transforms[:, :3, :3], "ZYX")
    for i, (at, turn) in enumerate(zip(poses.transforms[:, :3, 3], angles, strict=True)):
        words = ",".join(f"{name} {value}" for name, value in zip(NAMES, fields([*(1000 * at), *turn]), strict=True))
        lines.append(f"DECL FRAME XP{i + 1}={{{words}}}")
    return "\n".join([*lines, "ENDDAT"]) + "\n"


FORMAT = PoseFormat(
    tool="KUKA controllers (KRL), .dat and .src",
    meaning="mm; A B C in degrees, about z, y, x of the moving frame (ZYX); flange or tool in the base",
    example="DECL E6POS XP1={X 681.508,Y 16.778,Z -380.025,A 60.016,B -7.121,C -56.944,S 2,T 35,E1 0.0}\n",
    recognise=recognise,
    read=read,
    suffixes=(".dat", ".src"),
    write=write,
    loses="names of images, times, status and turn of the axes",
)
