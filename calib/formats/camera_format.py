"""What a format of cameras is: one file in `cameras/`, found by what is in a file and then by its ending."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calib import plugins
from calib.errors import CalibError, UsageError
from calib.storage.result_folder import file_in

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.formats.content.source import Source

FORMATS = "calib.formats.cameras"
Files = Mapping[str, str | bytes]
"""Content by file name."""


@dataclass(frozen=True)
class HeldLens:
    """A lens that a format holds."""

    lens: str
    """Its name."""
    zero: tuple[str, ...] = ()
    """Labels of it that the format has no place for."""

    def __str__(self) -> str:
        return f"{self.lens}{' without ' + ' '.join(self.zero) if self.zero else ''}"


@dataclass(frozen=True)
class CameraFormat:
    """A format of cameras."""

    tool: str
    """What reads and writes it."""
    meaning: str
    """Lenses, order of coefficients, pixel origin."""
    example: str
    """Such a file, of a camera with fx 615, fy 614, cx 320, cy 240 and image size 640 x 480."""
    recognise: Callable[[Source], bool]
    """Whether a file is of this format."""
    read: Callable[[Source], Camera]
    """The camera. Raises InputError `camera-value`, `lens-unknown`."""
    suffixes: tuple[str, ...] = ()
    """Endings of its files."""
    write: Callable[[Camera, str], Files] | None = None
    """Files of a camera, the main one under the name given without its ending; None for one only read. Raises
    UsageError `lens-not-held`."""
    file_name: str = ""
    """Of the file that is written, where none is asked for."""
    loses: str = ""
    """What a file so written cannot hold."""
    lenses: tuple[HeldLens, ...] = ()
    """What it holds, for a camera of another lens that is refitted."""
    unasked: str = ""
    """Name, without its ending, under which the folder of every result holds such a file; empty: none does."""

    def unasked_files(self, camera: Camera) -> Files:
        """What the folder of a result holds of its camera. Raises UsageError `lens-not-held`."""
        return self.write(camera, self.unasked) if self.unasked and self.write is not None else {}


def load_camera_format(name: str) -> CameraFormat:
    """The format of that name. Raises UsageError `unknown-format`."""
    found: CameraFormat = plugins.pick(FORMATS, "FORMAT", name)
    return found


def find_camera_format(source: Source) -> str | None:
    """The name of the format that a file is of, by its content and then by its ending; None if it is of none."""
    names = plugins.discover(FORMATS)
    order = sorted(names, key=lambda name: (source.suffix not in load_camera_format(name).suffixes, name))
    return next((name for name in order if load_camera_format(name).recognise(source)), None)


def load_any_camera(path: str | Path) -> Camera:
    """A camera of `calib camera`, or of another tool; of a file with several cameras that named after `#`.

    Raises the errors of `calib.camera.load_camera`; InputError `lens-unknown`, `camera-value`, `camera-several`.
    """
    from calib.camera.camera import load_camera
    from calib.formats.content.source import Source, split_part

    path, part = split_part(Path(path))
    file = file_in(path, "camera.yaml", "--camera")
    try:
        return load_camera(file)
    except UsageError as error:
        own = error
    source = Source(file, part)
    try:
        if {"lens", "parameters"} <= source.mapping.keys():
            raise own
        name = find_camera_format(source)
    except CalibError:
        raise own from None
    if name is None:
        raise own
    return load_camera_format(name).read(source)


def require_camera_writer(name: str) -> Callable[[Camera, str], Files]:
    """What writes cameras in a format. Raises UsageError `unknown-format`, `format-not-written`."""
    write = load_camera_format(name).write
    if write is None:
        able = [each for each in plugins.discover(FORMATS) if load_camera_format(each).write is not None]
        raise UsageError(
            f"cameras are read from the format {name}, and not written",
            code="format-not-written",
            where="--to",
            advice=f"one of: {', '.join(able)}",
        )
    return write
