"""The joint origins of an arm in the frames of its URDF, and their numbers put into its text, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.parsers import expat

import numpy as np

from calib.arrays import Array
from calib.errors import UsageError
from calib.geometry import se3, so3
from calib.robot.arm.rewritten import frames_as_in, joint_frames
from calib.robot.arm.urdf import (
    UrdfJoint,
    arm_of_text,
    axis_of,
    chain_of_urdf,
    links_of_chain,
    origin_of,
    parent_from_joint,
    rpy_of_rotation,
)
from calib.text import one_line

if TYPE_CHECKING:
    from calib.robot.arm.serial_arm import SerialArm, UrdfText

SAME = 1e-12  # m or rad: a number that changes by less keeps its digits
ROUNDING = 1e-15  # m or rad: what sums of lengths about 1 m leave in place of zero
SAME_PLACE = 1e-9  # m or rad: of the flange after the last joint, which no joint's origin moves
_NUMBER = re.compile(rb"\S+")


@dataclass(frozen=True)
class JointOrigin:
    """Where a joint is in the link before it."""

    joint: str
    """Its name."""
    xyz: tuple[float, ...]
    """m."""
    rpy: tuple[float, ...]
    """rad, about the fixed axes x, y, z."""


def plain_origins(arm: SerialArm) -> tuple[JointOrigin, ...]:
    """The origins of a chain whose joints move about z; the last is that of the flange."""
    names = (*arm.joint_names, "flange")
    return tuple(_origin(name, frame, (0.0, 0.0, 0.0)) for name, frame in zip(names, joint_frames(arm), strict=True))


def origins_in_urdf(arm: SerialArm, text: UrdfText) -> tuple[JointOrigin, ...]:
    """The origins of the moving joints, as near to those of the URDF as the arm is; axes and fixed joints stay.

    Raises UsageError `urdf-other-arm` where the URDF is that of another arm.
    """
    before = arm_of_text(text)
    if before.joint_names != arm.joint_names or before.prismatic != arm.prismatic:
        raise _other(f"its joints are {', '.join(before.joint_names)}, not {', '.join(arm.joint_names)}")
    if before.convention != arm.convention or np.any(before.motion_from_command != arm.motion_from_command):
        raise _other(f"the arm's table, of {arm.convention}, was not read from it")
    chain = chain_of_urdf(text)
    frames = frames_as_in(arm, before, links_of_chain(chain))
    if np.abs(frames[-1] - links_of_chain(chain)[-1]).max() > SAME_PLACE:
        raise _other("the flange is at another place of the last link")
    return tuple(_moving_origins(chain, frames))


def _moving_origins(chain: tuple[UrdfJoint, ...], frames: Array) -> list[JointOrigin]:
    found = []
    fixed = np.eye(4)
    at = 0
    for joint in chain:
        if joint.kind == "fixed":
            fixed = fixed @ parent_from_joint(joint)
            continue
        turn = se3.compose(so3.turning_z_to(axis_of(joint)), np.zeros(3))
        found.append(_origin(joint.name, se3.inverse(fixed) @ frames[at] @ se3.inverse(turn), origin_of(joint)[1]))
        fixed = se3.inverse(turn)
        at += 1
    return found


def _origin(name: str, frame: Array, near: tuple[float, ...]) -> JointOrigin:
    """Of a frame (4, 4); of the angles that mean the same turn, those nearest to `near`."""
    rpy = rpy_of_rotation(frame[:3, :3], near)
    return JointOrigin(name, _without_rounding(frame[:3, 3]), _without_rounding(rpy))


def _without_rounding(values: Array) -> tuple[float, ...]:
    """Zero in place of what rounding leaves of it."""
    return tuple(np.where(np.abs(values) < ROUNDING, 0.0, values).tolist())


def _other(what: str) -> UsageError:
    return UsageError(
        "this URDF does not describe the arm that was calibrated",
        code="urdf-other-arm",
        where="--urdf",
        why=what,
        advice="calibrate with it: calib robot --arm arm.urdf; or leave --urdf out for a new URDF",
    )


def with_origins(text: UrdfText, origins: tuple[JointOrigin, ...]) -> bytes:
    """The URDF with the numbers of these origins in place of its own, where they differ.

    Raises UsageError `urdf-encoding` for text whose letters are not single bytes.
    """
    content, places = text.content, _places(text.content)
    changes = []
    for origin in origins:
        place = places[origin.joint]
        start, end = place.origin or (place.after, place.after)
        if content[place.joint : place.joint + 6] != b"<joint":
            advice = "save it as UTF-8"
            raise UsageError("not of an encoding that is written", code="urdf-encoding", where="--urdf", advice=advice)
        changes.append((start, end, _tag(content[start:end], origin)))
    for start, end, tag in sorted(changes, reverse=True):
        content = content[:start] + tag + content[end:]
    return content


@dataclass
class _JointInText:
    """Where a joint stands in the text, in bytes."""

    joint: int
    after: int
    origin: tuple[int, int] | None = None


def _places(content: bytes) -> Mapping[str, _JointInText]:
    """Of every joint directly in the robot, by its name."""
    found: dict[str, _JointInText] = {}
    path: list[str] = []
    joint: _JointInText | None = None
    parser = expat.ParserCreate()

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal joint
        here = parser.CurrentByteIndex
        if path == ["robot"]:
            joint = None
            if tag == "joint":
                joint = found[one_line(attributes["name"])] = _JointInText(here, _end_of_tag(content, here))
        elif path == ["robot", "joint"] and tag == "origin" and joint is not None and joint.origin is None:
            joint.origin = (here, _end_of_tag(content, here))
        path.append(tag)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: path.pop()
    parser.Parse(content, True)
    return found


def _end_of_tag(content: bytes, start: int) -> int:
    """Behind the `>` that ends a tag; one in quotes does not."""
    quoted = b""
    for at in range(start, len(content)):
        mark = content[at : at + 1]
        if quoted:
            quoted = b"" if mark == quoted else quoted
        elif mark in (b'"', b"'"):
            quoted = mark
        elif mark == b">":
            return at + 1
    return len(content)


def _tag(tag: bytes, origin: JointOrigin) -> bytes:
    """The tag with other numbers; an attribute or a tag that is missing is put in where it has to be."""
    for name, values in ((b"xyz", origin.xyz), (b"rpy", origin.rpy)):
        written = re.search(rb"(\s" + name + rb"\s*=\s*)([\"'])(.*?)\2", tag, re.DOTALL)
        if written is not None:
            start, end = written.span(3)
            tag = tag[:start] + _numbers(written[3], values) + tag[end:]
        elif max(map(abs, values)) > SAME:
            tag = tag or b"<origin/>"
            tag = tag[:7] + b" " + name + b'="' + b" ".join(repr(value).encode() for value in values) + b'"' + tag[7:]
    return tag


def _numbers(text: bytes, values: tuple[float, ...]) -> bytes:
    """Numbers in place of others, those that stay as they were written."""
    left = iter(values)

    def number(word: re.Match[bytes]) -> bytes:
        value = next(left)
        return word[0] if abs(float(word[0]) - value) <= SAME else repr(value).encode()

    return _NUMBER.sub(number, text)
