"""Problems with private blocks of every kind, for the tests of the normal equations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from calib.arrays import Array
from calib.engine import ParameterBlock, Problem, ResidualBlock, huber, prior
from calib.engine.normal_equations.layout import Layout
from calib.engine.normal_equations.tangent import Tangent
from cases.engine import Dense, Use, random_parameters, random_residuals


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


def prior_on(block: ParameterBlock) -> ResidualBlock:
    return prior(block, dict.fromkeys(block.labels[:2], 0.1), dict.fromkeys(block.labels[:2], 0.5))


def len_rows() -> int:
    return bundle().residuals[0].rows


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "ragged": bundle,
    "uniform": uniform,
    "scene": scene,
    "loop": loop,
    "sigma_per_row": lambda: bundle(sigma=np.random.default_rng(1).uniform(0.5, 2, len_rows())),
    "sigma_per_residual": lambda: bundle(sigma=np.random.default_rng(1).uniform(0.5, 2, (len_rows(), 2))),
    "robust": lambda: bundle(loss=huber(0.7), sigma=0.3),
}


def flat(layout: Layout, step: Tangent, reference: Dense) -> Array:
    """A step over shared and private coordinates in the order of the dense columns."""
    by_label = dict(zip(layout.shared_labels(), step.shared, strict=True))
    for name, own in step.private.items():
        block = layout.problem.by_name[name]
        for k, coordinate in enumerate(block.free):
            by_label |= {block.full_label(m, int(coordinate)): own[k, m] for m in range(block.count)}
    return np.array([by_label[label] for label in reference.labels])


def views(**changes: object) -> Problem:
    members = np.repeat(np.arange(6), 4)
    blocks = (random_parameters("lens", 1, 2, 1, fixed=("lens0",)), random_parameters("pose", 6, 3, 2))
    uses = {"lens": Use(2), "pose": Use(3, members)}
    return Problem(blocks, (random_residuals("seen", 24, 2, uses, 3, **changes),))
