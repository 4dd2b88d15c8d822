"""The other methods that share Problem: gradient descent, Landweber, IRGN, the dual form, global starts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from cases.engine import Use, curve, decay, dense, random_parameters, random_residuals, rosenbrock

from calib.arrays import Array
from calib.engine import ParameterBlock, Problem, ProblemError, Status, huber, prior, solve
from calib.engine.damping import Damping
from calib.engine.methods.gradient_descent import Rate, gradient_descent
from calib.engine.methods.irgn import irgn
from calib.engine.methods.landweber import NoiseBounds, Sweeps, landweber
from calib.engine.methods.mini_batch import BatchState, batch_step, dual_step, run
from calib.engine.methods.multi_start import best, global_start, multi_start, portfolio
from calib.engine.normal_equations.dense import dense_rows
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.products import cost, frozen_gradient, largest_eigenvalue, normal_times
from calib.engine.normal_equations.tangent import Tangent

X = np.linspace(-1, 1, 30)
A = np.vander(X, 2, increasing=True)


def straight(noise: float = 0.0) -> Problem:
    y = A @ [1.0, -2.0] + noise * np.random.default_rng(0).normal(size=30)
    return curve(lambda x, b: (A @ b, A), X, y, [0.0] * 2)


STEEPEST = float(np.linalg.eigvalsh(A.T @ A)[-1])


@pytest.mark.parametrize(
    "rate",
    [
        Rate(0.1 / STEEPEST),
        Rate(1.8 / STEEPEST),
        Rate(1.0 / STEEPEST, momentum=0.9),
        Rate(1.9 / STEEPEST, decay=0.99, floor=0.5 / STEEPEST),
    ],
    ids=["small", "large", "momentum", "decayed"],
)
def test_gradient_descent_converges_below_the_limit(rate: Rate) -> None:
    solution = gradient_descent(straight(0.1), rate, max_iterations=2000, gradient_tolerance=1e-7)
    assert solution.status is Status.GRADIENT
    np.testing.assert_allclose(solution.values["b"], solve(straight(0.1)).values["b"], atol=1e-3)


def test_gradient_descent_diverges_above_the_limit() -> None:
    solution = gradient_descent(straight(), Rate(3.0 / STEEPEST), max_iterations=8000)
    assert solution.status is Status.DIVERGED
    assert not solution.status.converged


def test_momentum_is_faster_than_a_small_rate() -> None:
    small = gradient_descent(straight(0.1), Rate(0.02 / STEEPEST), 5000, 1e-4)
    momentum = gradient_descent(straight(0.1), Rate(0.02 / STEEPEST, momentum=0.9), 5000, 1e-4)
    assert len(momentum.history) < 0.5 * len(small.history)


def test_gradient_descent_ends() -> None:
    assert gradient_descent(straight(), Rate(1e-3), max_iterations=5).status is Status.ITERATIONS
    seen = gradient_descent(straight(), Rate(1e-3), on_iteration=lambda iteration: iteration.index == 3)
    assert seen.status is Status.CANCELLED
    assert len(seen.history) == 3
    assert gradient_descent(straight().with_values({"b": np.array([[1.0, -2.0]])}), Rate(1.0)).status is Status.ZERO


def smoothing(size: int = 24) -> tuple[Array, Array]:
    """A Fredholm equation of the first kind: a heat kernel on a grid, and a smooth truth (both scaled to about 1)."""
    t = (np.arange(size) + 0.5) / size
    kernel = np.exp(-((t[:, None] - t) ** 2) / (2 * 0.1**2)) / (size * 0.25)
    return kernel, np.sin(np.pi * t) + 0.5 * np.sin(2 * np.pi * t)


def ill_posed(level: float, operator_error: float = 0.0, seed: int = 0) -> tuple[Problem, Array, float, float]:
    """kernel (x + x^3 / 20) = data: problem, truth, delta, h."""
    rng = np.random.default_rng(seed)
    kernel, truth = smoothing()
    noise = rng.normal(size=len(truth))
    noise *= level / np.linalg.norm(noise)
    error = rng.normal(size=kernel.shape)
    error *= operator_error / np.linalg.norm(error, 2)
    data = kernel @ (truth + truth**3 / 20) + noise
    known = kernel + error

    def model(x: Array, b: Array) -> tuple[Array, Array]:
        return known @ (b + b**3 / 20), known * (1 + 3 * b**2 / 20)

    return curve(model, np.arange(24.0), data, [0.0] * 24), truth, level, operator_error


@pytest.mark.parametrize("sweeps", [Sweeps(), Sweeps(inner=20)], ids=["plain", "double loop"])
def test_landweber_error_falls_with_the_noise(sweeps: Sweeps) -> None:
    errors, counts = [], []
    for level in (1e-1, 1e-2, 1e-3):
        problem, truth, delta, _ = ill_posed(level)
        solution = landweber(problem, NoiseBounds(delta), sweeps)
        assert solution.status is Status.DISCREPANCY
        errors.append(float(np.linalg.norm(solution.values["b"][0] - truth)))
        counts.append(len(solution.history))
    assert all(b <= a for a, b in itertools.pairwise(errors))
    assert errors[-1] < 0.3 * errors[0]
    assert counts == sorted(counts)


def test_landweber_with_the_derivative_frozen() -> None:
    problem, truth, delta, _ = ill_posed(1e-3)
    solution = landweber(problem, NoiseBounds(delta), Sweeps(inner=0))
    assert solution.status is Status.DISCREPANCY
    assert np.linalg.norm(solution.values["b"][0] - truth) < 0.3 * np.linalg.norm(truth)


def test_doubly_perturbed_error_does_not_grow_when_both_perturbations_shrink() -> None:
    errors = []
    for level in (3e-2, 1e-2, 3e-3, 1e-3):
        problem, truth, delta, h = ill_posed(level, operator_error=level / 10)
        # h is relative to the columns: |error| over the smallest of their norms bounds it from above
        smallest = np.linalg.norm(smoothing()[0], axis=0).min()
        solution = landweber(problem, NoiseBounds(delta, operator=h / smallest), Sweeps(inner=10))
        assert solution.status is Status.DISCREPANCY
        errors.append(float(np.linalg.norm(solution.values["b"][0] - truth)))
    assert all(b <= 1.001 * a for a, b in itertools.pairwise(errors))


def test_irgn_reaches_the_same_quality_in_few_steps() -> None:
    problem, truth, delta, _ = ill_posed(1e-3)
    slow, fast = landweber(problem, NoiseBounds(delta)), irgn(problem, NoiseBounds(delta))
    assert fast.status is Status.DISCREPANCY
    assert len(fast.history) < 0.1 * len(slow.history)
    error = [np.linalg.norm(s.values["b"][0] - truth) for s in (slow, fast)]
    assert error[1] < 1.5 * error[0]


def test_regularised_beats_the_plain_solve() -> None:
    problem, truth, delta, _ = ill_posed(1e-2)
    plain = np.linalg.norm(solve(problem).values["b"][0] - truth)
    assert np.linalg.norm(irgn(problem, NoiseBounds(delta)).values["b"][0] - truth) < 0.1 * plain


def test_stopping_methods_end_in_words() -> None:
    problem, _, delta, _ = ill_posed(1e-3)
    assert landweber(problem, NoiseBounds(delta), Sweeps(most=3)).status is Status.ITERATIONS
    assert landweber(problem, NoiseBounds(delta), on_iteration=lambda i: True).status is Status.CANCELLED
    assert landweber(problem, NoiseBounds(1e9)).history == ()
    assert irgn(problem, NoiseBounds(1e-15), max_iterations=3).status is Status.ITERATIONS
    assert irgn(problem, NoiseBounds(delta), on_iteration=lambda i: True).status is Status.CANCELLED
    rotation = ParameterBlock("b", np.eye(3)[None], ("wx", "wy", "wz"))
    with pytest.raises(ProblemError, match="plain vector"):
        irgn(Problem((rotation,), ()), NoiseBounds(1.0))


def views(**changes: object) -> Problem:
    members = np.repeat(np.arange(6), 4)
    blocks = (random_parameters("lens", 1, 2, 1, fixed=("lens0",)), random_parameters("pose", 6, 3, 2))
    uses = {"lens": Use(2), "pose": Use(3, members)}
    return Problem(blocks, (random_residuals("seen", 24, 2, uses, 3, **changes),))


def test_products_equal_the_dense_ones() -> None:
    problem = views(sigma=0.5)
    layout, reference = layout_of(problem), dense(problem, problem.start)
    J, r = reference.jacobian, reference.residuals

    def flat(step: Tangent) -> Array:
        return np.concatenate([step.shared, step.private["pose"].T.ravel()])

    slope, squares = frozen_gradient(layout, problem.start, problem.start)
    np.testing.assert_allclose(flat(slope), J.T @ r, atol=1e-12)
    assert squares == pytest.approx(float(r @ r))
    assert cost(layout, problem.start) == pytest.approx(0.5 * squares)
    from calib.engine.normal_equations.assembly import assemble

    normal = assemble(layout, problem.start)
    vector = Tangent(np.ones(1), {"pose": np.arange(18.0).reshape(3, 6)})
    np.testing.assert_allclose(flat(normal_times(normal, vector)), J.T @ J @ flat(vector), rtol=1e-10)
    one = Tangent(np.ones(1), {"pose": np.ones((3, 6))})
    assert largest_eigenvalue(normal, one, 2000) == pytest.approx(np.linalg.norm(J, 2) ** 2, rel=1e-6)


def wide(seed: int = 0) -> Problem:
    """12 residuals of 40 parameters."""
    block = random_parameters("a", 1, 40, seed)
    return Problem((block,), (random_residuals("few", 6, 2, {"a": Use(40)}, seed, sigma=0.5, loss=huber(2.0)),))


def test_dual_step_equals_the_primal_one() -> None:
    problem = wide()
    J, r = dense_rows(layout_of(problem), problem.start)
    reference = dense(problem, problem.start)
    np.testing.assert_allclose(J, reference.jacobian, atol=1e-13)
    np.testing.assert_allclose(r, reference.residuals, atol=1e-13)
    scale = np.linspace(1, 2, 40)
    primal = -np.linalg.solve(J.T @ J + 0.1 * np.diag(scale), J.T @ r)
    np.testing.assert_allclose(dual_step(J, r, scale, 0.1), primal, rtol=1e-9, atol=1e-12)


def test_dual_rows_of_many_members_and_priors() -> None:
    members = np.array([2, 0, 1, 1])
    left, right = random_parameters("left", 3, 2, 1), random_parameters("right", 4, 3, 2)
    uses = {"left": Use(2, members), "right": Use(3, np.array([0, 3, 3, 1]))}
    problem = Problem((left, right), (random_residuals("pair", 4, 2, uses, 3),))
    with pytest.raises(ProblemError, match="private"):
        dense_rows(layout_of(problem), problem.start)
    alone = random_parameters("alone", 1, 4, 1, fixed=("alone2",))
    held = Problem((alone,), (prior(alone, {"alone0": 1.0, "alone3": 0.0}, {"alone0": 0.1, "alone3": 2.0}),))
    J, r = dense_rows(layout_of(held), held.start)
    reference = dense(held, held.start)
    np.testing.assert_allclose(J, reference.jacobian)
    np.testing.assert_allclose(r, reference.residuals)


def test_batch_step_lowers_its_batch() -> None:
    problem = wide()
    state = BatchState(problem.start, Damping(1.0))
    for _ in range(30):
        before = state
        state = batch_step(problem, state)
        assert state.squares[1] <= state.squares[0]
        assert state.accepted or state.values is before.values
    assert state.squares[1] < 1e-12


def test_training_by_batches_reaches_the_common_minimum() -> None:
    x = np.linspace(0, 4, 40)
    y = decay(x, np.array([2.0, 1.1, 0.5]))[0]
    order = np.random.default_rng(0).permutation(40).reshape(8, 5)

    def batch(index: int) -> Problem:
        own = order[index % 8]
        return curve(decay, x[own], y[own], [1.0, 0.5, 0.0])

    values, seen = run(batch, {"b": np.array([[1.0, 0.5, 0.0]])}, 80)
    np.testing.assert_allclose(values["b"][0], [2.0, 1.1, 0.5], rtol=1e-4)
    assert seen[-1] < 1e-6 * seen[0]


def wavy() -> Problem:
    """y = sin(b1 x) + b2 has a local minimum in almost every frequency."""
    x = np.linspace(0, 10, 50)

    def model(x: Array, b: Array) -> tuple[Array, Array]:
        return np.sin(b[0] * x) + b[1], np.stack([x * np.cos(b[0] * x), np.ones_like(x)], axis=1)

    y = model(x, np.array([3.3, 0.2]))[0] + 0.01 * np.cos(31 * x)
    return curve(model, x, y, [9.0, 0.0], ("rate", "offset"))


def test_global_start_finds_what_a_local_solve_misses() -> None:
    assert solve(wavy()).cost > 1.0
    solution = global_start(wavy(), {"rate": (0.0, 12.0)}, seed=1, generations=40)
    assert solution.value("rate") == pytest.approx(3.3, abs=1e-2)
    assert solution.value("offset") == pytest.approx(0.2, abs=1e-2)
    assert solution.status.converged


def test_global_start_can_be_watched_and_stopped() -> None:
    seen: list[int] = []
    global_start(
        wavy(), {"rate": (0.0, 12.0)}, on_generation=lambda generation, _: seen.append(generation) or len(seen) == 2
    )
    assert seen == [1, 2]


@pytest.mark.parametrize("bounds", [{"none": (0.0, 1.0)}, {"rate": (0.0, np.inf)}, {"rate": (2.0, 1.0)}])
def test_global_start_refuses_what_it_cannot_search(bounds: dict[str, tuple[float, float]]) -> None:
    with pytest.raises(ProblemError):
        global_start(wavy(), bounds)


def test_multi_start_keeps_the_best_and_is_repeatable() -> None:
    attempts = multi_start(wavy(), 6, seed=3)
    again = multi_start(wavy(), 6, seed=3)
    assert attempts[0].name == "start"
    assert best(attempts).solution.cost <= min(a.solution.cost for a in attempts)
    assert best(attempts).solution.cost < attempts[0].solution.cost
    assert [a.solution.cost for a in attempts] == [a.solution.cost for a in again]


def test_portfolio_stops_at_zero_and_never_does_worse() -> None:
    assert len(portfolio(rosenbrock())) == 1
    attempts = portfolio(wavy(), 3)
    assert len(attempts) > 3
    assert best(attempts).solution.cost <= attempts[0].solution.cost


def test_scattered_starts_respect_bounds_and_fixed_labels() -> None:
    (block,) = wavy().parameters
    bounded = ParameterBlock("b", block.values, block.labels, frozenset({"offset"}), bounds={"rate": (8.0, 10.0)})
    for attempt in multi_start(Problem((bounded,), wavy().residuals), 5):
        assert 8.0 <= attempt.solution.values["b"][0, 0] <= 10.0
        assert attempt.solution.values["b"][0, 1] == 0.0
