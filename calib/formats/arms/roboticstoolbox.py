"""Robotics Toolbox for Python: a robot as a sequence of elementary transforms, Hayati's angle among them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from calib.formats.arm_format import ArmFormat, require_signs
from calib.formats.chains.arm_of_numbers import arm_of_links, arm_of_rows, wrong_arm
from calib.formats.chains.urdf_origins import plain_origins
from calib.formats.content.expressions import value_of
from calib.geometry import se3, so3
from calib.text import one_line

if TYPE_CHECKING:
    from calib.arrays import Array
    from calib.formats.chains.urdf_origins import JointOrigin
    from calib.formats.content.source import Source
    from calib.robot.arm.serial_arm import SerialArm


def write(arm: SerialArm) -> str:
    """A module that makes `robot`."""
    signs = require_signs(arm, "roboticstoolbox").tolist()
    steps = [
        step
        for i, origin in enumerate(plain_origins(arm))
        for step in (*_place_steps(origin), *_joint_steps(arm, i, signs))
    ]
    body = "\n".join(f"    * {step}" for step in steps[1:])
    return (
        f'"""{arm.name}, in m and rad."""\n\nimport roboticstoolbox as rtb\nfrom roboticstoolbox import ET\n\n'
        f"ets = (\n    {steps[0]}\n{body}\n)\nrobot = rtb.Robot(ets, name={arm.name!r})\n"
    )


def _place_steps(origin: JointOrigin) -> list[str]:
    """An origin step by step, what is zero left out."""
    steps = [*zip(("tx", "ty", "tz"), origin.xyz, strict=True)]
    steps += [*zip(("Rz", "Ry", "Rx"), reversed(origin.rpy), strict=True)]
    return [f"ET.{axis}({value!r})" for axis, value in steps if value]


def _joint_steps(arm: SerialArm, joint: int, signs: Array) -> list[str]:
    """The joint behind an origin, none behind the last."""
    if joint == arm.joints:
        return []
    flip = ", flip=True" if signs[joint] < 0 else ""
    low, high = arm.limits[joint].tolist()
    limits = f", qlim=({low!r}, {high!r})" if abs(low) + abs(high) < float("inf") else ""
    return [f"ET.{'tz' if arm.prismatic[joint] else 'Rz'}(jindex={joint}{flip}{limits})"]


READ = 1_000_000  # characters
_STEP = re.compile(r"\bET\.(tx|ty|tz|Rx|Ry|Rz)\(([^()]{0,200}(?:\([^()]{0,200}\)[^()]{0,200})?)\)")
_LINK = re.compile(r"\b(Revolute|Prismatic)(M?DH)\(([^()]{0,400}(?:\([^()]{0,200}\)[^()]{0,200})*)\)")
_PAIR = re.compile(r"\s*(\w{1,30})\s*=\s*(.*)", re.S)
ARGUMENTS = {"Revolute": ("d", "a", "alpha", "offset"), "Prismatic": ("theta", "a", "alpha", "offset")}


def recognise(source: Source) -> bool:
    """Whether there are elementary transforms with a joint, or links of DH."""
    text = source.text[:READ]
    return _LINK.search(text) is not None or any(_turns(match[2]) for match in _STEP.finditer(text))


def read(source: Source) -> SerialArm:
    """The arm of all links or elementary transforms, in their order. Raises InputError `arm-value`."""
    text, where = source.text[:READ], source.where
    links = [*_LINK.finditer(text)]
    if links:
        return _of_links(links, source.path.stem, where)
    constants, prismatic, signs = [np.eye(4)], [], []
    for match in _STEP.finditer(text):
        axis = "xyz".index(match[1][1].lower())
        slides = match[1].startswith("t")
        if not _turns(match[2]):
            value = value_of(match[2].split(",")[0])
            if value is None:
                raise wrong_arm(f"cannot evaluate {one_line(match[0])}", where)
            constants[-1] = constants[-1] @ _elementary(axis, slides, value)
            continue
        to_axis = TO_AXIS[axis]  # the joint's own axis becomes z
        constants[-1] = constants[-1] @ to_axis
        constants.append(to_axis.T)
        prismatic.append(slides)
        signs.append(-1.0 if re.search(r"flip\s*=\s*True", match[2]) else 1.0)
    return arm_of_links(source.path.stem, np.array(constants), where, prismatic=prismatic, signs=signs)


TO_AXIS = tuple(
    np.block([[np.array(turn, dtype=float), np.zeros((3, 1))], [np.zeros((1, 3)), np.ones((1, 1))]])
    for turn in ([[0, 0, 1], [1, 0, 0], [0, 1, 0]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.eye(3).tolist())
)


def _turns(arguments: str) -> bool:
    """Whether a transform is a joint: without a value."""
    first = arguments.split(",")[0]
    return not first.strip() or "=" in first


def _elementary(axis: int, slides: bool, value: float) -> Array:
    vector = np.zeros(3)
    vector[axis] = value
    return se3.compose(np.eye(3), vector) if slides else se3.compose(so3.exp(vector), np.zeros(3))


def _of_links(links: list[re.Match[str]], name: str, where: str) -> SerialArm:
    rows, signs = [], []
    for link in links:
        values = dict.fromkeys(("theta", "d", "a", "alpha", "offset"), 0.0)
        parts = [part for part in re.split(r",(?![^\[\]]*\])", link[3]) if part.strip()]
        for place, part in enumerate(parts):
            pair = _PAIR.fullmatch(part)
            key = pair[1] if pair else ARGUMENTS[link[1]][place] if place < 4 else ""
            found = value_of(pair[2] if pair else part)
            if key in values and found is None:
                raise wrong_arm(f"cannot evaluate {one_line(part)} in {one_line(link[0])}", where)
            values |= {key: found} if key in values and found is not None else {}
        signs.append(-1.0 if re.search(r"flip\s*=\s*True", link[3]) else 1.0)
        own = "theta" if link[1] == "Revolute" else "d"
        values[own] += values["offset"]
        rows.append([values[each] for each in ("theta", "d", "a", "alpha")])
    kinds = {link[2] for link in links}
    if len(kinds) > 1:
        raise wrong_arm("links of standard and of modified DH in one file", where)
    return arm_of_rows(
        name,
        "standard_dh" if kinds == {"DH"} else "modified_dh",
        np.array(rows),
        where,
        prismatic=[link[1] == "Prismatic" for link in links],
        signs=signs,
    )


FORMAT = ArmFormat(
    tool="roboticstoolbox-python (P. Corke)",
    meaning="m, rad; elementary transforms from the base to the flange; RevoluteDH, RevoluteMDH and prismatic ones are "
    "read as well",
    example="ets = (\n    ET.tz(0.1625)\n    * ET.Rz(jindex=0)\n    * ET.Rx(1.5707963267948966)\n)\n"
    'robot = rtb.Robot(ets, name="ur5e")',
    file_name="arm_roboticstoolbox.py",
    write=write,
    recognise=recognise,
    read=read,
    loses="uncertainty; couplings of joints are refused",
)
