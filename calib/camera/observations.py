"""What a camera saw: the corners of a board, view by view. The meeting point of detection and calibration."""

from __future__ import annotations

from dataclasses import dataclass, field

from calib.arrays import Array


@dataclass(frozen=True)
class View:
    """The corners seen in one image.

    image: its name. corners_px: (n, 2) in pixels, the centre of the first pixel is (0, 0).
    corners_in_board: (n, 3) the same corners in the board frame, metres (or squares, if the scale is unknown).
    sigma_px: (n,) standard deviation of a corner's coordinate relative to the others (1: all alike).
    """

    image: str
    corners_px: Array
    corners_in_board: Array
    sigma_px: Array | None = None


@dataclass(frozen=True)
class SetAside:
    """An image that is not used, and the reason in words."""

    image: str
    reason: str


@dataclass(frozen=True)
class Observations:
    """All views of one camera.

    image_size_px: (width, height); None if only corners are known. board: how the board is named in results.
    scale_known: whether corners_in_board are metres. notes: remarks for the user.
    """

    views: tuple[View, ...]
    image_size_px: tuple[int, int] | None = None
    board: str = ""
    scale_known: bool = True
    set_aside: tuple[SetAside, ...] = ()
    notes: tuple[str, ...] = field(default=())
