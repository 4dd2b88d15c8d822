"""A chain of joints in a URDF file as a `SerialArm`: exact, by its axis lines in space.

The format: http://wiki.ros.org/urdf/XML/joint. Angles of `rpy` are extrinsic x-y-z (fixed axes), radians; lengths are
metres. Only kinematics is read. XML is parsed without document types, so no entity is ever expanded.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

import numpy as np

from calib.arrays import Array
from calib.config import MAX_MAGNITUDE
from calib.errors import InputError, UsageError, did_you_mean
from calib.files import path_advice, regular_size
from calib.geometry import se3, so3
from calib.robot.arm.branches import carried_arms
from calib.robot.arm.hayati import table_of_links
from calib.robot.arm.serial_arm import SerialArm, UrdfText, require_few_joints
from calib.text import cut, first_few, one_line

MAX_BYTES = 4_000_000  # the largest published robot descriptions have a few hundred kB
MOST_IN_CHAIN = 1_000  # fixed joints included
MOST_TIPS = 20  # named in an error; a hand has a dozen
_MOVING = ("revolute", "continuous", "prismatic")


@dataclass(frozen=True)
class UrdfJoint:
    """One joint of the file: how it hangs in the tree. Its numbers are read only if it is on the way to the tip."""

    name: str
    kind: str
    parent: str
    child: str
    element: ElementTree.Element
    place: str
    """In errors."""

    @property
    def mimics(self) -> bool:
        """Whether another joint moves it."""
        return self.element.find("mimic") is not None


class _NoDoctype(ElementTree.TreeBuilder):
    """Stops at a document type declaration, the only place where entities can be declared."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise InputError(
            "declares a document type",
            code="urdf-doctype",
            why="document types can declare entities that expand without end or read other files",
            advice="remove the <!DOCTYPE ...> line",
        )


def arm_of_urdf(path: Path, *, tip: str | None = None) -> SerialArm:
    """The arm from the root link of a URDF file to the link `tip` (the only last link if None), which is its flange.

    Fixed joints are folded in, origins become modified-DH rows (Hayati's where axes are nearly parallel).
    Raises InputError `urdf-unreadable`, `urdf-syntax`, `urdf-doctype`, `urdf-value`, `urdf-structure`; UsageError
    `urdf-tip` naming the links to choose from.
    """
    where, content = str(path), _read(path)
    root = _parse(content, where)
    joints = _joints(root, where)
    chain = _chain(joints, tip, where)
    title = one_line(root.get("name") or path.stem)
    source = f"URDF file {one_line(path.name)}, from its root to link {chain[-1].child}"
    arm = _arm(chain, title, source, where, UrdfText(content, chain[-1].child))
    return replace(arm, carried=carried_arms(chain, joints))


def arm_of_text(text: UrdfText) -> SerialArm:
    """The arm of a URDF that was read before."""
    return _arm(chain_of_urdf(text), "arm", "URDF", "URDF", text)


def _arm(chain: tuple[UrdfJoint, ...], title: str, source: str, where: str, text: UrdfText) -> SerialArm:
    moving = [joint for joint in chain if joint.kind != "fixed"]
    if not moving:
        raise _structure(f"no moving joint on the way to link {chain[-1].child!r}", where, "name another tip link")
    require_few_joints(len(moving), where)
    for joint in moving:
        if joint.kind not in _MOVING:
            advice = (
                f"of its kinds of joint {', '.join(_MOVING)} and fixed are read; end at a link before {joint.child}"
            )
            raise _structure(f"joint {joint.name!r} is {joint.kind}", where, advice)
        if joint.mimics:
            advice = f"end at a link before {joint.child}, or give the coupling in an arm.yaml (`couplings:`)"
            raise _structure(f"joint {joint.name!r} mimics another one", where, advice)
    table, base, tool = table_of_links(links_of_chain(chain))
    return SerialArm(
        name=re.sub("[^A-Za-z0-9_-]+", "_", title),  # as `require_name` asks of it; robots' names may hold blanks
        title=title,
        source=source,
        convention="modified_dh",
        table=table,
        prismatic=tuple(joint.kind == "prismatic" for joint in moving),
        motion_from_command=np.eye(len(moving)),
        limits=np.array([_limits(joint) for joint in moving]),
        base=base,
        tool=tool,
        joint_names=tuple(joint.name for joint in moving),
        urdf=text,
    )


def chain_of_urdf(text: UrdfText) -> tuple[UrdfJoint, ...]:
    """The joints from the root to the tip of a URDF that was read before, fixed ones included."""
    return _chain(_joints(_parse(text.content, "URDF"), "URDF"), text.tip, "URDF")


def _read(path: Path) -> bytes:
    where = str(path)
    try:
        if regular_size(path) > MAX_BYTES:
            raise InputError(
                f"larger than {MAX_BYTES // 1_000_000} MB",
                code="urdf-unreadable",
                where=where,
                advice="give the URDF of one arm; meshes are files of their own",
            )
        return path.read_bytes()
    except OSError as error:
        advice = path_advice(path, (".urdf",), "a URDF file, or a shipped arm (calib list arms)")
        raise InputError("cannot be read", code="urdf-unreadable", where=where, why=str(error), advice=advice) from None


def _parse(content: bytes, where: str) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_NoDoctype())
    try:
        root = ElementTree.fromstring(content, parser=parser)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        advice = "correct the XML at that place; `check_urdf` of ROS reads what is read here"
        raise InputError("not valid XML", code="urdf-syntax", where=where, why=str(error), advice=advice) from None
    except InputError as error:
        error.where = where
        raise
    if root.tag != "robot":
        raise _structure(f"its root is <{root.tag}>, not <robot>", where, "give the URDF of the arm")
    if b"<xacro:" in content:
        advice = "expand it first: xacro file.urdf.xacro > file.urdf"
        raise InputError("holds xacro macros, not a plain URDF", code="urdf-structure", where=where, advice=advice)
    return root


def _joints(root: ElementTree.Element, where: str) -> tuple[UrdfJoint, ...]:
    return tuple(_joint(element, where) for element in root.findall("joint"))


def _joint(element: ElementTree.Element, where: str) -> UrdfJoint:
    name = one_line(element.get("name") or "?")
    place = f"{where}: joint {cut(name)}"
    parent, child = (_link_name(element, tag, place) for tag in ("parent", "child"))
    return UrdfJoint(name, element.get("type") or "?", parent, child, element, place)


def parent_from_joint(joint: UrdfJoint) -> Array:
    """(4, 4)."""
    xyz, rpy = origin_of(joint)
    return se3.compose(rotation_of_rpy(rpy), np.array(xyz))


def origin_of(joint: UrdfJoint) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """xyz in m and rpy in rad, as written. Raises InputError `urdf-value`."""
    origin = joint.element.find("origin")
    return _numbers(origin, "xyz", "0 0 0", joint.place), _numbers(origin, "rpy", "0 0 0", joint.place)


def rotation_of_rpy(rpy: Sequence[float]) -> Array:
    """(3, 3) of roll, pitch and yaw in rad: Rz(yaw) Ry(pitch) Rx(roll)."""
    roll, pitch, yaw = rpy
    turns = [so3.exp(np.array(w)) for w in ((0, 0, yaw), (0, pitch, 0), (roll, 0, 0))]
    return turns[0] @ turns[1] @ turns[2]


def rpy_of_rotation(rotation: Array, near: Sequence[float] = (0.0, 0.0, 0.0)) -> Array:
    """roll, pitch and yaw (3,) in rad of a rotation (3, 3), those nearest to `near` of all that mean the same."""
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    level = rotation @ rotation_of_rpy((roll, 0, 0)).T  # of pitch and yaw alone, also where roll is arbitrary
    pitch, yaw = np.arctan2(-level[2, 0], level[2, 2]), np.arctan2(-level[0, 1], level[1, 1])
    both = np.array([[roll, pitch, yaw], [roll + np.pi, np.pi - pitch, yaw + np.pi]])
    both += 2 * np.pi * np.round((np.array(near) - both) / (2 * np.pi))
    return np.asarray(both[np.argmin(np.abs(both - near).sum(axis=1))])


def axis_of(joint: UrdfJoint) -> Array:
    """(3,) unit vector in the joint frame."""
    axis = np.array(_numbers(joint.element.find("axis"), "xyz", "1 0 0", joint.place))  # x is the format's default
    length = float(np.linalg.norm(axis))
    if length < 1e-9:
        advice = 'give it one, as in <axis xyz="0 0 1"/>'
        raise InputError("its axis has no direction", code="urdf-value", where=joint.place, advice=advice)
    return axis / length


def _limits(joint: UrdfJoint) -> tuple[float, float]:
    """rad or m."""
    limit = joint.element.find("limit")
    if limit is None or joint.kind not in ("revolute", "prismatic"):
        return -math.inf, math.inf
    return _numbers(limit, "lower", "0", joint.place, 1)[0], _numbers(limit, "upper", "0", joint.place, 1)[0]


def _structure(what: str, where: str, advice: str) -> InputError:
    return InputError(what, code="urdf-structure", where=where, advice=advice)


def _link_name(element: ElementTree.Element, tag: str, place: str) -> str:
    found = element.find(tag)
    name = None if found is None else found.get("link")
    if not name:
        raise _structure(f"has no <{tag} link=...>", place, f'name its {tag} link, as in <{tag} link="link_1"/>')
    return name


def _numbers(
    element: ElementTree.Element | None, attribute: str, default: str, place: str, count: int = 3
) -> tuple[float, ...]:
    text = default if element is None else element.get(attribute, default)
    try:
        values = tuple(float(word) for word in text.split())
    except ValueError:
        values = ()
    if len(values) != count or not all(math.isfinite(value) and abs(value) < MAX_MAGNITUDE for value in values):
        what = f"{attribute}={cut(text)!r} is not {count} finite numbers below {MAX_MAGNITUDE:g}"
        raise InputError(what, code="urdf-value", where=place, advice="correct the number in the URDF")
    return values


def _chain(joints: tuple[UrdfJoint, ...], tip: str | None, where: str) -> tuple[UrdfJoint, ...]:
    """The joints from the root to the link `tip`, in order."""
    above = {joint.child: joint for joint in joints}
    if not joints:
        raise _structure("holds no joint", where, "give the URDF of the whole arm")
    if len(above) < len(joints):
        raise _structure("a link has two parent joints", where, "remove one: a URDF is a tree")
    if tip is None:
        parents = {joint.parent for joint in joints}
        tips = [joint.child for joint in joints if joint.child not in parents]
        if len(tips) != 1:
            raise _several_tips(sorted(tips), where)
        tip = tips[0]
    if tip not in above:
        hint = did_you_mean(tip, above)
        raise UsageError(f"no joint leads to a link {cut(tip)!r}", code="urdf-tip", where=where, advice=hint)
    chain: list[UrdfJoint] = []
    link = tip
    while link in above:
        if len(chain) > len(joints):
            raise _structure("the links form a loop", where, "remove the joint that closes it: a URDF is a tree")
        chain.append(above[link])
        link = above[link].parent
    if len(chain) > MOST_IN_CHAIN:
        what = f"{len(chain)} joints from the root to link {cut(tip)!r}; at most {MOST_IN_CHAIN} are read"
        raise _structure(what, where, "name a tip nearer to the root, with --tip")
    return tuple(reversed(chain))


def _several_tips(tips: list[str], where: str) -> UsageError:
    """The error for a file whose chains end in several links, or in none."""
    if not tips:
        advice = "correct the URDF: its links form a loop"
        return UsageError("no last link", code="urdf-tip", where=where, advice=advice)
    return UsageError(
        f"the links end in {len(tips)} tips, and none was chosen",
        code="urdf-tip",
        where=where,
        why=first_few(tips, MOST_TIPS),
        advice=f"add the one that carries the target, or any link on the way: --tip {shlex.quote(tips[0])} "
        f"(in cell.yaml, tip: {tips[0]})",
    )


def links_of_chain(chain: tuple[UrdfJoint, ...]) -> Array:
    """The constants (moving joints + 1, 4, 4) between motions about z, for a chain with axes of any direction.

    Raises InputError `urdf-value`.
    """
    links = []
    now = np.eye(4)
    for joint in chain:
        now = now @ parent_from_joint(joint)
        if joint.kind == "fixed":
            continue
        turn = se3.compose(so3.turning_z_to(axis_of(joint)), np.zeros(3))
        links.append(now @ turn)
        now = se3.inverse(turn)
    return np.array([*links, now])
