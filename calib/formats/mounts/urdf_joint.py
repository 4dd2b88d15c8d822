"""URDF and xacro: fixed joints that carry the frames, for robot_state_publisher and MoveIt."""

from __future__ import annotations

from collections.abc import Sequence

from calib.formats.mount_format import MountedFrame, MountFormat
from calib.robot.arm.urdf import rpy_of_rotation


def write(frames: Sequence[MountedFrame]) -> str:
    """A link and a joint per frame, to be put into a URDF."""
    return "".join(map(_joint, frames))


def _joint(frame: MountedFrame) -> str:
    rpy = " ".join(map(repr, rpy_of_rotation(frame.parent_from_child[:3, :3]).tolist()))
    return (
        f'<link name="{frame.child}"/>\n<joint name="{frame.child}_joint" type="fixed">\n'
        f'  <origin xyz="{" ".join(frame.numbers[0])}" rpy="{rpy}"/>\n'
        f'  <parent link="{frame.parent}"/>\n  <child link="{frame.child}"/>\n</joint>\n'
    )


FORMAT = MountFormat(
    tool="URDF and xacro: robot_state_publisher, MoveIt, simulators",
    meaning="m, rad; rpy about the fixed axes x, y, z; the child (a camera's optical frame) in the parent",
    file_name="camera_joint.urdf.xacro",
    write=write,
    loses="uncertainty, the board's pose",
)
