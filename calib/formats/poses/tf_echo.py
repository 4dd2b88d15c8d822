"""ROS: what `tf_echo` prints, of ROS 1 and 2."""

from __future__ import annotations

import re
from collections.abc import Sequence

from calib.formats.columns.pose_texts import NUMBER, fields, matches, quaternions_xyzw, recording
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat

NAMES = ("x", "y", "z", "qx", "qy", "qz", "qw")
ANGLES = ("roll", "pitch", "yaw")
_COMMA = r"[ \t]*,[ \t]*"
_TIME = rf"(?:At time[ \t]+{NUMBER}\s*-?[ \t]*)?"
_AT = rf"{_TIME}Translation:[ \t]*\[{_COMMA.join([NUMBER] * 3)}\]"
_TURN = rf"Rotation:[ \t]*in Quaternion[ \t]*(?:\(xyzw\))?[ \t]*\[{_COMMA.join([NUMBER] * 4)}\]"
_RPY = rf"Rotation:[ \t]*in RPY[ \t]*\((radian|degree)\)[ \t]*\[{_COMMA.join([NUMBER] * 3)}\]"
_POSE = re.compile(rf"{_AT}\s*-?[ \t]*{_TURN}")
_WITH_ANGLES = re.compile(rf"{_AT}\s*-?[ \t]*{_RPY}")
_POSITION = {"x_m": "x", "y_m": "y", "z_m": "z"}
MEANING = Meaning(_POSITION | {name: name for name in NAMES[3:]})


def recognise(source: Source) -> bool:
    """Whether a translation is followed by a quaternion, or by roll, pitch and yaw."""
    return _POSE.search(source.text) is not None or _WITH_ANGLES.search(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """All transforms, in their order, with their times."""
    found, lines = matches(_POSE, source.text)
    if found:
        rows = [match.group(*range(2, 9)) for match in found]
        return _with_times(NAMES, rows, lines, MEANING, found)
    found, lines = matches(_WITH_ANGLES, source.text)
    word = found[0][5]  # of both units that tf_echo prints, the one that comes first
    kept = [(match, line) for match, line in zip(found, lines, strict=True) if match[5] == word]
    turns = {f"{axis}_{word[:3]}": name for axis, name in zip(("rx", "ry", "rz"), ANGLES, strict=True)}
    rows = [match.group(2, 3, 4, 6, 7, 8) for match, _ in kept]
    meaning = Meaning(_POSITION | turns, "ZYX")
    return _with_times((*NAMES[:3], *ANGLES), rows, [line for _, line in kept], meaning, [match for match, _ in kept])


def _with_times(
    names: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    lines: Sequence[int],
    meaning: Meaning,
    found: Sequence[re.Match[str]],
) -> Recording:
    times = tuple(match[1] or "" for match in found)
    texts = {"time_s": times} if all(times) and float(times[0]) > 0 else None
    return recording(names, [[float(text) for text in row] for row in rows], lines, meaning, texts)


def write(poses: NamedPoses) -> str:
    """The transforms as `tf_echo` prints them, with more decimals than its three."""
    out = []
    for i, (at, turn) in enumerate(zip(poses.transforms[:, :3, 3], quaternions_xyzw(poses.transforms), strict=True)):
        time = float(i) if poses.time_s is None else float(poses.time_s[i])
        out.append(
            f"At time {time:.9g}\n- Translation: [{', '.join(fields(at))}]\n"
            f"- Rotation: in Quaternion [{', '.join(fields(turn))}]\n"
        )
    return "".join(out)


FORMAT = PoseFormat(
    tool="ROS 1 and 2: `tf_echo`",
    meaning="m; quaternion x y z w, or roll pitch yaw (ZYX) where there is none; the second frame in the first, "
    "`tf_echo base flange`",
    example="At time 0.0\n- Translation: [0.682, 0.017, -0.380]\n"
    "- Rotation: in Quaternion [-0.385, -0.285, 0.413, 0.775]\n",
    recognise=recognise,
    read=read,
    write=write,
    loses="names of images",
)
