"""ABB controllers: robtarget in RAPID modules."""

from __future__ import annotations

import math
import re

from calib.formats.columns.pose_texts import NUMBER, fields, matches, quaternions_xyzw, recording
from calib.formats.columns.program import Program, poses_of_quaternion, quaternion_of_poses
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat
from calib.formats.poses import joint_targets

NAMES = ("x", "y", "z", "q1", "q2", "q3", "q4")
_COMMA = r"\s*,\s*"
_POSE = rf"\[\s*\[\s*{_COMMA.join([NUMBER] * 3)}\s*\]{_COMMA}\[\s*{_COMMA.join([NUMBER] * 4)}\s*\]"
_TARGET = re.compile(rf"{_POSE}{_COMMA}\[\s*-?\d")  # the configuration of the axes follows
_ALONE = re.compile(_POSE)
_OTHERS = re.compile(r"\b(?:tooldata|wobjdata|loaddata)\b")  # hold poses as well, of tools and of work objects
MEANING = Meaning({"x_mm": "x", "y_mm": "y", "z_mm": "z", "qw": "q1", "qx": "q2", "qy": "q3", "qz": "q4"})

# tools, work objects and frames are no targets, nor is what stands in a comment
NO_TARGET = re.compile(
    r"\b(?:tooldata|wobjdata|loaddata|pose|orient)\b|\b(?:Offs|RelTool|PoseMult)\s*\([^)]*$|!", re.IGNORECASE
)
POSE_TARGETS = Program(
    _ALONE, (4, 4, 4, 9, 9, 9, 9), poses_of_quaternion, quaternion_of_poses, no_target=NO_TARGET, statement=";"
)
_JOINTS = re.compile(rf"\bjointtarget\s+(\w+)\s*:=\s*\[\s*\[\s*{_COMMA.join([NUMBER] * 6)}\s*\]", re.IGNORECASE)
JOINT_TARGETS = Program(_JOINTS, (6,) * 6, joint_unit=math.radians(1), no_target=re.compile("!"), statement=";")


def recognise(source: Source) -> bool:
    """Whether there is a target, or a pose of three numbers and four where no tools are declared."""
    return source.text.lstrip()[:2] != "[[" and bool(_targets_in(source.text)[0])


def _targets_in(text: str) -> tuple[list[re.Match[str]], list[int]]:
    """Targets, alone and in arrays; without any, poses."""
    found = matches(_TARGET, text)
    return found if found[0] or _OTHERS.search(text) else matches(_ALONE, text)


def read(source: Source, wanted: Wanted) -> Recording:
    """All targets, in their order; joint targets where joint values are needed and declared."""
    if wanted.joints_needed and joint_targets.recognise(source):
        return joint_targets.read(source, wanted)
    found, lines = _targets_in(source.text)
    return recording(NAMES, [[float(text) for text in match.groups()] for match in found], lines, MEANING)


def write(poses: NamedPoses) -> str:
    """A module of constant targets."""
    quaternion = quaternions_xyzw(poses.transforms)[:, [3, 0, 1, 2]]
    lines = ["MODULE Poses"]
    for i, (at, turn) in enumerate(zip(1000 * poses.transforms[:, :3, 3], quaternion, strict=True)):
        place = f"[{','.join(fields(at))}],[{','.join(fields(turn))}]"
        lines.append(f"  CONST robtarget p{i + 1}:=[{place},[0,0,0,0],[9E9,9E9,9E9,9E9,9E9,9E9]];")
    return "\n".join([*lines, "ENDMODULE"]) + "\n"


FORMAT = PoseFormat(
    tool="ABB controllers (RAPID), .mod and .sys",
    meaning="mm; quaternion q1 q2 q3 q4, the scalar first; tool in the work object",
    example="CONST robtarget p1:=[[681.508,16.778,-380.025],[0.774557,-0.384729,-0.285237,0.413140],"
    "[0,0,0,0],[9E9,9E9,9E9,9E9,9E9,9E9]];\n",
    recognise=recognise,
    read=read,
    suffixes=(".mod", ".modx", ".sys", ".prg"),
    write=write,
    programs=(POSE_TARGETS, JOINT_TARGETS),
    loses="names of images, times, configuration of the axes",
)
