"""ROS 1: the line that publishes the camera's frame."""

from __future__ import annotations

from calib.formats.mount_format import MountedCamera, MountFormat


def write(camera: MountedCamera) -> str:
    """A command for the terminal; as arguments of a node in a launch file."""
    position, quaternion = camera.numbers
    numbers = " ".join([*position, *quaternion])
    return f"rosrun tf2_ros static_transform_publisher {numbers} {camera.parent} {camera.child}\n"


FORMAT = MountFormat(
    tool="ROS 1: tf2_ros static_transform_publisher",
    meaning="m; quaternion x y z w; the camera's optical frame in the robot's",
    file_name="ros1_static_transform.txt",
    write=write,
    loses="uncertainty, the board's pose",
)
