"""easy_handeye for ROS 1: the file of a calibration that its publisher reads."""

from __future__ import annotations

from collections.abc import Sequence

from calib.formats.mount_format import MountedFrame, MountFormat, require_one_camera


def write(frames: Sequence[MountedFrame]) -> str:
    """The YAML of a calibration."""
    camera, effector, base = require_one_camera(frames, "easy_handeye")
    position, quaternion = camera.numbers
    lines = ["parameters:", f"  eye_on_hand: {str(camera.setup == 'eye-in-hand').lower()}"]
    lines += [f"  robot_effector_frame: {effector}", f"  robot_base_frame: {base}"]
    lines += [f"  tracking_base_frame: {camera.child}", "transformation:"]
    names = ("x", "y", "z", "qx", "qy", "qz", "qw")
    lines += [f"  {name}: {value}" for name, value in zip(names, [*position, *quaternion], strict=True)]
    return "\n".join(lines) + "\n"


FORMAT = MountFormat(
    tool="easy_handeye (ROS 1): ~/.ros/easy_handeye/NAME.yaml",
    meaning="m; quaternion x y z w; the tracking frame in the effector (eye in hand) or in the base",
    file_name="easy_handeye.yaml",
    write=write,
    loses="uncertainty, the board's pose; the robot's other frame is called flange or base",
)
