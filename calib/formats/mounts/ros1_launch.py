"""ROS 1: a launch file that publishes the frames."""

from __future__ import annotations

from collections.abc import Sequence

from calib.formats.mount_format import MountedFrame, MountFormat


def write(frames: Sequence[MountedFrame]) -> str:
    """A node per frame."""
    return "\n".join(["<launch>", *map(_node, frames), "</launch>"]) + "\n"


def _node(frame: MountedFrame) -> str:
    position, quaternion = frame.numbers
    arguments = " ".join([*position, *quaternion, frame.parent, frame.child])
    name = f"{frame.child}_broadcaster"
    return f'  <node pkg="tf2_ros" type="static_transform_publisher" name="{name}"\n        args="{arguments}"/>'


FORMAT = MountFormat(
    tool="ROS 1: roslaunch; what MoveIt's hand-eye calibration saves",
    meaning="m; quaternion x y z w; the child (a camera's optical frame) in the parent",
    file_name="camera.launch",
    write=write,
    loses="uncertainty, the board's pose",
)
