"""easy_handeye2 for ROS 2: the file of a calibration that its publisher reads."""

from __future__ import annotations

from collections.abc import Sequence

from calib.formats.mount_format import MountedFrame, MountFormat, require_one_camera

FILE_NAME = "easy_handeye2.calib"


def write(frames: Sequence[MountedFrame]) -> str:
    """The YAML of a calibration."""
    camera, effector, base = require_one_camera(frames, "easy_handeye2")
    position, quaternion = camera.numbers
    kind = "eye_in_hand" if camera.setup == "eye-in-hand" else "eye_on_base"
    lines = ["parameters:", f"  name: {FILE_NAME.partition('.')[0]}", f"  calibration_type: {kind}"]
    lines += [f"  robot_base_frame: {base}", f"  robot_effector_frame: {effector}"]
    lines += [f"  tracking_base_frame: {camera.child}", "  tracking_marker_frame: board"]
    lines += ["  freehand_robot_movement: true", "  move_group_namespace: /", "  move_group: manipulator", "transform:"]
    lines += ["  translation:", *(f"    {name}: {value}" for name, value in zip("xyz", position, strict=True))]
    lines += ["  rotation:", *(f"    {name}: {value}" for name, value in zip("xyzw", quaternion, strict=True))]
    return "\n".join(lines) + "\n"


FORMAT = MountFormat(
    tool="easy_handeye2 (ROS 2): ~/.ros2/easy_handeye2/calibrations/NAME.calib",
    meaning="m; quaternion x y z w; the tracking frame in the effector (eye in hand) or in the base",
    file_name=FILE_NAME,
    write=write,
    loses="uncertainty, the board's pose; the robot's other frame is called flange or base",
)
