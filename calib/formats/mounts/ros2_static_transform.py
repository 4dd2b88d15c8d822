"""ROS 2: the line that publishes the camera's frame."""

from __future__ import annotations

from calib.formats.mount_format import MountedCamera, MountFormat


def write(camera: MountedCamera) -> str:
    """A command for the terminal or a launch file."""
    (x, y, z), (qx, qy, qz, qw) = camera.numbers
    return (
        f"ros2 run tf2_ros static_transform_publisher --x {x} --y {y} --z {z} --qx {qx} --qy {qy} --qz {qz} --qw {qw} "
        f"--frame-id {camera.parent} --child-frame-id {camera.child}\n"
    )


FORMAT = MountFormat(
    tool="ROS 2: tf2_ros static_transform_publisher",
    meaning="m; quaternion x y z w; the camera's optical frame in the robot's",
    file_name="ros2_static_transform.txt",
    write=write,
    loses="uncertainty, the board's pose",
)
