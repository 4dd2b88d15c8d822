"""The unknowns of a hand-eye by name, and their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calib.arrays import Array
from calib.camera.adjustment.board_shape import SHAPE_BLOCK
from calib.camera.adjustment.reprojection import LENS_BLOCK, POSE_BLOCK
from calib.cell.frame_loop import at_size
from calib.engine.label import Label

if TYPE_CHECKING:
    from calib.engine.problem import Values


CAMERA_BLOCK, BOARD_BLOCK = "mount_from_camera", "fixture_from_board"
_TANGENT = tuple(Label(f"v{axis}", "m") for axis in "xyz") + tuple(Label(f"w{axis}", "rad") for axis in "xyz")
CAMERA_LABELS = tuple(label.of(CAMERA_BLOCK) for label in _TANGENT)
BOARD_LABELS = tuple(label.of(BOARD_BLOCK) for label in _TANGENT)
OFFSET_BLOCK, OFFSET_LABEL = "clock", Label("time_offset", "s")
SIZE_BLOCK, SIZE_LABEL = "board_size", Label("log_size", owner="board")


@dataclass(frozen=True, eq=False)
class State:
    """Values of the unknowns."""

    parameters: Array
    """Of the lens; empty where board poses are given."""

    shape: Array
    """(7,) m, of the board's surface."""

    mount_from_camera: Array
    """(4, 4)."""

    fixture_from_board: Array
    """(4, 4)."""

    camera_from_board: Array
    """(n, 4, 4)."""

    offset_s: float = 0.0
    """By which the robot's clock is ahead of the images'."""

    log_size: float = 0.0
    """Logarithm of the board's size over the size given."""

    @classmethod
    def of(cls, values: Values, before: State) -> State:
        """The unknowns of a solution; as before what was not among them."""
        parameters = values[LENS_BLOCK][0] if LENS_BLOCK in values else before.parameters
        shape = values[SHAPE_BLOCK][0] if SHAPE_BLOCK in values else before.shape
        offset_s = float(values[OFFSET_BLOCK][0, 0]) if OFFSET_BLOCK in values else before.offset_s
        log_size = float(values[SIZE_BLOCK][0, 0]) if SIZE_BLOCK in values else before.log_size
        places = values[CAMERA_BLOCK][0], values[BOARD_BLOCK][0], values.get(POSE_BLOCK, before.camera_from_board)
        return cls(parameters, shape, *places, offset_s, log_size)

    @property
    def sized_camera_from_board(self) -> Array:
        """(n, 4, 4) of the board as large as it is found to be."""
        return at_size(self.camera_from_board, self.log_size)
