"""What tells where the board is: corners with what is known of their lens, or poses that are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.cell.adjustment.by_corners import CornersSight
from calib.cell.adjustment.by_poses import PosesSight
from calib.cell.given_boards import GivenBoards
from calib.cell.known_lens import known_lens

if TYPE_CHECKING:
    from calib.camera.calibration.locate_boards import LocatedBoards
    from calib.cell.hand_eye.options import HandEyeRequest


def sight_by(seen: LocatedBoards | GivenBoards) -> CornersSight | PosesSight:
    """With the lens held."""
    if isinstance(seen, GivenBoards):
        return PosesSight(seen.noise)
    return CornersSight(seen.camera, frozenset(seen.camera.lens.labels), seen.views)


def sight_of_request(seen: LocatedBoards | GivenBoards, request: HandEyeRequest) -> CornersSight | PosesSight:
    """With the lens estimated where it is of these images, or is to be refined, or was calibrated with a covariance."""
    if isinstance(seen, GivenBoards):
        return PosesSight(seen.noise)
    bent = "board" in request.refine
    if seen.own_lens or "lens" in request.refine:
        return CornersSight(seen.camera, seen.held, seen.views, bent)
    known = known_lens(seen.camera)
    held = frozenset(seen.camera.lens.labels).difference(known.labels if known else ())
    return CornersSight(seen.camera, held, seen.views, bent, known)
