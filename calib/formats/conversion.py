"""From a file, or the folder of a result, to a file of another tool; what is lost on the way is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from calib import plugins
from calib.errors import InputError, UsageError, did_you_mean
from calib.files import write_files
from calib.formats import arm_format, camera_format, corner_format, mount_format, pose_format
from calib.formats.arm_format import beyond_geometry, load_arm_format, require_arm_writer
from calib.formats.arm_to_write import arm_to_write
from calib.formats.camera_format import load_any_camera, load_camera_format, require_camera_writer
from calib.formats.columns.header_words import IMAGE_WORDS
from calib.formats.lens_refit import refit_for
from calib.formats.mount_format import load_mount_format, load_mounted_frames, named_frames
from calib.formats.pose_format import NamedPoses, load_pose_format, require_writer
from calib.formats.pose_reader import read_poses
from calib.formats.stated_poses import require_one_reading
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.robot.arm_model import Arm


@dataclass(frozen=True)
class Converted:
    """What a conversion wrote."""

    files: tuple[Path, ...]
    """The files."""
    format_name: str
    """Their format."""
    meaning: str
    """Unit, order and direction of the numbers in them."""
    loses: str
    """What they cannot hold."""
    remark: str = ""
    """What else is to be known of them."""

    def __str__(self) -> str:
        lines = [f"written: {', '.join(map(str, self.files))}", f"{self.format_name}: {self.meaning}"]
        lines += [self.remark] if self.remark else []
        return "\n".join([*lines, f"not in it: {self.loses or 'nothing'}"])


def convert(
    path: str | Path,
    to: str,
    output: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    euler: str | None = None,
    urdf: str | Path | None = None,
    tip: str | None = None,
    parent: str | None = None,
    child: str | None = None,
    refit: bool = False,
) -> Converted:
    """Write a camera, an arm, poses, or the frames of a hand-eye or cell calibration, in the format `to`.

    path: a file of any format that is read, or the folder of a result. output: the file to write; None: the usual name
    of the format, beside nothing that is there. columns, euler: of a table of poses that leaves them open. urdf, tip:
    of an arm, see `calib.formats.arm_to_write`. parent, child: names of the frames in ROS.
    refit: whether a lens that the format does not hold is replaced by the nearest that it does.

    Raises UsageError `unknown-format`, `format-not-written`, `lens-not-held`, `arm-not-held`, `urdf-other-arm`,
    `frames-not-held`, `frames-not-named`,
    `file-exists`; the errors of the readers;
    InputError `reading-undecided` for poses of which the file does not say how they are meant.
    """
    if to in plugins.discover(camera_format.FORMATS):
        return _write_camera(load_any_camera(path), to, output, refit)
    if to in plugins.discover(arm_format.FORMATS):
        return _write_arm(arm_to_write(path, urdf, tip), to, output)
    if to in plugins.discover(mount_format.FORMATS):
        mount = load_mount_format(to)
        frames, remark = named_frames(load_mounted_frames(path), parent, child)
        done = _place({mount.file_name: mount.write(frames)}, to, mount.meaning, mount.loses, output)
        return replace(done, remark=remark)
    if to in plugins.discover(pose_format.FORMATS):
        pose = load_pose_format(to)
        text = require_writer(to)(_poses(path, columns, euler))
        name = f"poses{next(iter(pose.suffixes), '.txt')}"
        return _place({name: text}, to, pose.meaning, pose.loses, output)
    if to in plugins.discover(corner_format.FORMATS):
        raise UsageError(
            f"corners are read from the format {to}, and not written",
            code="format-not-written",
            where="--to",
            advice="name a format of cameras or poses (`calib list formats`)",
        )
    known = [name for package in PACKAGES for name in plugins.discover(package)]
    raise UsageError(f"unknown format {to!r}", code="unknown-format", where="--to", advice=did_you_mean(to, known))


PACKAGES = (
    camera_format.FORMATS,
    arm_format.FORMATS,
    mount_format.FORMATS,
    pose_format.FORMATS,
    corner_format.FORMATS,
)


def _write_camera(camera: Camera, to: str, output: str | Path | None, refit: bool) -> Converted:
    write, form = require_camera_writer(to), load_camera_format(to)
    stem, remark = Path(output).stem if output is not None else form.file_name, ""
    try:
        files = dict(write(camera, stem))
    except UsageError as error:
        if not refit or error.code != "lens-not-held":
            raise
        found, words = refit_for(camera, form)
        remark = (
            f"lens refitted: {words} in place of {camera.lens.name}; they differ by {found.rms_px:.3g} px rms and "
            f"{found.largest_px:.3g} px at most over the image"
        )
        files = dict(write(found.camera, stem))
    return replace(_place(files, to, form.meaning, form.loses, output), remark=remark)


def _write_arm(arm: Arm, to: str, output: str | Path | None) -> Converted:
    form = load_arm_format(to)
    content = {form.file_name: require_arm_writer(to)(arm.geometry)}
    loses = "; ".join(text for text in (beyond_geometry(arm), form.loses) if text)
    done = _place(content, to, form.meaning, loses, output)
    return done if form.remark is None else replace(done, remark=form.remark(arm.geometry))


def _place(files: Mapping[str, str | bytes], to: str, meaning: str, loses: str, output: str | Path | None) -> Converted:
    """Write the files; the one main file under the name that is asked for."""
    folder = Path() if output is None else Path(output).parent
    names = dict(files)
    if output is not None:
        first = next(iter(names))
        names[Path(output).name] = names.pop(first)
    write_files(names, folder)
    return Converted(tuple(folder / name for name in names), to, meaning, loses)


def _poses(path: str | Path, columns: Mapping[str, str] | None, euler: str | None) -> NamedPoses:
    """The poses of a file that says how they are meant."""
    table = require_one_reading(read_poses(path, columns=columns, euler=euler, joints_needed=False))
    if table.rotation is None or table.position is None:
        raise InputError(
            "holds no poses", code="poses-missing", where=table.name, advice="give positions with orientations"
        )
    names = next((texts for name, texts in table.other.items() if name.lower() in IMAGE_WORDS), ())
    return NamedPoses(se3.compose(table.rotation, table.position), names)
