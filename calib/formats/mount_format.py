"""What a format of a frame's pose is: one file in `mounts/`, written from cameras on a robot and bases in a cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
FRAME_REMARKS = {
    "flange": "flange is the frame whose poses the robot reported; in ROS that is tool0 for most robots, not a link "
    "called flange: --parent tool0",
    "base": "base is the frame in which the robot reported its poses; in ROS that may be called otherwise (and "
    "base_link of Universal Robots is turned by half a turn against base): --parent NAME",
}
ROTATION_WITHIN = 1e-6  # of R'R = 1, as written


@dataclass(frozen=True, eq=False)
class MountedFrame:
    """A camera on the flange or in the base, or a base in the world."""

    parent: str
    """The frame that carries it."""
    child: str
    """Its own frame; of a camera the optical one: z forward, x right, y down."""
    parent_from_child: Array
    """(4, 4) in metres."""
    setup: str = ""
    """eye-in-hand or eye-to-hand, of a camera."""

    @property
    def numbers(self) -> tuple[list[str], list[str]]:
        """Position and quaternion xyzw as texts that read back to the same numbers."""
        position = [repr(float(value) + 0.0) for value in self.parent_from_child[:3, 3]]
        return position, [repr(float(value) + 0.0) for value in so3.quaternion_xyzw(self.parent_from_child[:3, :3])]


@dataclass(frozen=True)
class MountFormat:
    """A format of the poses of frames."""

    tool: str
    """What reads it."""
    meaning: str
    """Unit, order and direction."""
    file_name: str
    """Of the file that is written, where none is asked for."""
    write: Callable[[Sequence[MountedFrame]], str]
    """Its text. Raises UsageError `frames-not-held`."""
    loses: str
    """What it cannot hold."""
    unasked: bool = False
    """Whether the folder of every result holds such a file."""

    def unasked_files(self, frames: Sequence[MountedFrame]) -> dict[str, str]:
        """What the folder of a result holds of its frames."""
        return {self.file_name: self.write(frames)} if self.unasked else {}


def load_mount_format(name: str) -> MountFormat:
    """The format of that name. Raises UsageError `unknown-format`."""
    found: MountFormat = plugins.pick(FORMATS, "FORMAT", name)
    return found


def require_one_camera(frames: Sequence[MountedFrame], name: str) -> tuple[MountedFrame, str, str]:
    """The only camera, with the frames of the robot's effector and base. Raises UsageError `frames-not-held`."""
    if len(frames) != 1 or not frames[0].setup:
        raise UsageError(
            f"the format {name} holds one camera, and this result has {len(frames)} frames",
            code="frames-not-held",
            where="--to",
            advice="export the folder of one camera, or write ros2_launch",
        )
    camera = frames[0]
    return (camera, camera.parent, "base") if camera.setup == "eye-in-hand" else (camera, "flange", camera.parent)


@dataclass(frozen=True)
class _Place:
    frame: str
    matrix: tuple[tuple[float, ...], ...]


def load_mounted_frames(path: str | Path) -> tuple[MountedFrame, ...]:
    """The camera of a `hand_eye.yaml`, those of a `cameras.yaml`, the bases of a `cell.yaml`, or of such a folder.

    Raises UsageError `not-in-folder`, `config-...`.
    """
    path = Path(path)
    name = next((name for name in ("hand_eye.yaml", "cameras.yaml", "cell.yaml") if (path / name).is_file()), None)
    path = path / name if name else file_in(path, "hand_eye.yaml", "calib export")
    document: Any = read_document(path)
    if not isinstance(document, dict):
        document = {}
    if isinstance(document.get("cameras"), dict):
        return tuple(_camera(each, f"{path}: {name}", name) for name, each in document["cameras"].items())
    if isinstance(document.get("arms"), dict) and isinstance(document.get("world"), str):
        return tuple(_base(document["world"], arm, each, f"{path}: {arm}") for arm, each in document["arms"].items())
    return (_camera(document, str(path), str(document.get("camera", ""))),)


def optical_frame(camera: str) -> str:
    """The name of a camera's own frame; the camera's may be empty."""
    return f"{camera or 'camera'}_optical_frame"


def _camera(document: Any, where: str, name: str) -> MountedFrame:
    given = document.get("mount_from_camera") if isinstance(document, dict) else None
    wanted = {key: given.get(key) for key in ("frame", "matrix")} if isinstance(given, dict) else given
    where_camera = f"{where}: mount_from_camera"
    place = config.build(_Place, wanted, where_camera)
    child = config.require_name(optical_frame(name), where)
    parent, setup = config.require_name(place.frame, where_camera), str(document.get("setup", ""))
    return MountedFrame(parent, child, _transform(place.matrix, where_camera), setup)


def _base(world: str, arm: str, document: Any, where: str) -> MountedFrame:
    given = document.get("world_from_base") if isinstance(document, dict) else None
    where = f"{where}: world_from_base"
    place = config.build(_Place, {"frame": world, "matrix": given}, where)
    names = config.require_name(world, where), f"{config.require_name(arm, where)}_base"
    return MountedFrame(*names, _transform(place.matrix, where))


def _transform(rows: tuple[tuple[float, ...], ...], where: str) -> Array:
    matrix = np.array(rows) if {len(row) for row in rows} == {4} else np.zeros((0, 0))
    rotation = matrix[:3, :3]
    if matrix.shape != (4, 4) or np.abs(rotation.T @ rotation - np.eye(3)).max() > ROTATION_WITHIN:
        advice = "restore the file as calib wrote it"
        raise UsageError("matrix is no 4 x 4 transform", code="config-value", where=where, advice=advice)
    return matrix


def named_frames(
    frames: Sequence[MountedFrame], parent: str | None, child: str | None
) -> tuple[tuple[MountedFrame, ...], str]:
    """The frames under names of one's own, and what is to be known of the parent's name; may be empty.

    Raises UsageError `frames-not-named` for one name of several frames.
    """
    if child is not None and len(frames) > 1:
        raise UsageError(
            f"{len(frames)} frames, and one name for them",
            code="frames-not-named",
            where="--child",
            advice="leave --child out, or export the folder of one camera",
        )
    names = [(parent or each.parent, child or each.child) for each in frames]
    for name in {name for pair in names for name in pair}:
        config.require_name(name, "--parent, --child")
    named = tuple(replace(each, parent=up, child=own) for each, (up, own) in zip(frames, names, strict=True))
    unnamed = sorted({each.parent for each in frames} & FRAME_REMARKS.keys()) if parent is None else []
    return named, "; ".join(FRAME_REMARKS[name] for name in unnamed)
