"""One fit: an arm with effects to a table, robustly, with the noise of every component estimated.

The noise is the median residual, which outliers do not move; Huber's loss leads to where the bulk of the rows agrees;
outlier rows are rejected; then position and orientation are weighted by the noise estimated for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array, Mask
from calib.engine import Loss, Options, Polish, ResidualBlock, Solution, huber, solve
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.robot.identification.model import Model, ModelRows, pose_problem, residuals_at
from calib.robot.identification.noise import MeasurementNoise, inlier_rows, mean_noise, median_noise, noise_of
from calib.robot.identification.residuals import ARM_BLOCK
from calib.uncertainty import ParameterUncertainty, uncertainty_of

if TYPE_CHECKING:
    from calib.engine import OnIteration
    from calib.engine.covariance import Uncertainty
    from calib.engine.label import Label

# The closed-form start is close: with Nielsen's tau this small the solve is Gauss-Newton from the second step on.
TO_THE_END = Options(initial_damping=1e-6, polish=Polish(last_digit=False))
TO_THE_LAST_DIGIT = Options(initial_damping=1e-6)  # data without noise
# Weights and rows are not settled yet: a step that leaves 1e-6 of the cost to be gained is not worth an evaluation.
ON_THE_WAY = Options(initial_damping=1e-6, cost_tolerance=1e-6, polish=Polish(last_digit=False, left=1e-3))
HUBER = 2.0  # of a row's length in six or three dimensions, where 1.345 suits one: most rows stay quadratic
HUBER_ROUNDS, LEAVE_OUT_ROUNDS, NOISE_ROUNDS = 4, 6, 6
SETTLED = 0.02  # relative change of the noise below which weights no longer matter
PRIOR_DECIDES = 0.25  # of the variance: known to 10 mm or 1 deg at best
FEW_ROWS = 5_000  # up to here the share of parameters that each component determines is worked out exactly
WEIGHED_FROM = 0.25  # of a component's residuals left free: with fewer, the fit can put all of the error on the others
LEAST_REDUNDANCY = 0.05  # fewer residuals than this per parameter do not determine their noise
COUNTS_FOR_NOTHING = 1e30  # a standard deviation, m or rad
SCOUTS = 5_000  # rows that find the noise and the neighbourhood of the answer for tables larger than twice that


@dataclass(frozen=True, eq=False)
class Fit:
    """A fit of a model to a table."""

    model: Model
    """With the labels held."""
    values: dict[str, Array]
    """Per block."""
    used: Mask
    """(n,) rows that took part."""
    noise: MeasurementNoise
    """Of every row of the table."""
    solution: Solution
    """Of the last solve."""

    @cached_property
    def prior_share(self) -> dict[str, float]:
        """Per parameter with a prior, posterior over prior variance: 1 where the rows do not determine it."""
        known = self.solution.uncertainty
        variance = dict(zip(known.labels, np.diagonal(known.shared).tolist(), strict=True))
        return {label: min(variance[label] / width**2, 1.0) for label, width in self.model.prior_sigma().items()}

    @cached_property
    def prior_dominated(self) -> tuple[Label, ...]:
        """Parameters of the arm that are determined by the plausible prior more than by the rows."""
        if self.model.tolerance is not None:
            return ()
        return tuple(label for label in self.model.arm.labels if self.prior_share.get(label, 0.0) > PRIOR_DECIDES)

    @property
    def degrees_of_freedom(self) -> float:
        """Numbers measured less the parameters that they, and not priors, determine."""
        _, *priors = self.solution.problem.residuals
        if not priors:
            return self.solution.degrees_of_freedom
        return self.solution.degrees_of_freedom - _numbers(priors) + sum(self.prior_share.values())

    @property
    def variance_factor(self) -> float:
        """Weighted squared residuals per degree of freedom; NaN where nothing is left over."""
        free = self.degrees_of_freedom
        return self.solution.normal.squares / free if free > 0 else float("nan")

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """Covariances as the residuals show them, rows of one pose taken together; as stated where nothing is left."""
        return self.solution.uncertainty_for(self.variance_factor, self.degrees_of_freedom)

    @property
    def parameter_uncertainty(self) -> ParameterUncertainty:
        """Of the parameters of arm and effects that were estimated, as it is stored with the arm."""
        own = (*self.model.arm.labels, *self.model.effect_labels())
        labels = [label for label in own if label in self.uncertainty.labels]
        return uncertainty_of(labels, self.uncertainty.covariance(labels), self.uncertainty.degrees_of_freedom(labels))


def fit(
    model: Model,
    rows: ModelRows,
    values: Mapping[str, Array],
    usable: Mask,
    *,
    robust: bool = True,
    on_iteration: OnIteration | None = None,
) -> Fit:
    """Fit a model to the usable rows (n,) of a table, from `values`.

    robust: leave rows out that do not fit; False: least squares on all that are usable.
    """
    at = dict(values)
    at.setdefault(ARM_BLOCK, model.arm.parameters[None])
    for basis in rows.bases:
        at.setdefault(basis.name, np.zeros((1, len(basis.labels))))
    at = {block.name: block.values for block in model.instrument_blocks(at)} | at
    if usable.sum() > 2 * SCOUTS:
        scouts = np.zeros(len(rows), bool)
        scouts[np.random.default_rng(0).choice(np.flatnonzero(usable), SCOUTS, replace=False)] = True
        first = _fit(model, rows[scouts], at, np.ones(SCOUTS, bool), None, robust, on_iteration)
        return _fit(model, rows, first.values, usable, first.noise.common, robust, on_iteration)
    return _fit(model, rows, at, usable, None, robust, on_iteration)


def _fit(
    model: Model,
    rows: ModelRows,
    values: dict[str, Array],
    usable: Mask,
    common: Mapping[str, float] | None,
    robust: bool,
    on_iteration: OnIteration | None,
) -> Fit:
    measurement, used = model.measurement, usable
    found_by_scouts = common is not None  # then `values` are off by some standard deviations, not worth a solve
    if common is None:
        common = median_noise(measurement, residuals_at(model, rows[used], values), rows.given[used])
    noise = noise_of(measurement, rows.given, common)
    at: Mapping[str, Array] = values
    if not found_by_scouts:
        at = _solve(model, rows, used, at, noise, on_iteration).values
    if robust:
        at, used, noise = _without_outliers(model, rows, used, at, noise, on_iteration)
    one_weight = len(measurement.components) == 1 and _has_plausible_prior_only(model) and not rows.given.any()
    for _ in range(NOISE_ROUNDS):
        free = _redundancy(model, rows[used], at, noise.sigma[used])
        if min(free.values()) < WEIGHED_FROM:
            break
        now = mean_noise(measurement, residuals_at(model, rows[used], at), rows.given[used], free)
        changed = max(abs(now[name] / noise.common[name] - 1) for name in now)
        noise = noise_of(measurement, rows.given, now)
        if one_weight or changed <= SETTLED:
            break
        at = _solve(model, rows, used, at, noise, on_iteration).values
    solution = _solve(model, rows, used, at, noise, on_iteration, options=TO_THE_END)
    if not solution.status.converged and _has_plausible_prior_only(model):
        exact = pose_problem(model, rows[used], solution.values, noise.sigma[used], priors=False)
        solution = solve(exact, TO_THE_LAST_DIGIT, on_iteration)
    return Fit(model, solution.values, used, noise, solution)


def _solve(
    model: Model,
    rows: ModelRows,
    used: Mask,
    values: Mapping[str, Array],
    noise: MeasurementNoise,
    on_iteration: OnIteration | None,
    loss: Loss | None = None,
    options: Options = ON_THE_WAY,
) -> Solution:
    problem = pose_problem(model, rows[used], values, noise.sigma[used], loss)
    return solve(problem, options, on_iteration)


def _without_outliers(
    model: Model,
    rows: ModelRows,
    usable: Mask,
    values: Mapping[str, Array],
    noise: MeasurementNoise,
    on_iteration: OnIteration | None,
) -> tuple[Mapping[str, Array], Mask, MeasurementNoise]:
    """Find the rows that do not belong, and solve without them. Returns the noise that weighed the last solve too."""
    measurement = model.measurement
    free, spare = _freedom(model, rows[usable], values)

    def look(values: Mapping[str, Array], used: Mask) -> tuple[Array, MeasurementNoise]:
        residuals = residuals_at(model, rows, values)
        count = measurement.dimension * int(used.sum())
        left = spare - measurement.dimension * int(usable.sum() - used.sum())
        shrunk = np.sqrt(max(left / max(count, 1), LEAST_REDUNDANCY))
        common = median_noise(measurement, residuals[used], rows.given[used], min(float(shrunk), 1.0))
        return residuals, noise_of(measurement, rows.given, common)

    used = usable
    residuals, seen = look(values, used)
    if spare < free:
        return values, used, noise  # whatever does not fit, the parameters bend until it does: nothing can be named
    if (inlier_rows(measurement, residuals, seen, rows.table.pose) | ~usable).all():
        return values, used, noise
    for _ in range(HUBER_ROUNDS):
        noise = seen
        values = _solve(model, rows, used, values, noise, on_iteration, huber(HUBER)).values
        residuals, seen = look(values, used)
        if max(noise.common[name] / seen.common[name] for name in seen.common) < 1 + 5 * SETTLED:
            break
    for _ in range(LEAVE_OUT_ROUNDS):
        previous, used = used, usable & inlier_rows(measurement, residuals, seen, rows.table.pose)
        if (used == previous).all():
            break
        noise = seen
        values = _solve(model, rows, used, values, noise, on_iteration).values
        residuals, seen = look(values, used)
    return values, used, noise


def _redundancy(model: Model, rows: ModelRows, values: Mapping[str, Array], sigma: Array) -> dict[str, float]:
    """Of each component's residuals, the share that the fit leaves free: 1 - tr(C N_c) / m_c (Foerstner 1979)."""
    measurement, count = model.measurement, len(rows)
    if _has_plausible_prior_only(model) and (len(measurement.components) == 1 or count > FEW_ROWS):
        whole = 1 - _freedom(model, rows, values)[0] / (measurement.dimension * count)
        return {component.name: max(whole, LEAST_REDUNDANCY) for component in measurement.components}
    normal = assemble(layout_of(pose_problem(model, rows, values, sigma)), values).shared
    scale = 1 / np.sqrt(np.maximum(np.diagonal(normal), 1e-300))
    inverse = scale * scale[:, None] * np.linalg.pinv(normal * scale * scale[:, None], hermitian=True)
    out = {}
    for component in measurement.components:
        alone = np.full_like(sigma, COUNTS_FOR_NOTHING)
        alone[:, component.part] = sigma[:, component.part]
        own = layout_of(pose_problem(model, rows, values, alone, priors=False))
        taken = float(np.sum(inverse * assemble(own, values).shared))
        out[component.name] = max(1 - taken / (component.size * count), LEAST_REDUNDANCY)
    return out


def _has_plausible_prior_only(model: Model) -> bool:
    """Whether the rows decide alone: no prior but the plausible one, which needs no weighing against them."""
    return not model.effects and model.tolerance is None and model.open is None


def _freedom(model: Model, rows: ModelRows, values: Mapping[str, Array]) -> tuple[int, int]:
    """Free parameters, and degrees of freedom, in which the plausible prior does not count, nor the weak ones of
    instrument and frames."""
    problem, instrument = pose_problem(model, rows, values), model.measurement.instrument
    free = sum(block.count * len(block.free) for block in problem.parameters)
    weak = 0 if instrument is None else len(set(instrument.weak) - model.held)
    weak += 0 if model.open is None else len(model.open.sigma)
    plausible = len(problem.parameters[0].free) if model.tolerance is None else 0
    return free, _numbers(problem.residuals) - free - weak - plausible


def _numbers(residuals: Sequence[ResidualBlock]) -> int:
    return sum(block.rows * block.dimension for block in residuals)
