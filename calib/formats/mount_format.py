"""What a format of a camera's pose on a robot is: one file in `mounts/`, written from a hand-eye calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib import config, plugins
from calib.arrays import Array
from calib.errors import UsageError
from calib.geometry import so3
from calib.storage.result_folder import file_in
from calib.storage.stored import read_document

FORMATS = "calib.formats.mounts"
ROTATION_WITHIN = 1e-6  # of R'R = 1, as written


@dataclass(frozen=True, eq=False)
class MountedCamera:
    """A camera on the flange or in the base."""

    setup: str
    """eye-in-hand or eye-to-hand."""
    parent: str
    """The frame that carries it."""
    child: str
    """Its own frame, the optical one: z forward, x right, y down."""
    parent_from_camera: Array
    """(4, 4) in metres."""

    @property
    def numbers(self) -> tuple[list[str], list[str]]:
        """Position and quaternion xyzw as texts that read back to the same numbers."""
        position = [repr(float(value) + 0.0) for value in self.parent_from_camera[:3, 3]]
        return position, [repr(float(value) + 0.0) for value in so3.quaternion_xyzw(self.parent_from_camera[:3, :3])]


@dataclass(frozen=True)
class MountFormat:
    """A format of a camera's pose."""

    tool: str
    """What reads it."""
    meaning: str
    """Unit, order and direction."""
    file_name: str
    """Of the file that is written, where none is asked for."""
    write: Callable[[MountedCamera], str]
    """Its text."""
    loses: str
    """What it cannot hold."""


def load_mount_format(name: str) -> MountFormat:
    """The format of that name. Raises UsageError `unknown-format`."""
    found: MountFormat = plugins.pick(FORMATS, "FORMAT", name)
    return found


@dataclass(frozen=True)
class _Place:
    frame: str
    matrix: tuple[tuple[float, ...], ...]


def load_mounted_camera(path: str | Path) -> MountedCamera:
    """The camera of a `hand_eye.yaml`, or of the folder of that calibration.

    Raises UsageError `not-in-folder`, `config-...`.
    """
    path = file_in(Path(path), "hand_eye.yaml", "calib export")
    document: Any = read_document(path)
    where = f"{path}: mount_from_camera"
    given = document.get("mount_from_camera") if isinstance(document, dict) else None
    wanted = {key: given.get(key) for key in ("frame", "matrix")} if isinstance(given, dict) else given
    place = config.build(_Place, wanted, where)
    matrix = np.array(place.matrix) if {len(row) for row in place.matrix} == {4} else np.zeros((0, 0))
    rotation = matrix[:3, :3]
    if matrix.shape != (4, 4) or np.abs(rotation.T @ rotation - np.eye(3)).max() > ROTATION_WITHIN:
        advice = "restore the file as calib wrote it"
        raise UsageError("matrix is no 4 x 4 transform", code="config-value", where=where, advice=advice)
    camera = f"{config.require_name(str(document.get('camera', 'camera')), str(path))}_optical_frame"
    return MountedCamera(str(document.get("setup", "")), config.require_name(place.frame, where), camera, matrix)
