"""easy_handeye and easy_handeye2: the file of a calibration that their publisher reads."""

from __future__ import annotations

from calib.formats.mount_format import MountedCamera, MountFormat


def write(camera: MountedCamera) -> str:
    """The YAML of a calibration; the frames of the robot are to be put in."""
    on_hand = camera.setup == "eye-in-hand"
    position, quaternion = camera.numbers
    names = ("x", "y", "z", "qx", "qy", "qz", "qw")
    lines = ["parameters:", f"  eye_on_hand: {str(on_hand).lower()}"]
    lines += [f"  calibration_type: {'eye_in_hand' if on_hand else 'eye_on_base'}"]
    lines += [f"  robot_effector_frame: {camera.parent if on_hand else 'flange'}"]
    lines += [f"  robot_base_frame: {'base' if on_hand else camera.parent}"]
    lines += [f"  tracking_base_frame: {camera.child}", "transformation:"]
    lines += [f"  {name}: {value}" for name, value in zip(names, [*position, *quaternion], strict=True)]
    return "\n".join(lines) + "\n"


FORMAT = MountFormat(
    tool="easy_handeye (ROS 1), easy_handeye2 (ROS 2)",
    meaning="m; quaternion x y z w; the tracking frame in the effector (eye in hand) or in the base",
    file_name="easy_handeye.yaml",
    write=write,
    loses="uncertainty, the board's pose; the robot's frames are called flange and base",
)
