"""Poses in JSON and YAML: ROS messages, samples of easy_handeye and MoveIt, OpenCV's FileStorage, lists of any kind."""

from __future__ import annotations

import json

from calib.formats.columns.columns_found import recording_of
from calib.formats.columns.flat_records import columns_in_documents
from calib.formats.columns.pose_texts import quaternions_xyzw
from calib.formats.columns.recording import Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import NamedPoses, PoseFormat


def recognise(source: Source) -> bool:
    """Whether there is plain data in it, with numbers."""
    return source.content[:1] not in (b"\x93", b"M") and columns_in_documents(source.documents) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """The records or arrays in it, those of a robot before those of a board."""
    found = columns_in_documents(source.documents)
    assert found is not None
    return recording_of(found, wanted, source.where)


def write(poses: NamedPoses) -> str:
    """A list of poses in the words of ROS' geometry_msgs."""
    records = []
    for i, (at, turn) in enumerate(
        zip(poses.transforms[:, :3, 3].tolist(), quaternions_xyzw(poses.transforms).tolist(), strict=True)
    ):
        pose = {
            "position": dict(zip("xyz", at, strict=True)),
            "orientation": dict(zip("xyzw", turn, strict=True)),
        }
        records.append({**({"image": poses.names[i]} if poses.names else {}), **pose})
    return json.dumps(records, indent=1) + "\n"


FORMAT = PoseFormat(
    tool="JSON and YAML: ROS topics, easy_handeye, MoveIt, OpenCV FileStorage, scripts",
    meaning="by the names in it; what they leave open is decided by the data",
    example="position: {x: 0.681508, y: 0.016778, z: -0.380025}\n"
    "orientation: {x: -0.384729, y: -0.285237, z: 0.413140, w: 0.774557}\n---\n"
    "position: {x: 0.339165, y: 0.082105, z: -0.271066}\n"
    "orientation: {x: -0.874312, y: -0.125428, z: -0.243953, w: 0.400416}\n",
    recognise=recognise,
    read=read,
    suffixes=(".json", ".yaml", ".yml", ".xml"),
    write=write,
    loses="times",
    generic=True,
)
