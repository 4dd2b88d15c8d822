"""Training reaches known answers: closed forms where there are any, known surfaces where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from calib.arrays import Array
from calib.engine import Options, solve
from calib.errors import InputError
from calib.network import Net, TrainingSettings, new_net, train
from calib.network.net import Ensemble, bank_of, scaling_onto
from calib.network.training_problem import samples, solve_outputs_first, training_problem


def peaks(points: int) -> tuple[Array, Array]:
    """MATLAB's peaks on a grid."""
    axis = np.linspace(-3, 3, points)
    x, y = (values.ravel() for values in np.meshgrid(axis, axis))
    hills = 3 * (1 - x) ** 2 * np.exp(-(x**2) - (y + 1) ** 2) - np.exp(-((x + 1) ** 2) - y**2) / 3
    return np.stack([x, y], axis=1), (hills - 10 * (x / 5 - x**3 - y**5) * np.exp(-(x**2) - y**2))[:, None]


def wave(rows: int, noise: float = 0.0) -> tuple[Array, Array]:
    rng = np.random.default_rng(rows)
    x = rng.uniform(-2, 2, (rows, 1))
    return x, np.sin(3 * x) + noise * rng.normal(size=x.shape)


def mean_square(net: Net, inputs: Array, targets: Array) -> float:
    return float(np.mean((net(inputs) - targets) ** 2))


def test_peaks_is_learnt_and_interpolated() -> None:
    inputs, targets = peaks(20)
    nets = [train(new_net(inputs, targets, (10, 10), seed), inputs, targets).net for seed in range(5)]
    assert np.median([mean_square(net, inputs, targets) for net in nets]) < 5e-5
    assert np.median([mean_square(net, *peaks(40)) for net in nets]) < 1e-4


def test_sinc_is_learnt_to_ten_digits() -> None:
    x = np.linspace(-10, 10, 1000)[:, None]
    training = train(new_net(x, np.sinc(x / np.pi), (20,), 0), x, np.sinc(x / np.pi))
    assert mean_square(training.net, x, np.sinc(x / np.pi)) < 1e-10
    assert "iteration limit" in training.sentence or "converged" in training.sentence
    assert training.mse[-1] < training.mse[0]


@pytest.mark.parametrize("activation", ["sigmoid", "radial", "tanh"])
def test_every_activation_learns(activation: str) -> None:
    inputs, targets = wave(200)
    net = new_net(inputs, targets, (8,), 1, activation)
    assert mean_square(train(net, inputs, targets).net, inputs, targets) < 1e-5


def test_a_bounded_output_is_scaled_into_its_image() -> None:
    inputs, targets = wave(100)
    net = new_net(inputs, 5 + 40 * targets, (8,), 1, output="sigmoid")
    found = train(net, inputs, 5 + 40 * targets).net
    assert mean_square(found, inputs, 5 + 40 * targets) < 1e-3 * 40**2


def test_weight_decay_is_ridge_regression() -> None:
    """A net without hidden layers is linear: its answer is known in closed form, the bias unpenalised."""
    rng = np.random.default_rng(2)
    inputs, targets = rng.normal(size=(40, 3)), rng.normal(size=(40, 1))
    net = new_net(inputs, targets, (), 0)
    data = samples(bank_of(net), inputs, targets)
    found = solve(training_problem(bank_of(net), data, 7.0), Options()).values["net 1"][0]
    whole = np.column_stack([data.inputs[0], np.ones(40)])
    expected = np.linalg.solve(whole.T @ whole + 7 * np.diag([1, 1, 1, 0]), whole.T @ data.targets[:, 0])
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_output_layer_starts_at_its_best() -> None:
    inputs, targets = wave(60)
    net = new_net(inputs, targets, (5,), 0)
    data = samples(bank_of(net), inputs, targets)
    started = solve_outputs_first(bank_of(net), data).nets[0]
    last = net.shape.last
    np.testing.assert_array_equal(started.weights[:-last], net.weights[:-last])
    assert mean_square(started, inputs, targets) < 0.5 * mean_square(net, inputs, targets)


def test_training_stops_when_held_out_data_gain_no_more() -> None:
    inputs, targets = wave(40, noise=0.3)
    held = wave(300, noise=0.3)
    net = new_net(inputs, targets, (25,), 0)
    settings = TrainingSettings(200, check_every=2)
    stopped = train(net, inputs, targets, settings, held)
    assert "no longer falls" in stopped.sentence
    assert len(stopped.mse) < 200
    lowest = min(error for _, error in stopped.held_out)
    spread = float(net.output_scaling.spread[0])
    assert mean_square(stopped.net, *held) == pytest.approx(lowest * spread**2)
    assert mean_square(stopped.net, *held) < mean_square(train(net, inputs, targets, settings).net, *held)


def test_early_stopping_walks_the_same_way() -> None:
    """Looking at held-out data interrupts the solve; it must not change its steps."""
    inputs, targets = wave(50)
    net = new_net(inputs, targets, (6,), 0)
    plain = train(net, inputs, targets, TrainingSettings(12))
    looked = train(net, inputs, targets, TrainingSettings(12, check_every=3, patience=99), wave(51))
    np.testing.assert_allclose(looked.mse, plain.mse, rtol=1e-9)


def test_training_is_repeatable() -> None:
    inputs, targets = wave(50)
    runs = [
        train(new_net(inputs, targets, (6,), 5), inputs, targets, TrainingSettings(20)).net.weights for _ in range(2)
    ]
    np.testing.assert_array_equal(*runs)


def test_several_outputs_in_their_own_units() -> None:
    inputs, targets = wave(150)
    both = np.column_stack([1e3 * targets, 1e-3 * targets**2])
    found = train(new_net(inputs, both, (15,), 0), inputs, both).net
    np.testing.assert_allclose(np.abs(found(inputs) - both).max(axis=0) / np.ptp(both, axis=0), 0, atol=0.02)


def test_scaling_maps_a_range_and_back() -> None:
    values = np.array([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]])
    scaling = scaling_onto(values, (0.0, 1.0))
    np.testing.assert_allclose(scaling.apply(values)[:, 0], [0, 1, 0.5])
    np.testing.assert_allclose(scaling.apply(values)[:, 1], 0.5)  # a column that never changes: the middle
    np.testing.assert_allclose(scaling.undo(scaling.apply(values)), values)


def test_an_ensemble_answers_by_the_mean_and_stays_at_its_edge() -> None:
    inputs, targets = wave(50)
    nets = [new_net(inputs, targets, (4,), seed) for seed in range(2)]
    ensemble = Ensemble(tuple(map(bank_of, nets)), np.array([-1.0]), np.array([1.0]))
    at = np.array([[0.5], [1.0]])
    np.testing.assert_allclose(ensemble(at), (nets[0](at) + nets[1](at)) / 2)
    np.testing.assert_array_equal(ensemble(np.array([[7.0]])), ensemble(np.array([[1.0]])))


def test_tables_that_do_not_fit_are_refused() -> None:
    inputs, targets = wave(10)
    with pytest.raises(InputError, match="10 rows of inputs for 9"):
        new_net(inputs, targets[:9], (3,), 0)
    with pytest.raises(InputError, match="inputs of shape"):
        new_net(inputs, targets, (3,), 0)(np.zeros((2, 2)))
    bad = targets.copy()
    bad[3] = np.nan
    with pytest.raises(InputError, match="targets are not finite") as refused:
        new_net(inputs, bad, (3,), 0)
    assert (refused.value.code, refused.value.where) == ("net-inputs", "row 4")


def test_training_is_watched_and_stopped() -> None:
    inputs, targets = wave(50)
    net = new_net(inputs, targets, (6,), 5)
    seen: list[int] = []
    stopped = train(net, inputs, targets, on_iteration=lambda one: seen.append(one.index) or len(seen) == 3)
    assert seen == [1, 2, 3]
    assert len(stopped.mse) == 3
    seen.clear()
    settings = TrainingSettings(40, check_every=4)
    stopped = train(net, inputs, targets, settings, wave(51), lambda one: seen.append(one.index) or len(seen) == 6)
    assert seen == [1, 2, 3, 4, 5, 6]
    assert [index for index, _ in stopped.held_out] == [4, 6]


def test_nets_print_in_a_line_and_compare_by_identity() -> None:
    inputs, targets = wave(50)
    net, again = (new_net(inputs, targets, (6,), 5) for _ in range(2))
    assert repr(net) == "Net(1-6-1 tanh linear, 19 weights)"
    assert repr(bank_of(net)) == "Bank(1 nets of 1 inputs)"
    assert net == net
    assert net != again
    assert len(repr(train(net, inputs, targets, TrainingSettings(3)))) < 300
    assert len(repr(Ensemble((bank_of(net),), np.zeros(1), np.ones(1)))) < 300
