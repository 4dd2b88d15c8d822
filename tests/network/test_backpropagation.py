"""Activations keep their contract; back-propagation agrees with differences; a start spreads its units."""

from __future__ import annotations

import numpy as np
import pytest

from calib import plugins
from calib.errors import UsageError
from calib.network.activation import Activation, load_activation
from calib.network.backpropagation import forward
from calib.network.shape import Shape, feed_forward
from calib.network.start import nguyen_widrow

ACTIVATIONS = plugins.discover("calib.network.activations")
SHAPES = [
    feed_forward((2, 3, 1)),
    feed_forward((3, 4, 5, 2), "sigmoid"),
    feed_forward((1, 6, 3), "radial", "tanh"),
    feed_forward((4, 2), output="sigmoid"),
    Shape((2, 3, 2, 3, 1), tuple(map(load_activation, ("tanh", "linear", "radial", "sigmoid")))),
]


@pytest.mark.parametrize("activation", [load_activation(name) for name in ACTIVATIONS], ids=lambda each: each.name)
def test_every_activation_keeps_the_contract(activation: Activation) -> None:
    n = np.linspace(-6, 6, 241)
    value, slope = activation.evaluate(n)
    ahead, behind = (activation.evaluate(n + h)[0] for h in (1e-5, -1e-5))
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-5, atol=1e-9)
    if activation.image is not None:
        low, high = activation.image
        assert (value >= low).all()
        assert (value <= high).all()
    assert (activation.active is None) == bool(np.ptp(slope) == 0), "only what is straight bends nowhere"
    far, flat = activation.evaluate(np.array([-1e3, 1e3]))  # without a warning
    assert np.isfinite(far).all()
    assert np.isfinite(flat).all()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape.sizes)))
def test_back_propagation_is_the_derivative(shape: Shape) -> None:
    rng = np.random.default_rng(1)
    weights = rng.normal(0, 0.7, shape.count)
    inputs = rng.uniform(-1, 1, (7, shape.sizes[0]))
    slopes = forward(shape, weights, inputs).jacobian()
    assert slopes.shape == (7, shape.sizes[-1], shape.count)
    for k, step in enumerate(1e-6 * np.eye(shape.count)):
        ahead, behind = (forward(shape, weights + h, inputs).outputs for h in (step, -step))
        np.testing.assert_allclose(slopes[:, :, k], (ahead - behind) / 2e-6, atol=1e-8)


def test_a_weight_has_a_label() -> None:
    shape = feed_forward((2, 3, 1))
    assert len(set(shape.labels)) == len(shape.labels) == shape.count == 13
    assert shape.labels[:3] == ("w1[1,1]", "w1[1,2]", "b1[1]")
    assert shape.labels[-shape.last :] == ("w2[1,1]", "w2[1,2]", "w2[1,3]", "b2[1]")
    matrices = shape.matrices(np.arange(13.0))
    assert matrices[0][1].tolist() == [3, 4, 5]
    assert matrices[1].shape == (1, 4)


def test_impossible_shapes_are_refused() -> None:
    for sizes in ((3,), (3, 0, 1)):
        with pytest.raises(UsageError, match="two layers or more"):
            feed_forward(sizes)
    with pytest.raises(UsageError, match="1 activations for 2 layers"):
        Shape((1, 2, 1), (load_activation("tanh"),))
    with pytest.raises(UsageError, match="unknown activation 'tan'") as refused:
        feed_forward((1, 2, 1), "tan")
    assert refused.value.advice == "did you mean 'tanh'?"


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "linear"])
def test_the_start_spreads_the_bends_over_the_inputs(name: str) -> None:
    shape = feed_forward((1, 20, 1), name)
    weights = nguyen_widrow(shape, np.random.default_rng(3))
    np.testing.assert_array_equal(weights, nguyen_widrow(shape, np.random.default_rng(3)))
    slope, offset = shape.matrices(weights)[0].T
    bends = np.sort(-offset / slope)  # where the net input of a unit is zero
    assert bends[0] >= -1 - 1e-12
    assert bends[-1] <= 1 + 1e-12
    np.testing.assert_allclose(np.diff(bends), 2 / 19, atol=1e-12)


def test_a_second_layer_starts_on_the_image_of_the_first() -> None:
    shape = feed_forward((2, 8, 12, 1), "sigmoid")
    weights = nguyen_widrow(shape, np.random.default_rng(4))
    centre = shape.matrices(weights)[1] @ np.append(np.full(8, 0.5), 1.0)  # of the sigmoid's image
    active = shape.activations[1].active
    assert active is not None
    assert np.abs(centre).max() <= active + 1e-12
