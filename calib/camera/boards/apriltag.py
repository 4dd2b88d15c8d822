"""One AprilTag: four corners, for a target small enough for a gripper. A pose, but no lens, can be had from it.

E. Olson, "AprilTag: a robust and flexible visual fiducial system", ICRA 2011; the family is OpenCV's dictionary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calib import config
from calib.arrays import Array, Grey
from calib.camera.board import Board, BoardCorners
from calib.camera.board_text import BoardText, built_from_file, length_text, rounded_mm
from calib.camera.detection.markers import find_markers, marker_cells
from calib.camera.drawing import lightness
from calib.camera.images import opencv
from calib.camera.shapes import Shapes, cell_rectangles
from calib.errors import UsageError, did_you_mean

FAMILIES = ("16h5", "25h9", "36h10", "36h11")
_SYNTAX = "apriltag:FAMILY:SIZE, the side of the black square, such as apriltag:36h11:48mm"


@dataclass(frozen=True)
class AprilTag(Board):
    """An AprilTag as a calibration board."""

    family: str
    """Such as 36h11."""
    side_m: float
    """Side of the black square, metres."""
    number: int | None = None
    """Which tag of the family; None for any."""

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            advice = did_you_mean(self.family, FAMILIES)
            raise UsageError(f"unknown AprilTag family {self.family!r}", code="config-value", advice=advice)
        if not 1e-5 <= self.side_m <= 100.0:
            raise UsageError(
                f"a tag of {self.side_m} m",
                code="config-value",
                why="expected 10 um to 100 m",
                advice=f"give the side of the black square with its unit: apriltag:{self.family}:50mm",
            )

    @property
    def name(self) -> str:
        number = "" if self.number is None else f":{self.number}"
        return f"apriltag:{self.family}:{length_text(self.side_m)}{number}"

    @property
    def hint(self) -> str:
        return f"check the family ({self.family}) and that the tag has a white rim"

    @property
    def corners_in_board(self) -> Array:
        """(4, 3) clockwise, the first at the origin."""
        s = self.side_m
        return np.array([[0.0, 0.0, 0.0], [s, 0.0, 0.0], [s, s, 0.0], [0.0, s, 0.0]])

    @property
    def dictionary(self) -> Any:
        """OpenCV's dictionary of the family."""
        aruco = opencv.load().aruco
        return aruco.getPredefinedDictionary(getattr(aruco, f"DICT_APRILTAG_{self.family}"))

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        """Lightness (0 to 1): the tag on white paper, grey beyond."""
        cells = self.dictionary.markerSize + 2
        image = opencv.load().aruco.generateImageMarker(self.dictionary, self.number or 0, cells)
        paper = np.pad(image / 255.0, 1, constant_values=1.0)
        paper = np.pad(paper, 1, constant_values=0.5)
        scale = cells / self.side_m
        return lightness(paper, (x * scale + 2, y * scale + 2), (width_x * scale, width_y * scale))

    def shapes(self) -> Shapes:
        """The black cells of the tag, number 0 where any is meant."""
        cells = marker_cells(f"APRILTAG_{self.family}", self.number or 0)
        return Shapes(cell_rectangles(cells, np.zeros(2), self.side_m), margin=2 * self.side_m / len(cells))

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """The tag's corners, found by OpenCV and refined to sub-pixels."""
        aruco = opencv.load().aruco
        parameters = aruco.DetectorParameters()
        parameters.cornerRefinementMethod = aruco.CORNER_REFINE_SUBPIX
        corners, numbers, _ = aruco.ArucoDetector(self.dictionary, parameters).detectMarkers(image)
        found = [] if numbers is None else [int(number) for number in np.ravel(numbers)]
        which = [i for i, number in enumerate(found) if self.number in (None, number)]
        if not which:
            return None, f"it shows tags {found}, not {self.number}" if found else "it shows no tag of this family"
        if len(which) > 1:
            return None, f"it shows {len(which)} such tags; give the number of one, as in {self.name}:{found[0]}"
        return BoardCorners(np.reshape(corners[which[0]], (4, 2)).astype(float), np.arange(4)), ""

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """The family and the number of the one tag it shows."""
        seen = {
            family: find_markers(image, f"APRILTAG_{family}").number for family in FAMILIES[1:]
        }  # 16h5 is in texture
        alone = [f"apriltag:{family}:SIZE:{number[0]}" for family, number in seen.items() if len(number) == 1]
        return alone[0] if alone else ""

    def document(self) -> dict[str, Any]:
        """Its keys."""
        number = {} if self.number is None else {"number": self.number}
        return {"family": self.family, "side_mm": rounded_mm(self.side_m), **number}

    @classmethod
    def from_config(cls, document: Any, where: str) -> AprilTag:
        """Keys: family, side_mm, number (may be left out)."""
        keys = config.build(_TagKeys, document, where)
        return built_from_file(lambda: cls(keys.family, keys.side_mm * 1e-3, keys.number), where)

    @classmethod
    def from_text(cls, fields: list[str]) -> AprilTag:
        """Fields: `36h11`, a size such as `48mm`, and the tag's number (may be left out)."""
        text = BoardText("an AprilTag", fields, _SYNTAX)
        text.require(2, 3, "a family and a size are needed")
        side_m = text.length_m(1, "the size")
        number = text.whole_number(2, "a tag's number") if fields[2:] else None
        return text.build(lambda: cls(fields[0].lower(), side_m, number))


@dataclass(frozen=True)
class _TagKeys:
    """The keys of a tag's YAML file, besides its kind."""

    family: str
    side_mm: float
    number: int | None = None


BOARD = AprilTag
