"""The options that every hand-eye calibration takes, of one camera or of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from calib.camera.lens_choice.choose_lens import AUTO, require_lens
from calib.camera.refinable import require_refinable
from calib.cell.adjustment.position_hold import AXES
from calib.cell.adjustment.variance_components import RobotNoise
from calib.cell.frame_loop import Setup, require_setup
from calib.cell.hand_eye.board_scale import SIZE_SIGMA
from calib.cell.pairing.by_time import MAX_TIME_OFFSET_S
from calib.cell.pairing.timestamps import ImageTimes
from calib.cell.start.closed_forms import load_method
from calib.engine import OnIteration
from calib.errors import UsageError

REFINABLE = ("lens", "board")


class HandEyeOptions(TypedDict, total=False):
    """Keyword options of `calibrate_hand_eye` and `calibrate_cameras`; an omitted one has the default given here."""

    lens: str
    """Kind of the lens to calibrate from the same images where no camera is given: auto."""

    fix: Sequence[str]
    """Parameters of that lens to hold, `k3` or `fx=812.5`. Nothing."""

    free: Sequence[str]
    """Parameters of that lens to estimate that are otherwise held. Nothing."""

    global_start: bool
    """Whether that lens starts from a search over focal length, principal point and distortion. False."""

    setup: Setup | None
    """`eye-in-hand` or `eye-to-hand`. None: both are tried."""

    method: str | None
    """Closed form to start from: shah, park, daniilidis or tsai-lenz. None: the one with the smallest residual."""

    refine: Sequence[str]
    """`lens` of a camera given, `board` (its shape): estimated as well. Nothing."""

    robot_noise: tuple[float, float] | None
    """Standard deviations of the robot's poses, m and rad. None: estimated."""

    hold: Mapping[str, float]
    """Coordinates of the camera's position in its mount that are known, m by `x`, `y` or `z`: for robots that do not
    turn about two axes. None."""

    square_sigma: float
    """Standard deviation to which the size of the board's squares is known, as a share of it; 0: exactly. 0.003."""

    fix_conventions: bool
    """Whether to apply another interpretation of units, order, signs or pairing if that is what fits. False."""

    robust: bool
    """Whether to reject outlier corners and images. True."""

    image_times: ImageTimes | None
    """When each image was taken; the table is then a stream of poses with times. None."""

    max_time_offset_s: float
    """Largest offset between the clocks of images and poses that is searched; 0: none. 1."""

    on_iteration: OnIteration | None
    """Called with every `Iteration` of the solver. None."""

    on_progress: Callable[[int, int], object] | None
    """Called with generations done and all of the search for a lens. None."""


@dataclass(frozen=True)
class HandEyeRequest:
    """`HandEyeOptions` with defaults, checked before any long work.

    Raises UsageError `unknown-lens`, `unknown-label`, `label-conflict`, `unknown-setup`, `unknown-method`,
    `unknown-refine`.
    """

    lens: str = AUTO
    fix: Sequence[str] = ()
    free: Sequence[str] = ()
    global_start: bool = False
    setup: Setup | None = None
    method: str | None = None
    refine: Sequence[str] = ()
    robot_noise: tuple[float, float] | None = None
    hold: Mapping[str, float] = field(default_factory=dict)
    square_sigma: float = SIZE_SIGMA
    fix_conventions: bool = False
    robust: bool = True
    image_times: ImageTimes | None = None
    max_time_offset_s: float = MAX_TIME_OFFSET_S
    on_iteration: OnIteration | None = None
    on_progress: Callable[[int, int], object] | None = None

    def __post_init__(self) -> None:
        require_lens(self.lens, self.fix, self.free)
        if self.setup is not None:
            require_setup(self.setup)
        if self.method is not None:
            load_method(self.method)
        require_refinable(self.refine, REFINABLE)
        for name in self.hold:
            if name not in AXES:
                raise UsageError(
                    f"{name!r} cannot be held", code="unknown-label", where="--hold", advice="for example z=412mm"
                )

    def require_own_lens(self, cameras: object) -> None:
        """Raise UsageError `option-conflict` for options of the lens of these images where cameras are given."""
        options = {"--fix": self.fix, "--free": self.free, "--global-start": self.global_start}
        if cameras and (option := next((name for name, given in options.items() if given), None)):
            raise UsageError(
                f"{option} does not apply to a camera that is given",
                code="option-conflict",
                where=option,
                advice="leave out --camera to calibrate the lens from the same images",
            )

    @property
    def stated_noise(self) -> RobotNoise | None:
        """The robot's noise, if it is not to be estimated."""
        return RobotNoise.from_sigmas(self.robot_noise)
