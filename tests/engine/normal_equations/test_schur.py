"""Eliminating private blocks changes nothing but the time: every step and covariance equals the dense one."""

from __future__ import annotations

import numpy as np
import pytest
from cases.engine import Dense, Use, dense, random_parameters, random_residuals

from calib.arrays import Array
from calib.engine import Options, ParameterBlock, Polish, Problem, huber, prior, solve
from calib.engine.covariance import uncertainty
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.dense import triangular_factor
from calib.engine.normal_equations.layout import Layout, layout_of
from calib.engine.normal_equations.schur import factorise, solve_damped
from calib.engine.normal_equations.tangent import Tangent, diagonal, gradient


def bundle(seed: int = 0, **changes: object) -> Problem:
    """Views of many points by shared lenses: two residual blocks on the same private block, ragged, unordered."""
    rng = np.random.default_rng(seed)
    views = 9
    members = rng.permutation(np.repeat(np.arange(views), rng.integers(3, 9, views)))
    again = np.sort(rng.integers(0, views, 20))
    lens, pose = random_parameters("lens", 1, 4, 1, fixed=("lens2",)), random_parameters("pose", views, 3, 2)
    rows = len(members)
    seen = random_residuals("seen", rows, 2, {"lens": Use(4), "pose": Use(3, members)}, 3, **changes)
    other = random_residuals("again", 20, 1, {"pose": Use(3, again), "lens": Use(4)}, 4)
    return Problem((lens, pose), (seen, other))


def uniform() -> Problem:
    """Every private member has as many rows, in order: the batched way."""
    members = np.repeat(np.arange(12), 5)
    uses = {"lens": Use(3), "pose": Use(2, members)}
    blocks = (random_parameters("lens", 1, 3, 1), random_parameters("pose", 12, 2, 2, fixed=("pose1",)))
    return Problem(blocks, (random_residuals("seen", 60, 2, uses, 3),))


def scene() -> Problem:
    """Bundle adjustment: points are private, cameras shared and indexed, one camera meets many points."""
    rng = np.random.default_rng(5)
    cameras, points = 4, 15
    visible = [(c, p) for p in range(points) for c in rng.permutation(cameras)[: rng.integers(2, cameras + 1)]]
    camera, point = (np.array(column) for column in zip(*visible, strict=True))
    blocks = (
        random_parameters("camera", cameras, 4, 1, fixed=("camera3",)),
        random_parameters("point", points, 3, 2),
        random_parameters("lens", 1, 2, 3),
    )
    uses = {"camera": Use(4, camera), "lens": Use(2), "point": Use(3, point)}
    seen = random_residuals("seen", len(camera), 2, uses, 6)
    return Problem(blocks, (seen, prior_on(blocks[0]), prior_on(blocks[2])))


def loop() -> Problem:
    """A row that meets two members of the same kind, by two blocks: neither can hide the other."""
    rng = np.random.default_rng(7)
    left, right = rng.integers(0, 5, 40), rng.integers(0, 6, 40)
    uses = {"left": Use(2, left), "right": Use(3, right)}
    blocks = (random_parameters("left", 5, 2, 1), random_parameters("right", 6, 3, 2))
    return Problem(blocks, (random_residuals("pair", 40, 2, uses, 3), prior_on(blocks[0])))


def prior_on(block: ParameterBlock) -> object:
    return prior(block, dict.fromkeys(block.labels[:2], 0.1), dict.fromkeys(block.labels[:2], 0.5))


PROBLEMS = {
    "ragged": bundle,
    "uniform": uniform,
    "scene": scene,
    "loop": loop,
    "sigma_per_row": lambda: bundle(sigma=np.random.default_rng(1).uniform(0.5, 2, len_rows())),
    "sigma_per_residual": lambda: bundle(sigma=np.random.default_rng(1).uniform(0.5, 2, (len_rows(), 2))),
    "robust": lambda: bundle(loss=huber(0.7), sigma=0.3),
}


def len_rows() -> int:
    return bundle().residuals[0].rows


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return PROBLEMS[request.param]()


def flat(layout: Layout, step: Tangent, reference: Dense) -> Array:
    """A step over shared and private coordinates in the order of the dense columns."""
    by_label = dict(zip(layout.shared_labels(), step.shared, strict=True))
    for name, own in step.private.items():
        block = layout.problem.by_name[name]
        for k, coordinate in enumerate(block.free):
            by_label |= {block.full_label(m, int(coordinate)): own[k, m] for m in range(block.count)}
    return np.array([by_label[label] for label in reference.labels])


def test_private_blocks_are_found() -> None:
    assert layout_of(bundle()).private == ("pose",)
    assert layout_of(uniform()).private == ("pose",)
    assert layout_of(scene()).private == ("point",)
    assert layout_of(loop()).private == ("right",)


def test_gradient_and_diagonal_equal_the_dense_ones(problem: Problem) -> None:
    layout, reference = layout_of(problem), dense(problem, problem.start)
    normal = assemble(layout, problem.start)
    J, r = reference.jacobian, reference.residuals
    np.testing.assert_allclose(flat(layout, gradient(normal), reference), J.T @ r, atol=1e-12)
    np.testing.assert_allclose(flat(layout, diagonal(normal), reference), np.sum(J * J, axis=0), rtol=1e-12)
    assert normal.squares == pytest.approx(float(r @ r), rel=1e-13)
    assert normal.residuals == len(r)


@pytest.mark.parametrize("damping", [0.0, 1e-2, 10.0])
def test_damped_step_equals_the_dense_one(problem: Problem, damping: float) -> None:
    layout, reference = layout_of(problem), dense(problem, problem.start)
    normal = assemble(layout, problem.start)
    norms = diagonal(normal)
    added = Tangent(damping * norms.shared, {name: damping * a for name, a in norms.private.items()})
    J, r = reference.jacobian, reference.residuals
    matrix = J.T @ J + damping * np.diag(np.sum(J * J, axis=0))
    expected = -np.linalg.solve(matrix, J.T @ r)
    np.testing.assert_allclose(flat(layout, solve_damped(normal, added), reference), expected, rtol=1e-8, atol=1e-10)
    again = factorise(normal, added).step_against(gradient(normal))
    np.testing.assert_allclose(flat(layout, again, reference), expected, rtol=1e-8, atol=1e-10)


def test_triangle_is_a_square_root_of_the_normal_matrix() -> None:
    """Also where shared members change from row to row, and over many chunks."""
    rng = np.random.default_rng(3)
    members = rng.integers(0, 3, 50)
    blocks = (random_parameters("a", 1, 3, 1), random_parameters("b", 3, 2, 2, fixed=("b0",)))
    uses = {"a": Use(3), "b": Use(2, members)}
    problem = Problem(blocks, (random_residuals("r", 50, 2, uses, 4),))
    held = tuple(block for block in problem.residuals)
    # a second row of members on the same block makes it shared
    other = random_parameters("c", 40, 3, 5)
    uses = {"b": Use(2, members), "c": Use(3, rng.integers(0, 40, 50))}
    whole = Problem((*blocks, other), (*held, random_residuals("s", 50, 4, uses, 6)))
    layout = layout_of(whole)
    assert layout.private == ("c",)
    alone = layout_of(Problem((blocks[0],), (random_residuals("r", 50, 2, {"a": Use(3)}, 4),)))
    reference = dense(alone.problem, alone.problem.start)
    both = np.column_stack([reference.jacobian, reference.residuals])
    factor = triangular_factor(alone, alone.problem.start)
    np.testing.assert_allclose(factor.T @ factor, both.T @ both, rtol=1e-10, atol=1e-10)


def test_solution_does_not_depend_on_elimination(problem: Problem) -> None:
    """The minimum found with elimination is stationary for the dense problem."""
    solution = solve(problem)
    assert solution.status.converged
    reference = dense(problem, solution.values)
    length = np.linalg.norm(reference.residuals)
    cosines = reference.jacobian.T @ reference.residuals / np.linalg.norm(reference.jacobian, axis=0) / length
    assert np.abs(cosines).max() < 1e-5  # what a last step taken on trust may leave


def test_a_step_taken_on_trust_leads_where_it_says(problem: Problem) -> None:
    """The cost that is told is the cost there, and the last digit is not far."""
    solution = solve(problem, Options(polish=Polish(last_digit=False)))
    assert solution.status.converged
    there = assemble(layout_of(problem), solution.values)
    assert there.cost == pytest.approx(solution.cost, rel=1e-10)
    assert there.squares == pytest.approx(solution.normal.squares, rel=1e-10)
    assert there.cost == pytest.approx(solve(problem, Options(gradient_tolerance=1e-14)).cost, rel=1e-10)


def test_covariance_equals_the_dense_inverse(problem: Problem) -> None:
    solution = solve(problem)
    layout, reference = layout_of(problem), dense(problem, solution.values)
    found = uncertainty(layout, solution.values, assemble(layout, solution.values))
    assert found.unobservable == ()
    where = [reference.labels.index(label) for label in found.labels]
    np.testing.assert_allclose(found.shared, reference.covariance[np.ix_(where, where)], rtol=1e-7, atol=1e-12)
    for name, sigma in found.private.items():
        block = problem.by_name[name]
        for member in range(block.count):
            for coordinate in range(block.tangent):
                expected = reference.sigma(block.full_label(member, coordinate)) if coordinate in block.free else 0.0
                assert sigma[member, coordinate] == pytest.approx(expected, rel=1e-7)


def test_rows_may_come_in_any_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks only group the sums."""
    whole = solve(scene())
    monkeypatch.setattr("calib.engine.normal_equations.layout.CHUNK_ENTRIES", 60)
    chunked = solve(scene())
    assert chunked.cost == pytest.approx(whole.cost, rel=1e-10)
    np.testing.assert_allclose(chunked.values["camera"], whole.values["camera"], atol=1e-5)
    np.testing.assert_allclose(chunked.uncertainty.shared, whole.uncertainty.shared, rtol=1e-4, atol=1e-9)


def test_held_labels_do_not_move() -> None:
    problem = bundle()
    solution = solve(problem, Options())
    assert solution.values["lens"][0, 2] == problem.start["lens"][0, 2]
    assert solution.uncertainty.sigma("lens2") == 0.0
