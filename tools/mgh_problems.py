"""The test problems of J. J. More, B. S. Garbow and K. E. Hillstrom, "Testing unconstrained optimization software",
ACM Transactions on Mathematical Software 7, 1981, from their definitions there: all 35 are sums of squares.

Functions take the parameters and return the residuals; all are analytic so that a complex step passes through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from calib.arrays import Array


@dataclass(frozen=True)
class TestProblem:
    """number: in the paper. minimum: the lowest known sum of squares. residuals(x) -> (m,)."""

    number: int
    name: str
    residuals: Callable[[Any], Any]
    start: Array
    minimum: float


def _stack(*terms: Any) -> Any:
    return np.stack(np.broadcast_arrays(*terms))


def _thousandths(text: str) -> Array:
    return np.array([int(word) / 1000 for word in text.split()])


def _helical(x: Any) -> Any:
    theta = np.arctan(x[1] / x[0]) / (2 * np.pi) + (0.5 if np.real(x[0]) < 0 else 0.0)
    return _stack(10 * (x[2] - 10 * theta), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2])


I15 = np.arange(1, 16)
BARD = np.array([0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39])
GAUSSIAN = np.array([0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989])
MEYER = np.array(
    [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872]
)
KOWALIK_Y = np.array([0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
KOWALIK_U = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
OSBORNE_1 = _thousandths(
    "844 908 932 936 925 908 881 850 818 784 751 718 685 658 628 603 580 558 538 522 506 490 478 467 457 448 "
    "438 431 424 420 414 411 406"
)
OSBORNE_2 = _thousandths(
    "1366 1191 1112 1013 991 885 831 847 786 725 746 679 608 655 616 606 602 626 651 724 649 649 694 644 624 "
    "661 612 558 533 495 500 423 395 375 372 391 396 405 428 429 523 562 607 653 672 708 633 668 645 632 591 "
    "559 597 625 739 710 729 720 636 581 428 292 162 98 54"
)


def _jennrich(x: Any) -> Any:
    i = np.arange(1, 11)
    return 2 + 2 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def _gaussian(x: Any) -> Any:
    y = np.concatenate([GAUSSIAN, GAUSSIAN[-2::-1]])
    return x[0] * np.exp(-x[1] * ((8 - I15) / 2 - x[2]) ** 2 / 2) - y


def _gulf(x: Any) -> Any:
    t = np.arange(1, 100) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return np.exp(-(((y - x[1]) ** 2) ** (x[2] / 2)) / x[0]) - t


def _box(x: Any) -> Any:
    t = 0.1 * np.arange(1, 11)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def _powell(x: Any) -> Any:
    a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
    terms = (a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2)
    return np.stack(terms, axis=1).ravel()


def _wood(x: Any) -> Any:
    a, b, c, d = x
    first = (10 * (b - a**2), 1 - a, np.sqrt(90) * (d - c**2), 1 - c)
    return _stack(*first, np.sqrt(10) * (b + d - 2), (b - d) / np.sqrt(10))


def _brown_dennis(x: Any) -> Any:
    t = np.arange(1, 21) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def _osborne_1(x: Any) -> Any:
    t = 10 * np.arange(33)
    return OSBORNE_1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def _biggs(x: Any) -> Any:
    t = 0.1 * np.arange(1, 14)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


def _osborne_2(x: Any) -> Any:
    t = np.arange(65) / 10
    peaks = sum(x[k] * np.exp(-((t - x[k + 7]) ** 2) * x[k + 4]) for k in (1, 2, 3))
    return OSBORNE_2 - (x[0] * np.exp(-t * x[4]) + peaks)


def _watson(x: Any) -> Any:
    t, j = np.arange(1, 30)[:, None] / 29, np.arange(len(x))
    slopes = (j[1:] * t ** (j[1:] - 1)) @ x[1:]
    return np.concatenate([slopes - ((t**j) @ x) ** 2 - 1, [x[0], x[1] - x[0] ** 2 - 1]])


def _rosenbrock(x: Any) -> Any:
    return np.stack([10 * (x[1::2] - x[0::2] ** 2), 1 - x[0::2]], axis=1).ravel()


def _penalty_1(x: Any) -> Any:
    return np.concatenate([np.sqrt(1e-5) * (x - 1), [np.sum(x**2) - 0.25]])


def _penalty_2(x: Any) -> Any:
    n, e = len(x), np.exp(x / 10)
    i = np.arange(2, n + 1)
    between = np.sqrt(1e-5) * (e[1:] + e[:-1] - np.exp(i / 10) - np.exp((i - 1) / 10))
    beyond = np.sqrt(1e-5) * (e[1:] - np.exp(-0.1))
    return np.concatenate([[x[0] - 0.2], between, beyond, [np.sum(np.arange(n, 0, -1) * x**2) - 1]])


def _variably_dimensioned(x: Any) -> Any:
    total = np.sum(np.arange(1, len(x) + 1) * (x - 1))
    return np.concatenate([x - 1, [total, total**2]])


def _trigonometric(x: Any) -> Any:
    n = len(x)
    return n - np.sum(np.cos(x)) + np.arange(1, n + 1) * (1 - np.cos(x)) - np.sin(x)


def _brown_almost_linear(x: Any) -> Any:
    return np.concatenate([x[:-1] + np.sum(x) - (len(x) + 1), [np.prod(x) - 1]])


def _boundary_value(x: Any) -> Any:
    n = len(x)
    h, t = 1 / (n + 1), np.arange(1, n + 1) / (n + 1)
    padded = np.concatenate([[0], x, [0]])
    return 2 * x - padded[:-2] - padded[2:] + h**2 * (x + t + 1) ** 3 / 2


def _integral_equation(x: Any) -> Any:
    n = len(x)
    h, t = 1 / (n + 1), np.arange(1, n + 1) / (n + 1)
    cubes = (x + t + 1) ** 3
    low, high = np.tri(n) * t, (1 - np.tri(n)) * (1 - t)
    return x + h * ((1 - t) * (low @ cubes) + t * (high @ cubes)) / 2


def _tridiagonal(x: Any) -> Any:
    padded = np.concatenate([[0], x, [0]])
    return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1


def _banded(x: Any) -> Any:
    n = len(x)
    offsets = np.arange(n)[None, :] - np.arange(n)[:, None]
    near = (offsets >= -5) & (offsets <= 1) & (offsets != 0)
    return x * (2 + 5 * x**2) + 1 - near @ (x * (1 + x))


def _full_rank(x: Any) -> Any:
    low = -2 * np.sum(x) / 20 - 1
    return np.concatenate([x + low, np.repeat(low, 20 - len(x))])


def _rank_one(x: Any) -> Any:
    return np.arange(1, 21) * np.sum(np.arange(1, len(x) + 1) * x) - 1


def _rank_one_zeros(x: Any) -> Any:
    inner = np.sum(np.arange(2, len(x)) * x[1:-1])
    return np.concatenate([[-1], np.arange(1, 19) * inner - 1, [-1]])


def _chebyquad(x: Any) -> Any:
    n, y = len(x), 2 * x - 1
    low, high = np.ones_like(y), y
    rows = []
    for i in range(1, n + 1):
        rows.append(np.mean(high) + (1 / (i * i - 1) if i % 2 == 0 else 0.0))
        low, high = high, 2 * y * high - low
    return np.array(rows)


def _equal(n: int, value: float) -> Array:
    return np.full(n, value)


_T10 = np.arange(1, 11) / 11
_MEYER_T = 45 + 5 * np.arange(1, 17)

PROBLEMS: tuple[TestProblem, ...] = tuple(
    TestProblem(number, name, residuals, np.asarray(start, float), minimum)
    for number, name, residuals, start, minimum in [
        (1, "Rosenbrock", _rosenbrock, [-1.2, 1], 0.0),
        (
            2,
            "Freudenstein-Roth",
            lambda x: _stack(-13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1], -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]),
            [0.5, -2],
            0.0,
        ),
        (
            3,
            "Powell badly scaled",
            lambda x: _stack(1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001),
            [0, 1],
            0.0,
        ),
        (4, "Brown badly scaled", lambda x: _stack(x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2), [1, 1], 0.0),
        (
            5,
            "Beale",
            lambda x: np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** np.arange(1, 4)),
            [1, 1],
            0.0,
        ),
        (6, "Jennrich-Sampson", _jennrich, [0.3, 0.4], 124.362182),
        (7, "helical valley", _helical, [-1, 0, 0], 0.0),
        (
            8,
            "Bard",
            lambda x: BARD - (x[0] + I15 / ((16 - I15) * x[1] + np.minimum(I15, 16 - I15) * x[2])),
            [1, 1, 1],
            8.21487730e-3,
        ),
        (9, "Gaussian", _gaussian, [0.4, 1, 0], 1.12793277e-8),
        (10, "Meyer", lambda x: x[0] * np.exp(x[1] / (_MEYER_T + x[2])) - MEYER, [0.02, 4000, 250], 87.9458552),
        (11, "Gulf", _gulf, [5, 2.5, 0.15], 0.0),
        (12, "Box", _box, [0, 10, 20], 0.0),
        (13, "Powell singular", _powell, [3, -1, 0, 1], 0.0),
        (14, "Wood", _wood, [-3, -1, -3, -1], 0.0),
        (
            15,
            "Kowalik-Osborne",
            lambda x: KOWALIK_Y - x[0] * (KOWALIK_U**2 + KOWALIK_U * x[1]) / (KOWALIK_U**2 + KOWALIK_U * x[2] + x[3]),
            [0.25, 0.39, 0.415, 0.39],
            3.07505604e-4,
        ),
        (16, "Brown-Dennis", _brown_dennis, [25, 5, -5, -1], 85822.2016),
        (17, "Osborne 1", _osborne_1, [0.5, 1.5, -1, 0.01, 0.02], 5.46489470e-5),
        (18, "Biggs EXP6", _biggs, [1, 2, 1, 1, 1, 1], 0.0),
        (19, "Osborne 2", _osborne_2, [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5], 4.01377363e-2),
        (20, "Watson 6", _watson, _equal(6, 0), 2.28767005e-3),
        (20, "Watson 9", _watson, _equal(9, 0), 1.39976014e-6),
        (20, "Watson 12", _watson, _equal(12, 0), 4.72238e-10),
        (21, "extended Rosenbrock", _rosenbrock, np.tile([-1.2, 1], 5), 0.0),
        (22, "extended Powell singular", _powell, np.tile([3, -1, 0, 1], 3), 0.0),
        (23, "penalty I", _penalty_1, np.arange(1, 11), 7.08765e-5),
        (24, "penalty II", _penalty_2, _equal(10, 0.5), 2.93661e-4),
        (25, "variably dimensioned", _variably_dimensioned, 1 - np.arange(1, 11) / 10, 0.0),
        (26, "trigonometric", _trigonometric, _equal(10, 0.1), 0.0),
        (27, "Brown almost linear", _brown_almost_linear, _equal(10, 0.5), 0.0),
        (28, "discrete boundary value", _boundary_value, _T10 * (_T10 - 1), 0.0),
        (29, "discrete integral equation", _integral_equation, _T10 * (_T10 - 1), 0.0),
        (30, "Broyden tridiagonal", _tridiagonal, _equal(10, -1), 0.0),
        (31, "Broyden banded", _banded, _equal(10, -1), 0.0),
        (32, "linear full rank", _full_rank, _equal(10, 1), 10.0),
        (33, "linear rank 1", _rank_one, _equal(10, 1), 20 * 19 / 82),
        (34, "linear rank 1, zero borders", _rank_one_zeros, _equal(10, 1), 454 / 74),
        (35, "Chebyquad 8", _chebyquad, np.arange(1, 9) / 9, 3.51687373e-3),
        (35, "Chebyquad 9", _chebyquad, np.arange(1, 10) / 10, 0.0),
        (35, "Chebyquad 10", _chebyquad, np.arange(1, 11) / 11, 4.77271370e-3),
    ]
)
