"""What a hand-eye calibration starts from: boards as the camera sees them, and the robot's pose for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calib.cell.boards_seen import BoardsSeen, boards_seen
from calib.cell.chain import Setup, mount_from_rest
from calib.cell.pairing import pair
from calib.errors import UsageError
from calib.geometry import se3

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.camera.observations import Observations
    from calib.robot.table import PoseTable

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Data:
    """table: poses of the flange in the base. rows: (n,) of the table, for each view of `seen`. notes: for the user.
    board_size: by which the board is taken larger than given."""

    observations: Observations
    table: PoseTable
    rows: NDArray[np.intp]
    seen: BoardsSeen
    notes: tuple[str, ...] = ()
    board_size: float = 1.0

    @property
    def base_from_flange(self) -> Array:
        """(n, 4, 4) for each view."""
        assert self.table.rotation is not None
        assert self.table.position is not None
        return se3.compose(self.table.rotation[self.rows], self.table.position[self.rows])

    def mount_from_rest(self, setup: Setup) -> Array:
        """(n, 4, 4) for each view."""
        return mount_from_rest(self.base_from_flange, setup)


def gathered(observations: Observations, table: PoseTable, camera: Camera | None, lens: str, robust: bool) -> Data:
    """Board poses of the images that have a pose of the robot.

    Raises as `pair` and `boards_seen`; UsageError `board-size-needed` for a board whose size is not known.
    """
    require_scale(observations)
    pairing = pair(observations, table)
    seen = boards_seen(observations, camera, lens, robust=robust)
    row_of = dict(zip(pairing.images, pairing.rows.tolist(), strict=True))
    index = np.array([i for i, view in enumerate(seen.views) if view.image in row_of], dtype=np.intp)
    chosen = seen.chosen(index)
    rows = np.array([row_of[view.image] for view in chosen.views], dtype=np.intp)
    # the reader's remark on columns it knows no use for names the very column of images
    remarks = tuple(note for note in table.notes if not note.startswith("columns not used"))
    return Data(observations, table, rows, chosen, (*pairing.notes, *remarks))


def require_scale(observations: Observations) -> None:
    """Raise UsageError `board-size-needed` for a board whose size is not known."""
    if not observations.scale_known:
        advice = "give the board with its square, as in --board checkerboard:9x6:25mm"
        why = "the camera's place is a length, and a board without size tells none"
        raise UsageError("the size of the board's squares is needed", code="board-size-needed", why=why, advice=advice)
