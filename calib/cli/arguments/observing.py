"""Where corners come from on the command line: images of a board, or a table of corners found elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calib.cli.arguments.values import parse_size
from calib.errors import UsageError

if TYPE_CHECKING:
    from calib.camera import Camera, Observations
    from calib.cli.arguments.inputs import Images
    from calib.cli.running.reporting import Reporter


@dataclass(frozen=True)
class Detection:
    """The options that say how corners are found, the same in every command that takes images."""

    board: str | None
    """Of the images."""
    image_size: str | None
    """WxH, of a table of corners, which does not hold it."""
    jobs: int | None
    """Processes."""
    timeout_s: float
    """Limit for one image."""
    exclude: Sequence[str] = ()
    """Names of images that are left out."""
    columns: str | None = None
    """What the columns of a table of corners are."""
    overlays: bool = False
    """Whether pictures of what was found are written beside the result."""
    films: bool = False
    """Whether frames may be chosen from a film: not where each image has a pose of its own."""

    def check(self, images: object, corners: object, example: str) -> None:
        """Raise UsageError `input-missing` unless one of the two is given, `option-conflict` for what does not apply.

        The example is a command that would do.
        """
        if (not images) == (not corners):
            raise UsageError("give either --images or --corners", code="input-missing", advice=example)
        for option, value in (("--image-size", self.image_size), ("--columns", self.columns)):
            if images and value is not None:
                what = f"{option} does not apply to --images"
                raise UsageError(what, code="option-conflict", advice=f"leave {option} out")
        if self.image_size is not None:
            parse_size(self.image_size)

    def observe(self, images: Images | None, corners: Path | None, reporter: Reporter) -> Observations:
        """Corners detected in images, or read from a table. Raises UsageError `unknown-image` as well."""
        seen = self._observe(images, corners, reporter).without(self.exclude)
        if self.overlays and images is not None:
            from calib.camera import draw_overlays

            drawn = draw_overlays(images, seen)
            cameras = len({name.partition("/")[0] for name in reporter.extra_files})  # those before this one
            folder = f"overlays-{cameras + 1}" if cameras else "overlays"
            reporter.extra_files.update({f"{folder}/{name}": content for name, content in drawn.items()})
        return seen

    def _observe(self, images: Images | None, corners: Path | None, reporter: Reporter) -> Observations:
        if images is not None:
            from calib.camera import detect, detect_film, is_film

            on_progress = reporter.on_progress("corners")
            if is_film(images) and (self.overlays or not self.films):
                raise UsageError(
                    "a film in place of images",
                    code="film-unpaired",
                    where=str(images),
                    why="frames are chosen from a film by `calib camera` alone, without --overlays: none has a pose of "
                    "the robot, and none is kept as an image",
                    advice="take out the frame of each pose: ffmpeg -ss SECONDS -i FILM -frames:v 1 photos/pose_1.png",
                )
            if isinstance(images, Path) and is_film(images):
                return detect_film(
                    images, self.board, jobs=self.jobs, timeout_s=self.timeout_s, on_progress=on_progress
                )
            return detect(images, self.board, jobs=self.jobs, timeout_s=self.timeout_s, on_progress=on_progress)
        from calib.formats import read_any_corners
        from calib.robot import parse_columns

        assert corners is not None
        size = parse_size(self.image_size) if self.image_size else None
        columns = parse_columns(self.columns) if self.columns is not None else None
        return read_any_corners(corners, size, columns=columns, board=self.board)


def load_cameras(paths: Sequence[Path], scale: str | None) -> list[Camera]:
    """The cameras of --camera, for images that are scaled, or scaled and cropped, if --scale-camera is given.

    Raises UsageError `camera-needed`, and those of `load_any_camera` and `Resampling.from_text`.
    """
    from calib.camera import Resampling
    from calib.formats import load_any_camera

    if scale is None:
        return [load_any_camera(path) for path in paths]
    if not paths:
        raise UsageError(
            "--scale-camera needs --camera",
            code="camera-needed",
            where="--scale-camera",
            advice="give --camera camera.yaml, or leave --scale-camera out",
        )
    resampling = Resampling.from_text(scale)
    return [resampling.apply(load_any_camera(path)) for path in paths]


def camera_names(sources: Sequence[Images], cameras: Sequence[Path], image_times: Path | None) -> tuple[str, ...]:
    """What to call each camera: its folder or table, or camera1, camera2, ... where two are called alike.

    Raises UsageError `camera-count` where there are not as many camera files as cameras, `option-conflict` for times of
    images of several cameras.
    """
    if cameras and len(cameras) != len(sources):
        raise UsageError(
            f"{len(cameras)} camera files for {len(sources)} cameras",
            code="camera-count",
            where="--camera",
            advice="give --camera once for each --images or --corners, in the same order, or not at all",
        )
    if len(sources) > 1 and image_times is not None:
        raise UsageError(
            "image times apply to one camera only",
            code="option-conflict",
            where="--image-times",
            advice="calibrate cameras in a stream of poses one by one",
        )
    places = [source if isinstance(source, Path) else source[0].parent for source in sources]
    called = [path.resolve().name if path.is_dir() else path.stem for path in places]
    # they become folders of the result, and words of the summary
    names = tuple(re.sub(r"[^\w.-]+", "_", name).lstrip(".") or "camera" for name in called)
    distinct = len({name.lower() for name in names}) == len(names)
    return names if distinct else tuple(f"camera{k + 1}" for k in range(len(names)))
