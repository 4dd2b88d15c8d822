"""A point moves by its own methods alone, and what it holds belongs together."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from cases.bundles import PROBLEMS, bundle

import calib.engine
from calib.engine import Problem
from calib.engine.normal_equations.assembly import assemble
from calib.engine.normal_equations.layout import layout_of
from calib.engine.normal_equations.tangent import diagonal, gradient
from calib.engine.point.point import Point


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return PROBLEMS[request.param]()


def test_nobody_moves_a_point_from_outside() -> None:
    """No file of the engine but its own assigns to an attribute of a `point`."""
    room = Path(calib.engine.__file__).parent
    found = []
    for path in sorted(room.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                for part in ast.walk(target) if target is not None else ():
                    if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                        found += [f"{path.name}:{part.lineno}"] if part.value.id == "point" else []
    assert found == []


def test_a_trial_leaves_the_point_where_it_is(problem: Problem) -> None:
    point = Point(layout_of(problem), problem.start)
    values, normal = point.values, point.normal
    there, _ = point.trial(-0.01 * gradient(point.normal))
    assert point.values is values
    assert point.normal is normal
    assert any((there[name] != values[name]).any() for name in values)


def test_jumping_takes_everything_along(problem: Problem) -> None:
    """What a point holds after a jump is what a point that starts there holds."""
    point = Point(layout_of(problem), problem.start, "marquardt")
    step = -0.01 * gradient(point.normal)
    values, normal = point.trial(step)
    accepted = Point(layout_of(problem), problem.start, "marquardt")
    accepted.accept(values, normal)
    point.jump_to(values)
    fresh = Point(layout_of(problem), values, "marquardt")
    for other in (accepted, fresh):
        assert point.cosine == other.cosine
        for mine, theirs in ((point.norms, other.norms), (point.scale, other.scale)):
            assert all((a == b).all() for a, b in zip(mine.parts, theirs.parts, strict=True))
    there = assemble(layout_of(problem), values)
    np.testing.assert_array_equal(point.system.shared, there.shared)
    assert point.evaluations == 3  # the start, the trial, the jump


def test_trust_tells_that_the_normal_equations_stayed_behind() -> None:
    point = Point(layout_of(bundle()), bundle().start)
    before = point.normal
    step = point.factorise_undamped().step()
    explained = float(np.sqrt(-step.dot(gradient(before))))
    assert not point.trusted
    point.trust(step, explained)
    assert point.trusted
    assert point.normal.shared is before.shared
    assert point.normal.cost == before.cost - 0.5 * explained**2
    point.jump_to(point.values)
    assert not point.trusted
    assert point.normal.shared is not before.shared


def test_the_largest_norm_is_remembered() -> None:
    problem = bundle()
    point = Point(layout_of(problem), problem.start, "more")
    first = diagonal(point.normal)
    point.jump_to({name: 3.0 * value for name, value in problem.start.items()})
    for kept, then, now in zip(point.remembered.parts, first.parts, point.norms.parts, strict=True):
        np.testing.assert_array_equal(kept, np.maximum(then, now))
