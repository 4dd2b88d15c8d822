"""ROS 2: a launch file that publishes the frames."""

from __future__ import annotations

from collections.abc import Sequence

from calib.formats.mount_format import MountedFrame, MountFormat


def write(frames: Sequence[MountedFrame]) -> str:
    """A launch description in Python, a node per frame."""
    nodes = ",\n        ".join(map(_node, frames))
    return f"""from launch import LaunchDescription
from launch_ros.actions import Node


def generate_launch_description():
    return LaunchDescription([
        {nodes},
    ])
"""


def _node(frame: MountedFrame) -> str:
    names = ("--x", "--y", "--z", "--qx", "--qy", "--qz", "--qw")
    position, quaternion = frame.numbers
    pairs = [*zip(names, [*position, *quaternion], strict=True)]
    pairs += [("--frame-id", frame.parent), ("--child-frame-id", frame.child)]
    arguments = ", ".join(f'"{name}", "{value}"' for name, value in pairs)
    return f'Node(package="tf2_ros", executable="static_transform_publisher", arguments=[{arguments}])'


FORMAT = MountFormat(
    tool="ROS 2: ros2 launch; what MoveIt's hand-eye calibration saves",
    meaning="m; quaternion x y z w; the child (a camera's optical frame) in the parent",
    file_name="camera.launch.py",
    write=write,
    loses="uncertainty, the board's pose",
)
