"""ROS 1: the line that publishes each frame."""

from __future__ import annotations

from collections.abc import Sequence

from calib.formats.mount_format import MountedFrame, MountFormat


def write(frames: Sequence[MountedFrame]) -> str:
    """Commands for the terminal."""
    return "".join(map(_command, frames))


def _command(frame: MountedFrame) -> str:
    position, quaternion = frame.numbers
    numbers = " ".join([*position, *quaternion])
    return f"rosrun tf2_ros static_transform_publisher {numbers} {frame.parent} {frame.child}\n"


FORMAT = MountFormat(
    tool="ROS 1: tf2_ros static_transform_publisher",
    meaning="m; quaternion x y z w; the child (a camera's optical frame) in the parent",
    file_name="ros1_static_transform.txt",
    write=write,
    loses="uncertainty, the board's pose",
    unasked=True,
)
