"""Corners as a result of their own: for whoever wants these and no camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calib.camera.corner_table import corners_text
from calib.camera.observations import Observations
from calib.documents import heading
from calib.result import Output
from calib.text import cut

_LISTED = 10  # images without corners, in the summary


@dataclass(frozen=True, eq=False, repr=False)
class FoundCorners(Output):
    """What `detect` found."""

    observations: Observations
    """The corners."""

    def summary(self) -> str:
        """How many corners of what, and why images show none."""
        seen = self.observations
        corners, images = sum(len(view.corners_px) for view in seen.views), len(seen.views) + len(seen.excluded)
        size = "{} x {} px".format(*seen.image_size_px) if seen.image_size_px else "image size unknown"
        lines = [f"{len(seen.views)} of {images} images, {corners} corners of {seen.board}, {size}"]
        lines += [cut(f"  {each.image}: {each.reason}") for each in seen.excluded[:_LISTED]]
        if len(seen.excluded) > _LISTED:
            lines.append(f"  ... and {len(seen.excluded) - _LISTED} more")
        return "\n".join([*lines, *seen.notes])

    def document(self) -> dict[str, Any]:
        """Plain data."""
        seen = self.observations
        used = [
            {"name": view.image, "used": True, "corners": len(view.corners_px), "reason": ""} for view in seen.views
        ]
        others = [{"name": each.image, "used": False, "corners": 0, "reason": each.reason} for each in seen.excluded]
        return {
            **heading("corners"),
            "board": seen.board,
            "scale_known": seen.scale_known,
            "image_size_px": list(seen.image_size_px) if seen.image_size_px else None,
            "inputs": [*used, *others],
            "notes": list(seen.notes),
        }

    def files(self) -> Mapping[str, str | bytes]:
        """corners.csv, which `--corners` reads."""
        return {"corners.csv": corners_text(self.observations)}
