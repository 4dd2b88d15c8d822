"""Yaskawa controllers: positions of a job in base coordinates."""

from __future__ import annotations

import re

from calib.formats.columns.pose_texts import NUMBER, euler_deg, fields, matches, recording
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat

NAMES = ("X", "Y", "Z", "RX", "RY", "RZ")
_POSE = re.compile(r"(?m)^[ \t]*(?:C|P|BC)\d+[ \t]*=[ \t]*" + r"[ \t]*,[ \t]*".join([NUMBER] * 6))
_PULSES = re.compile(r"(?m)^///POSTYPE[ \t]+PULSE")
MEANING = Meaning({"x_mm": "X", "y_mm": "Y", "z_mm": "Z", "e1_deg": "RX", "e2_deg": "RY", "e3_deg": "RZ"}, "xyz")


def recognise(source: Source) -> bool:
    """Whether there is a numbered position of six numbers, and no pulses of encoders."""
    return _POSE.search(source.text) is not None and _PULSES.search(source.text) is None


def read(source: Source, wanted: Wanted) -> Recording:
    """All positions, in their order."""
    found, lines = matches(_POSE, source.text)
    return recording(NAMES, [[float(text) for text in match.groups()] for match in found], lines, MEANING)


def write(poses: NamedPoses) -> str:
    """The positions of a job."""
    angles = euler_deg(poses.transforms[:, :3, :3], "xyz")
    rows = [fields([*at, *turn]) for at, turn in zip(1000 * poses.transforms[:, :3, 3], angles, strict=True)]
    head = ["/JOB", "//NAME POSES", "//POS", f"///NPOS {len(rows)},0,0,0,0,0", "///POSTYPE BASE", "///RECTAN"]
    return "\n".join([*head, *(f"C{i:05d}={','.join(row)}" for i, row in enumerate(rows))]) + "\n"


FORMAT = PoseFormat(
    tool="Yaskawa controllers (Motoman), .jbi",
    meaning="mm; Rx Ry Rz in degrees, about the fixed axes x, y, z (xyz); tool in the base",
    example="///POSTYPE BASE\n///RECTAN\nC00000=681.508,16.778,-380.025,-56.944,-7.121,60.016\n",
    recognise=recognise,
    read=read,
    suffixes=(".jbi",),
    write=write,
    loses="names of images, times, pulses",
)
