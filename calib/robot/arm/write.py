"""The geometry of an arm as YAML text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from calib.arrays import Array
from calib.robot.arm.dh_row import COLUMNS, UNITS
from calib.robot.arm.serial_arm import SerialArm


def geometry_as_yaml(arm: SerialArm) -> str:
    """YAML text that loads again as the same geometry, bit for bit (17 digits)."""
    lines = [
        f"name: {_quote(arm.name)}",
        f"title: {_quote(arm.title)}",
        f"source: {_quote(arm.source)}",
        f"convention: {arm.convention}",
        "joints:",
    ]
    signs = np.diag(arm.motion_from_command)
    for i in range(arm.joints):
        parts = ["type: prismatic"] if arm.prismatic[i] else []
        parts += [f"name: {_quote(arm.joint_names[i])}"]
        cells = zip(COLUMNS, UNITS, arm.table[i].tolist(), strict=True)
        parts += [f"{column}_{unit}: {value!r}" for column, unit, value in cells]
        parts += ["sign: -1"] if signs[i] < 0 else []
        if np.all(np.isfinite(arm.limits[i])):
            parts += [f"limits_{'m' if arm.prismatic[i] else 'rad'}: {arm.limits[i].tolist()}"]
        lines.append(f"  - {{{', '.join(parts)}}}")
    ratios = arm.motion_from_command * signs[:, None] - np.eye(arm.joints)
    if np.any(ratios):
        lines.append("couplings:")
        lines += [
            f"  - {{joint: {i + 1}, adds: {k + 1}, ratio: {ratios[i, k].item()!r}}}" for i, k in np.argwhere(ratios)
        ]
    for name, transform in (("base", arm.base), ("tool", arm.tool)):
        if np.any(transform != np.eye(4)):
            lines += [f"{name}:", *_matrix_lines(transform, "  ")]
    if arm.checks:
        lines.append("checks:")
    for check in arm.checks:
        lines += [
            f"  - joints_rad_m: {check.command.tolist()}",
            *_matrix_lines(check.base_from_flange, "    "),
            f"    within_mm: {check.within_m * 1000!r}",
            f"    within_deg: {math.degrees(check.within_rad)!r}",
            f"    source: {_quote(check.source)}",
        ]
    return "\n".join(lines) + "\n"


def _quote(text: str) -> str:
    """The text as a double-quoted YAML scalar; JSON's are."""
    return json.dumps(text, ensure_ascii=False)


def _matrix_lines(transform: Array, indent: str) -> list[str]:
    return [f"{indent}matrix:", *(f"{indent}  - {row}" for row in transform.tolist())]


def block_lines(document: Mapping[str, Any], indent: str) -> list[str]:
    """Plain data as lines of YAML: mappings, and lists of mappings or of lists, in blocks, all else on one line."""
    lines = []
    for key, value in document.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{key}:", *block_lines(value, indent + "  ")]
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            lines.append(f"{indent}{key}:")
            for item in value:
                first, *rest = block_lines(item, indent + "    ")
                lines += [f"{indent}  - {first.lstrip()}", *rest]
        elif isinstance(value, list) and value and all(isinstance(item, list) for item in value):
            lines += [f"{indent}{key}:", *(f"{indent}  - {json.dumps(item)}" for item in value)]
        else:
            lines.append(f"{indent}{key}: {json.dumps(value)}")
    return lines
