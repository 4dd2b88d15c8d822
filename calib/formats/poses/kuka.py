"""KUKA controllers: E6POS, POS and FRAME in .dat and .src files."""

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

NAMES = ("X", "Y", "Z", "A", "B", "C")
_POSE = re.compile(
    r"(?:\b(\w+)(?:\[\d*,?\d*\])?[ \t]*=[ \t]*)?\{[^{}\n]{0,40}?"
    + r"[ \t]*,[ \t]*".join(f"{n}[ \t]+{NUMBER}" for n in NAMES)
)
MEANING = Meaning({"x_mm": "X", "y_mm": "Y", "z_mm": "Z", "e1_deg": "A", "e2_deg": "B", "e3_deg": "C"}, "ZYX")

_JOINTS = re.compile(
    r"(?:\b(\w+)(?:\[\d*,?\d*\])?[ \t]*=[ \t]*)?\{[^{}\n]{0,40}?"
    + r"[ \t]*,[ \t]*".join(rf"A{k}[ \t]+{NUMBER}" for k in range(1, 7))
)
_NOT_POSES = re.compile(r"(?i)\$?(?:tool|base|load|world|robroot|ersysroot|nullframe|machine)")
JOINTS = tuple(f"A{k}" for k in range(1, 7))
# what is relative, or names a base, a tool or a load, is no target; nor is what stands in a comment
NO_TARGET = re.compile(r"_REL\b|\bBASE_DATA|\bTOOL_DATA|\$BASE|\$TOOL|\bLOAD|;", re.IGNORECASE)
POSE_TARGETS = Program(
    _POSE,
    (4, 4, 4, 6, 6, 6),
    partial(poses_of_euler, sequence="ZYX"),
    partial(euler_of_poses, sequence="ZYX"),
    no_target=NO_TARGET,
)
JOINT_TARGETS = Program(_JOINTS, (6,) * 6, joint_unit=math.radians(1), no_target=NO_TARGET)


def recognise(source: Source) -> bool:
    """Whether there is a pose, or six axes, in braces."""
    return _POSE.search(source.text) is not None or _JOINTS.search(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """All poses in braces, in their order, but those of tools and bases; axes where joint values are needed."""
    if wanted.joints_needed and _JOINTS.search(source.text) is not None:
        names, meaning = JOINTS, Meaning({f"j{k + 1}_deg": name for k, name in enumerate(JOINTS)})
        found, lines = matches(_JOINTS, source.text)
    else:
        names, meaning = NAMES, MEANING
        found, lines = matches(_POSE, source.text)
    kept = [(match, line) for match, line in zip(found, lines, strict=True) if not _NOT_POSES.match(match[1] or "")]
    rows = [[float(text) for text in match.groups()[1:]] for match, _ in kept]
    points = tuple(match[1] or "" for match, _ in kept)
    return recording(names, rows, [line for _, line in kept], meaning, {"point": points} if all(points) else None)


def write(poses: NamedPoses) -> str:
    """A list of declared points."""
    lines = ["DEFDAT POSES"]
    angles = euler_deg(poses.transforms[:, :3, :3], "ZYX")
    for i, (at, turn) in enumerate(zip(poses.transforms[:, :3, 3], angles, strict=True)):
        words = ",".join(f"{name} {value}" for name, value in zip(NAMES, fields([*(1000 * at), *turn]), strict=True))
        lines.append(f"DECL FRAME XP{i + 1}={{{words}}}")
    return "\n".join([*lines, "ENDDAT"]) + "\n"


FORMAT = PoseFormat(
    tool="KUKA controllers (KRL), .dat and .src: E6POS, POS, FRAME; E6AXIS",
    meaning="mm; A B C in degrees, about z, y, x of the moving frame (ZYX); flange or tool in the base; "
    "A1 to A6 in degrees",
    example="DECL E6POS XP1={X 681.508,Y 16.778,Z -380.025,A 60.016,B -7.121,C -56.944,S 2,T 35,E1 0.0}\n",
    recognise=recognise,
    read=read,
    suffixes=(".dat", ".src"),
    write=write,
    programs=(POSE_TARGETS, JOINT_TARGETS),
    loses="names of images, times, status and turn of the axes",
)
