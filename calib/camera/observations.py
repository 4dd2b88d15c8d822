"""What a camera saw: the corners of a board, view by view. The meeting point of detection and calibration."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from calib.arrays import Array, Mask
from calib.errors import UsageError, did_you_mean

ON_REQUEST = "excluded on request"


@dataclass(frozen=True, eq=False, repr=False)
class View:
    """The corners seen in one image."""

    image: str
    """Its name."""
    corners_px: Array
    """(n, 2) pixels; the centre of the first pixel is (0, 0)."""
    corners_in_board: Array
    """(n, 3) the same corners in the board's frame, metres (or squares, if the scale is unknown)."""
    sigma_px: Array | None = None
    """(n,) standard deviation of a corner's coordinate relative to the others; None: all alike."""
    radius: Array | None = None
    """(n,) of the circle of whose image the middle was measured, in the unit of corners_in_board; None: points."""

    def with_corners(self, used: Mask) -> View:
        """Less the corners that are not used (n,)."""
        sigma, radius = (None if each is None else each[used] for each in (self.sigma_px, self.radius))
        return View(self.image, self.corners_px[used], self.corners_in_board[used], sigma, radius)

    def __repr__(self) -> str:
        return f"View({self.image!r}, {len(self.corners_px)} corners)"


@dataclass(frozen=True)
class Excluded:
    """An image that takes no part."""

    image: str
    """Its name."""
    reason: str
    """Why, in words."""


@dataclass(frozen=True, eq=False, repr=False)
class Observations:
    """All views of one camera."""

    views: tuple[View, ...]
    """The views, in the order of the images."""
    image_size_px: tuple[int, int] | None = None
    """(width, height); None if only corners are known."""
    board: str = ""
    """How the board is named in results."""
    scale_known: bool = True
    """Whether corners_in_board are metres."""
    excluded: tuple[Excluded, ...] = ()
    """Images that show no usable view, and why."""
    notes: tuple[str, ...] = ()
    """Remarks for the user."""

    def without(self, names: Collection[str]) -> Observations:
        """Less the views of some images, which are then excluded.

        Raises UsageError `unknown-image` for a name that no image has.
        """
        views = tuple(view for view in self.views if view.image not in names)
        known = {view.image for view in self.views} | {each.image for each in self.excluded}
        for name in names:
            if name not in known:
                what, advice = f"no image is called {name!r}", did_you_mean(name, known)
                raise UsageError(what, code="unknown-image", where="--exclude", advice=advice)
        left = [view.image for view in self.views if view.image in names]
        return replace(self, views=views, excluded=(*self.excluded, *(Excluded(name, ON_REQUEST) for name in left)))

    def __repr__(self) -> str:
        corners = sum(len(view.corners_px) for view in self.views)
        board = f" of {self.board}" if self.board else ""
        size = "{} x {} px".format(*self.image_size_px) if self.image_size_px else "image size unknown"
        return f"Observations({len(self.views)} views, {corners} corners{board}, {size}, {len(self.excluded)} excluded)"
