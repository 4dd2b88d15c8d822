"""The rectangle in which a start looks for the principal point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib.arrays import Array


@dataclass(frozen=True, eq=False)
class ImageFrame:
    """The image or, where its size is not known, the rectangle that the corners fill."""

    centre_px: Array
    """(2,) its middle."""
    size_px: Array
    """(2,) its width and height."""

    @classmethod
    def of_image(cls, image_size_px: tuple[int, int]) -> ImageFrame:
        """Of an image of that (width, height)."""
        size = np.array(image_size_px, dtype=np.float64)
        return cls((size - 1) / 2, size)

    @classmethod
    def of_corners(cls, px: Array) -> ImageFrame:
        """Around corners (2, n)."""
        low, high = px.min(axis=1), px.max(axis=1)
        return cls((low + high) / 2, high - low)

    @property
    def larger_px(self) -> float:
        """The larger of its sides."""
        return float(self.size_px.max())
