"""Nonlinear least squares: blocks of parameters and residuals, solved by Levenberg-Marquardt.

The engine works on arrays, not robots, cameras or files, and imports nothing of calib outside itself.
"""

from calib.engine.checkpoint import Checkpoint, load_checkpoint
from calib.engine.covariance import Uncertainty, Unobservable
from calib.engine.damping import Convergent, Fixed, Marquardt, Nielsen
from calib.engine.label import Label
from calib.engine.left_out import LeftOut, estimate_left_out
from calib.engine.levenberg_marquardt.options import Acceleration, Options, Polish, Stopping
from calib.engine.levenberg_marquardt.solve import solve
from calib.engine.losses import LOSSES, Loss, cauchy, huber, soft_l1, tukey
from calib.engine.normal_equations.rows import EvaluationError
from calib.engine.normal_equations.tangent import Tangent
from calib.engine.problem import ParameterBlock, Problem, ProblemError, ResidualBlock, prior
from calib.engine.solution import Solution
from calib.engine.status import Iteration, OnIteration, Status

__all__ = [
    "LOSSES",
    "Acceleration",
    "Checkpoint",
    "Convergent",
    "EvaluationError",
    "Fixed",
    "Iteration",
    "Label",
    "LeftOut",
    "Loss",
    "Marquardt",
    "Nielsen",
    "OnIteration",
    "Options",
    "ParameterBlock",
    "Polish",
    "Problem",
    "ProblemError",
    "ResidualBlock",
    "Solution",
    "Status",
    "Stopping",
    "Tangent",
    "Uncertainty",
    "Unobservable",
    "cauchy",
    "estimate_left_out",
    "huber",
    "load_checkpoint",
    "prior",
    "soft_l1",
    "solve",
    "tukey",
]
