"""Many images searched for one board: what is the same whatever board it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from calib.camera.detection.side_by_side import search_all
from calib.camera.detection.workers import Finder, Sighting, cpu_count
from calib.camera.images.read import image_paths, names_of
from calib.camera.observations import Excluded, Observations, View
from calib.camera.timeout import TIMEOUT_S
from calib.errors import InputError, UsageError

if TYPE_CHECKING:
    from calib.camera.board import Board, BoardCorners

_WITHOUT_SIZE = "The board's size is not known and its step taken as one unit: only the poses' scale is unknown."

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Survey(Generic[T]):
    """What the images show, each looked at once."""

    size_px: tuple[int, int]
    """(width, height) of most images."""
    sightings: Mapping[str, Sighting[T]]
    """Of every image of that size, by name."""
    reasons: Mapping[str, str]
    """Why the other images take no part, by name."""

    def notes(self) -> tuple[str, ...]:
        """Remarks for the user."""
        turned = sum(sighting.orientation != 1 for sighting in self.sightings.values())
        ignored = "it is ignored: pixels are counted as the sensor has them."
        return (f"{turned} images carry an EXIF rotation; {ignored}",) if turned else ()


@dataclass(frozen=True, eq=False)
class ImageSearch:
    """Which images are searched, and how."""

    paths: Mapping[str, Path]
    """By name, in order."""
    where: str
    """How errors call the images."""
    jobs: int
    """Worker processes."""
    timeout_s: float
    """For each image."""
    on_progress: Callable[[int, int], object] | None = None
    """Called with images done and all."""
    apart: bool = True
    """Whether every image is searched by a process that can be stopped, be they ever so few."""

    @classmethod
    def of(
        cls,
        images: str | Path | Sequence[str | Path],
        jobs: int | None,
        timeout_s: float,
        on_progress: Callable[[int, int], object] | None = None,
    ) -> ImageSearch:
        """Of a folder, a pattern or files. Raises UsageError `bad-jobs`, `bad-timeout`, InputError `no-images`."""
        if jobs is not None and jobs < 1:
            raise UsageError(f"{jobs} worker processes", code="bad-jobs", advice="jobs must be 1 or more")
        if not timeout_s > 0:
            raise UsageError(f"a time limit of {timeout_s} s", code="bad-timeout", advice="it must be above 0")
        paths, where = image_paths(images)
        stated = jobs is not None or timeout_s != TIMEOUT_S
        by_name = dict(zip(names_of(paths), paths, strict=True))
        return cls(by_name, where, jobs or cpu_count(), timeout_s, on_progress, apart=stated)

    def survey(self, find: Finder[T]) -> Survey[T]:
        """Look at every image, and keep those of the commonest size. Raises InputError `no-readable-image`."""
        answers = self.look(list(self.paths), find)
        sightings = {name: each for name, each in answers.items() if isinstance(each, Sighting)}
        reasons = {name: each for name, each in answers.items() if isinstance(each, str)}
        if not sightings:
            self._raise_unreadable(reasons)
        sizes = Counter(sighting.size_px for sighting in sightings.values())
        most = max(sizes.values())
        common = max((size for size in sizes if sizes[size] == most), key=lambda size: (size[0] * size[1], size))
        for name, sighting in sightings.items():
            if sighting.size_px != common:
                own, other = (f"{width}x{height}" for width, height in (sighting.size_px, common))
                reasons[name] = f"it is {own} pixels, most of the others are {other}"
        same = {name: sighting for name, sighting in sightings.items() if sighting.size_px == common}
        return Survey(common, same, reasons)

    def look(self, names: Sequence[str], find: Finder[T], before: int = 0) -> dict[str, Sighting[T] | str]:
        """What images show, by name, or why that is not known. before: images looked at before, for the progress."""
        done, total = before, before + len(names)

        def count() -> None:
            nonlocal done
            done += 1
            if self.on_progress is not None:
                self.on_progress(done, total)

        paths = [self.paths[name] for name in names]
        answers = search_all(paths, find, self.jobs, self.timeout_s, count, apart=self.apart)
        return dict(zip(names, answers, strict=True))

    def observations(
        self, board: Board, survey: Survey[T], found: Mapping[str, BoardCorners], reasons: Mapping[str, str]
    ) -> Observations:
        """What was found, in the order of the images; the others with their reasons."""
        corners = board.corners_in_board
        seen = [(name, found[name]) for name in self.paths if name in found]
        views = [View(name, each.corners_px, corners[each.index], radius=each.radius) for name, each in seen]
        excluded = [Excluded(name, reasons[name]) for name in self.paths if name not in found]
        return Observations(
            tuple(views), survey.size_px, board.name, board.scale_known, tuple(excluded), survey.notes()
        )

    def _raise_unreadable(self, reasons: Mapping[str, str]) -> NoReturn:
        lines = [f"{name}: {reason}" for name, reason in reasons.items()]
        more = [f"... and {len(lines) - 5} more"] if len(lines) > 5 else []
        raise InputError(
            "none of the images can be read",
            code="no-readable-image",
            where=self.where,
            why="\n".join(lines[:5] + more),
            advice="save them again as PNG or JPEG files of 8 bits, whole",
        )


def find_in_each(search: ImageSearch, board: Board) -> Observations:
    """The board's corners in every image, by its own `find`.

    Raises InputError `no-readable-image`, `no-board-found`.
    """
    survey = search.survey(board.find)
    found = {name: each.found for name, each in survey.sightings.items() if each.found is not None}
    reasons = {**survey.reasons, **{name: each.reason for name, each in survey.sightings.items()}}
    if not found:
        raise InputError(
            f"{board.name} was found in none of {len(survey.sightings)} images",
            code="no-board-found",
            where=search.where,
            why="; ".join(f"{name}: {reason}" for name, reason in list(reasons.items())[:3]),
            advice=board.hint,
        )
    seen = search.observations(board, survey, found, reasons)
    return seen if board.scale_known else replace(seen, notes=(*seen.notes, _WITHOUT_SIZE))
