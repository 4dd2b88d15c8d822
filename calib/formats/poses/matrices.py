"""Matrices as text: 4 x 4 blocks, or 16 or 12 numbers a row (KITTI), by rows or, as Franka's, by columns."""

from __future__ import annotations

import numpy as np

from calib.formats.columns.columns_found import Found, recording_of
from calib.formats.columns.matrix_text import transforms_in_text
from calib.formats.columns.pose_texts import fields
from calib.formats.columns.recording import Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat


def recognise(source: Source) -> bool:
    """Whether the numbers are rotations with translations."""
    return transforms_in_text(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """A pose for each matrix; whether lengths are m or mm is open."""
    found = transforms_in_text(source.text)
    assert found is not None
    poses = {"pose": found[0]}
    empty = Found({}, np.array(found[1], dtype=np.intp), poses)
    return recording_of(empty, Wanted(), source.where)


def write(poses: NamedPoses) -> str:
    """16 numbers a row, by rows."""
    return "".join(" ".join(fields(each.ravel(), "%.17g")) + "\n" for each in poses.transforms)


FORMAT = PoseFormat(
    tool="matrices as text; KITTI trajectories (12 numbers a row); Franka's O_T_EE (16, by columns)",
    meaning="m or mm, by the data; rotation matrix and translation; flange in the base",
    example="0.49590974 -0.42052352 -0.75975884 0.68150790\n0.85947951 0.36259655 0.36030365 0.01677824\n"
    "0.12396977 -0.83167524 0.54124651 -0.38002545\n0 0 0 1\n",
    recognise=recognise,
    read=read,
    write=write,
    loses="names of images and times",
)
