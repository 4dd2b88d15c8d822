"""Joint states of ROS: values in a list beside a list of names, in an order of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from calib.arrays import Array

MOST_JOINTS = 50
_NAME = re.compile(r"(.*?)name[_\[ ]*(\d{1,3})\]?")
_POSITION = re.compile(r"(.*?)position[_\[ ]*(\d{1,3})\]?")


def with_joint_names(numbers: Mapping[str, Array], texts: Mapping[str, tuple[str, ...]]) -> dict[str, Array]:
    """Columns position0, position1, ... under the names that columns name0, name1, ... hold, where each holds one.

    As `rostopic echo -p` and `ros2 topic echo --csv` write a sensor_msgs/JointState.
    """
    given = {match.groups(): set(column) for name, column in texts.items() if (match := _NAME.fullmatch(name))}
    renamed: dict[str, Array] = {}
    for name, column in numbers.items():
        match = _POSITION.fullmatch(name)
        own = given.get(match.groups(), set()) if match else set()
        new = next(iter(own)) if len(own) == 1 else name
        renamed[name if new in renamed or new in numbers else new] = column
    return renamed


def named_positions(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of a record with lists `name` and `position`, as long: the values by name; else none."""
    names, values = record.get("name"), record.get("position")
    if not isinstance(names, list) or not isinstance(values, list) or not 0 < len(names) == len(values) <= MOST_JOINTS:
        return {}
    if len({*map(str, names)}) != len(names) or not all(isinstance(name, str) and name for name in names):
        return {}
    return dict(zip(names, values, strict=True))
