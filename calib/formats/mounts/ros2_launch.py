"""ROS 2: a launch file that publishes the camera's frame."""

from __future__ import annotations

from calib.formats.mount_format import MountedCamera, MountFormat


def write(camera: MountedCamera) -> str:
    """A launch description in Python."""
    names = ("--x", "--y", "--z", "--qx", "--qy", "--qz", "--qw")
    position, quaternion = camera.numbers
    pairs = [*zip(names, [*position, *quaternion], strict=True)]
    pairs += [("--frame-id", camera.parent), ("--child-frame-id", camera.child)]
    arguments = ", ".join(f'"{name}", "{value}"' for name, value in pairs)
    return f"""from launch import LaunchDescription
from launch_ros.actions import Node


def generate_launch_description():
    arguments = [{arguments}]
    return LaunchDescription([Node(package="tf2_ros", executable="static_transform_publisher", arguments=arguments)])
"""


FORMAT = MountFormat(
    tool="ROS 2: launch",
    meaning="m; quaternion x y z w; the camera's optical frame in the robot's",
    file_name="camera.launch.py",
    write=write,
    loses="uncertainty, the board's pose",
)
