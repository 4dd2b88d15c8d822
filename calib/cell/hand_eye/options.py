"""The options that every hand-eye calibration takes, of one camera or of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from calib.camera.lens import load_lens
from calib.cell.hand_eye.closed_forms import read_method
from calib.cell.hand_eye.frame_loop import Setup, read_setup
from calib.cell.hand_eye.variance_components import RobotNoise
from calib.cell.pairing.by_time import MAX_TIME_OFFSET_S
from calib.cell.pairing.timestamps import ImageTimes
from calib.cell.refinable import require_refinable

REFINABLE = ("lens", "board")


class HandEyeOptions(TypedDict, total=False):
    """Keyword options of `calibrate_hand_eye` and `calibrate_cameras`; what is left out has the default given here."""

    lens: str
    """Kind of the lens to calibrate from the same images where no camera is given: brown_conrady."""

    setup: Setup | None
    """`eye-in-hand` or `eye-to-hand`. None: both are tried."""

    method: str | None
    """Closed form to start from: shah, park, daniilidis or tsai-lenz. None: the one with the smallest residual."""

    refine: Sequence[str]
    """`lens` of a camera given, `board` (its shape): estimated as well. Nothing."""

    robot_noise: tuple[float, float] | None
    """Standard deviations of the robot's poses, m and rad. None: estimated."""

    fix_conventions: bool
    """Whether to apply another interpretation of units, order, signs or pairing if that is what fits. False."""

    robust: bool
    """Whether to reject outlier corners and images. True."""

    image_times: ImageTimes | None
    """When each image was taken; the table is then a stream of poses with times. None."""

    max_time_offset_s: float
    """Largest offset between the clocks of images and poses that is searched; 0: none. 1."""


@dataclass(frozen=True)
class HandEyeRequest:
    """`HandEyeOptions` with defaults, checked before any long work.

    Raises UsageError `unknown-lens`, `unknown-setup`, `unknown-method`, `unknown-refine`.
    """

    lens: str = "brown_conrady"
    setup: Setup | None = None
    method: str | None = None
    refine: Sequence[str] = ()
    robot_noise: tuple[float, float] | None = None
    fix_conventions: bool = False
    robust: bool = True
    image_times: ImageTimes | None = None
    max_time_offset_s: float = MAX_TIME_OFFSET_S

    def __post_init__(self) -> None:
        load_lens(self.lens)
        if self.setup is not None:
            read_setup(self.setup)
        if self.method is not None:
            read_method(self.method)
        require_refinable(self.refine, REFINABLE)

    @property
    def stated_noise(self) -> RobotNoise | None:
        """The robot's noise, if it is not to be estimated."""
        return RobotNoise.from_sigmas(self.robot_noise)
