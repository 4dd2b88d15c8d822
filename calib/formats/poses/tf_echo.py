"""ROS: what `tf_echo` prints, of ROS 1 and 2."""

from __future__ import annotations

import re

from calib.formats.columns.pose_texts import NUMBER, fields, matches, quaternions_xyzw, recording
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat

NAMES = ("x", "y", "z", "qx", "qy", "qz", "qw")
_COMMA = r"[ \t]*,[ \t]*"
_AT = rf"Translation:[ \t]*\[{_COMMA.join([NUMBER] * 3)}\]"
_TURN = rf"Rotation:[ \t]*in Quaternion[ \t]*(?:\(xyzw\))?[ \t]*\[{_COMMA.join([NUMBER] * 4)}\]"
_POSE = re.compile(rf"{_AT}\s*-?[ \t]*{_TURN}")
MEANING = Meaning({"x_m": "x", "y_m": "y", "z_m": "z", **{name: name for name in NAMES[3:]}})


def recognise(source: Source) -> bool:
    """Whether a translation is followed by a quaternion."""
    return _POSE.search(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """All transforms, in their order."""
    found, lines = matches(_POSE, source.text)
    return recording(NAMES, [[float(text) for text in match.groups()] for match in found], lines, MEANING)


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
    meaning="m; quaternion x y z w; the second frame in the first, `tf_echo base flange`",
    example="At time 0.0\n- Translation: [0.682, 0.017, -0.380]\n"
    "- Rotation: in Quaternion [-0.385, -0.285, 0.413, 0.775]\n",
    recognise=recognise,
    read=read,
    write=write,
    loses="names of images",
)
