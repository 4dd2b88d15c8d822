"""ROS 2: the line that publishes each frame."""

from __future__ import annotations

from collections.abc import Sequence

from calib.formats.mount_format import MountedFrame, MountFormat


def write(frames: Sequence[MountedFrame]) -> str:
    """Commands for the terminal."""
    return "".join(map(_command, frames))


def _command(frame: MountedFrame) -> str:
    (x, y, z), (qx, qy, qz, qw) = frame.numbers
    return (
        f"ros2 run tf2_ros static_transform_publisher --x {x} --y {y} --z {z} --qx {qx} --qy {qy} --qz {qz} --qw {qw} "
        f"--frame-id {frame.parent} --child-frame-id {frame.child}\n"
    )


FORMAT = MountFormat(
    tool="ROS 2: tf2_ros static_transform_publisher",
    meaning="m; quaternion x y z w; the child (a camera's optical frame) in the parent",
    file_name="ros2_static_transform.txt",
    write=write,
    loses="uncertainty, the board's pose",
    unasked=True,
)
