"""Classes by least squares on one-hot targets, trained in batches."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calib.errors import InputError
from calib.network import BatchSettings, accuracy, classes, new_net, one_hot, train, train_in_batches


def rings(rows: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Points of three classes that no straight line tells apart: rings of radius 1, 2, 3."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=rows)
    angle, radius = rng.uniform(0, 2 * np.pi, rows), 1 + labels + rng.normal(0, 0.15, rows)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), labels


def test_one_hot_and_back() -> None:
    targets = one_hot([2, 0, 1], 3)
    assert targets.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert classes(targets).tolist() == [2, 0, 1]
    assert accuracy(targets, np.array([2, 0, 0])) == pytest.approx(2 / 3)
    with pytest.raises(InputError, match=r"class 3 of 3 \(0 to 2\)") as refused:
        one_hot([0, 3], 3)
    assert (refused.value.code, refused.value.where) == ("unknown-class", "row 2")


@pytest.mark.parametrize("batches", [False, True])
def test_rings_are_told_apart(batches: bool) -> None:
    points, labels = rings(300, 1)
    net = new_net(points, one_hot(labels, 3), (15,), 0)
    if batches:
        found = train_in_batches(net, points, one_hot(labels, 3), 0, BatchSettings(epochs=15, damping=0.2)).net
    else:
        found = train(net, points, one_hot(labels, 3)).net
    test, truth = rings(500, 2)
    assert accuracy(found(test), truth) > 0.97


def test_batches_lower_the_error_and_repeat() -> None:
    points, labels = rings(200, 3)
    net = new_net(points, one_hot(labels, 3), (10,), 0)
    settings = BatchSettings(epochs=5, damping=0.2, averaged=2)
    one, again = (train_in_batches(net, points, one_hot(labels, 3), 7, settings) for _ in range(2))
    assert len(one.mse) == 5
    assert one.mse[-1] < 0.5 * one.mse[0]
    np.testing.assert_array_equal(one.net.weights, again.net.weights)
