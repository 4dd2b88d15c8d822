"""Problems the engine's tests share, and the same linear algebra done densely."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calib.arrays import Array, Index
from calib.engine import ParameterBlock, Problem, ResidualBlock
from calib.engine.losses import Loss
from calib.engine.problem import Rows, Values


def curve(
    model: Callable[[Array, Array], tuple[Array, Array]],
    x: Array,
    y: Array,
    start: Sequence[float],
    labels: Sequence[str] = (),
    sigma: float | Array = 1.0,
    loss: Loss | None = None,
) -> Problem:
    """Fit y = model(x; b); model returns values (m,) and derivatives (m, p)."""
    names = tuple(labels) or tuple(f"b{i + 1}" for i in range(len(start)))
    block = ParameterBlock("b", np.array([start], float), names)

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        with np.errstate(all="ignore"):
            predicted, slopes = model(x[rows], values["b"][0])
        return (predicted - y[rows])[:, None], (slopes[:, None, :],)

    return Problem((block,), (ResidualBlock("curve", len(x), 1, {"b": None}, evaluate, sigma, loss),))


def decay(x: Array, b: Array) -> tuple[Array, Array]:
    """b1 exp(-b2 x) + b3."""
    e = np.exp(-b[1] * x)
    return b[0] * e + b[2], np.stack([e, -b[0] * x * e, np.ones_like(x)], axis=1)


def noisy_decay() -> Problem:
    """Twenty points of a decay, with small residuals left at the minimum."""
    x = np.linspace(0, 4, 20)
    return curve(decay, x, decay(x, np.array([2.0, 1.1, 0.5]))[0] + 0.01 * np.sin(37 * x), [1.0, 0.5, 0.0])


def scalar(function: Callable[[float], tuple[float, float]], start: float, dimension: int = 1) -> Problem:
    """One unknown; function(b) returns residuals and derivatives."""

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        r, j = function(values["b"][0, 0])
        return np.array([[r]]), (np.array([[[j]]]),)

    block = ParameterBlock("b", np.array([[start]]), ("b",))
    return Problem((block,), (ResidualBlock("one", 1, dimension, {"b": None}, evaluate),))


def rosenbrock(start: Sequence[float] = (-1.2, 1.0)) -> Problem:
    """The banana valley as two residuals, 10 (y - x^2) and 1 - x."""

    def evaluate(values: Values, rows: Rows) -> tuple[Array, Sequence[Array]]:
        x, y = values["b"][0]
        residuals = np.array([[10 * (y - x * x), 1 - x]])
        return residuals, (np.array([[[-20 * x, 10.0], [-1.0, 0.0]]]),)

    block = ParameterBlock("b", np.array([start], float), ("x", "y"))
    return Problem((block,), (ResidualBlock("rosenbrock", 1, 2, {"b": None}, evaluate),))


@dataclass(frozen=True)
class Use:
    """A parameter block as a random residual block uses it."""

    tangent: int
    members: Index | None = None


def random_residuals(
    name: str,
    rows: int,
    dimension: int,
    uses: Mapping[str, Use],
    seed: int,
    sigma: float | Array = 1.0,
    loss: Loss | None = None,
    curvature: float = 0.05,
) -> ResidualBlock:
    """u + curvature u^2 - y, where u is a random linear map, different in every row, of the blocks used."""
    rng = np.random.default_rng(seed)
    maps = {block: rng.normal(size=(rows, dimension, use.tangent)) for block, use in uses.items()}
    y = rng.normal(size=(rows, dimension))

    def evaluate(values: Values, chosen: Rows) -> tuple[Array, Sequence[Array]]:
        u = np.zeros_like(y[chosen])
        for block, use in uses.items():
            own = values[block][0] if use.members is None else values[block][use.members[chosen]]
            u = u + np.einsum("mdt,mt->md", maps[block][chosen], np.broadcast_to(own, (len(u), use.tangent)))
        slope = (1 + 2 * curvature * u)[:, :, None]
        return u + curvature * u * u - y[chosen], [slope * maps[block][chosen] for block in uses]

    return ResidualBlock(name, rows, dimension, {b: u.members for b, u in uses.items()}, evaluate, sigma, loss)


def random_parameters(
    name: str, members: int, tangent: int, seed: int, fixed: Sequence[str] = (), named: bool = False
) -> ParameterBlock:
    """A Euclidean block with small random start values; labels name0, name1, ..."""
    values = 0.1 * np.random.default_rng(seed).normal(size=(members, tangent))
    labels = tuple(f"{name}{i}" for i in range(tangent))
    names = tuple(f"m{i}" for i in range(members)) if named else ()
    return ParameterBlock(name, values, labels, frozenset(fixed), members=names)


@dataclass(frozen=True)
class Dense:
    """The whole weighted Jacobian of the free coordinates, the residuals, and the full label of every column."""

    jacobian: Array
    residuals: Array
    labels: tuple[str, ...]

    @property
    def covariance(self) -> Array:
        """inv(J'J)."""
        return np.asarray(np.linalg.inv(self.jacobian.T @ self.jacobian))

    def sigma(self, label: str) -> float:
        """Standard deviation of one column."""
        i = self.labels.index(label)
        return float(np.sqrt(self.covariance[i, i]))


def dense(problem: Problem, values: Values) -> Dense:
    """Evaluate every block at once and lay its Jacobians out by columns: nothing shared with the engine's way."""
    offset, labels, free = {}, [], []
    for block in problem.parameters:
        offset[block.name] = len(labels)
        for member in range(block.count):
            for coordinate in range(block.tangent):
                if coordinate in block.free:
                    free.append(len(labels))
                labels.append(block.full_label(member, coordinate))
    matrices, residuals = [], []
    for block in problem.residuals:
        r, jacobians = block.evaluate(values, np.arange(block.rows))
        whole = np.zeros((block.rows, block.dimension, len(labels)))
        for (name, members), jacobian in zip(block.blocks.items(), jacobians, strict=True):
            tangent = problem.by_name[name].tangent
            for row in range(block.rows):
                begin = offset[name] + tangent * (0 if members is None else members[row])
                whole[row, :, begin : begin + tangent] += jacobian[row]
        sigma = np.broadcast_to(
            np.asarray(block.sigma, float).reshape((*np.shape(block.sigma), 1)[:2] or (1, 1)), r.shape
        )
        weight = np.ones(block.rows)
        if block.loss is not None:
            weight = np.sqrt(block.loss(np.sum((r / sigma) ** 2, axis=1))[1])
        matrices.append((whole / sigma[:, :, None] * weight[:, None, None]).reshape(-1, len(labels)))
        residuals.append((r / sigma * weight[:, None]).ravel())
    kept = tuple(labels[i] for i in free)
    return Dense(np.concatenate(matrices)[:, free], np.concatenate(residuals), kept)


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
