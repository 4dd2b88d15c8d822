"""Universal Robots: poses p[x, y, z, rx, ry, rz] in scripts, .variables and logs."""

from __future__ import annotations

import re

import numpy as np

from calib.formats.columns.pose_texts import NUMBER, fields, matches, recording
from calib.formats.columns.program import Program, poses_of_rotation_vector, rotation_vector_of_poses
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat
from calib.geometry import so3

NAMES = ("x", "y", "z", "rx", "ry", "rz")
_POSE = re.compile(r"(?<![A-Za-z0-9_])p[ \t]?\[[ \t]*" + r"[ \t]*,[ \t]*".join([NUMBER] * 6) + r"[ \t]*\]")
MEANING = Meaning({f"{name}_{'rad' if name[0] == 'r' else 'm'}": name for name in NAMES})

_SIX = r"\[[ \t]*" + r"[ \t]*,[ \t]*".join([NUMBER] * 6) + r"[ \t]*\]"
_JOINTS = re.compile(rf"(?:\bmove[jl][ \t]*\([ \t]*|\b\w*_q[ \t]*=[ \t]*){_SIX}")
_OF_TOOL = re.compile(r"(?i)(?:set_tcp|tcp_offset|set_payload|tool_pose|tcp)\w*[ \t]*[(=:][ \t]*$")
JOINTS = tuple(f"q{k}" for k in range(1, 7))
# a tool, an offset, a force, and what stands in a comment is no target
NO_TARGET = re.compile(
    r"#|\b(?:set_tcp|pose_trans|pose_add|pose_sub|pose_inv|set_payload\w*|force_mode|speed[lj]|tool_pose)\s*\([^)]*$"
)
POSE_TARGETS = Program(
    _POSE, (7, 7, 7, 7, 7, 7), poses_of_rotation_vector, rotation_vector_of_poses, no_target=NO_TARGET
)
JOINT_TARGETS = Program(_JOINTS, (8,) * 6, no_target=NO_TARGET)


def recognise(source: Source) -> bool:
    """Whether there is a p[...] of six numbers, or a motion to six joint values."""
    return _POSE.search(source.text) is not None or _JOINTS.search(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """All poses, in their order, but that of the tool; joint values where those are needed and given."""
    if wanted.joints_needed and _JOINTS.search(source.text) is not None:
        found, lines = matches(_JOINTS, source.text)
        rows = [[float(text) for text in match.groups()] for match in found]
        return recording(JOINTS, rows, lines, Meaning({f"j{k + 1}_rad": name for k, name in enumerate(JOINTS)}))
    found, lines = matches(_POSE, source.text)
    before = [source.text[max(0, match.start() - 40) : match.start()] for match in found]
    kept = [i for i, text in enumerate(before) if _OF_TOOL.search(text) is None]
    rows = [[float(text) for text in found[i].groups()] for i in kept]
    return recording(NAMES, rows, [lines[i] for i in kept], MEANING)


def write(poses: NamedPoses) -> str:
    """A pose a line."""
    turns = so3.log(poses.transforms[:, :3, :3])
    rows = np.concatenate([poses.transforms[:, :3, 3], turns], axis=1)
    return "".join(f"p[{', '.join(fields(row))}]\n" for row in rows)


FORMAT = PoseFormat(
    tool="Universal Robots: URScript, .variables, logs",
    meaning="m; rotation vector in rad; tool (TCP) in the base; joint values of movej and _q in rad",
    example="p[0.681508, 0.016778, -0.380025, -0.833061, -0.617620, 0.894570]\n",
    recognise=recognise,
    read=read,
    suffixes=(".script", ".variables", ".urscript"),
    write=write,
    programs=(POSE_TARGETS, JOINT_TARGETS),
    loses="names of images and times",
)
