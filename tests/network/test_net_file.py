"""A net is written as text and comes back bit for bit; files that are no net are refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calib.config import parse_yaml
from calib.documents import to_yaml
from calib.errors import UsageError
from calib.network import Net, load_net, new_net, save_net
from calib.network.net import Bank, Ensemble, bank_of
from calib.network.net_file import ensemble_document, net_document, read_ensemble, read_net
from calib.storage.stored import lay_out


@pytest.fixture
def net() -> Net:
    rng = np.random.default_rng(1)
    return new_net(rng.normal(size=(9, 3)), rng.normal(size=(9, 2)), (4, 5), 2, "radial", "sigmoid")


def ensemble(net: Net) -> Ensemble:
    return Ensemble((bank_of(net), Bank((net,), ((2, 0, 1),))), np.array([-1.0, -2.0, -3.0]), np.array([1.0, 2.0, 3.0]))


def test_a_net_comes_back_bit_for_bit(net: Net, tmp_path: Path) -> None:
    save_net(net, tmp_path / "net.yaml")
    again = load_net(tmp_path / "net.yaml")
    inputs = np.random.default_rng(3).normal(size=(20, 3))
    np.testing.assert_array_equal(again.weights, net.weights)
    np.testing.assert_array_equal(again(inputs), net(inputs))
    assert again.shape == net.shape
    assert (tmp_path / "net.yaml").read_text().startswith("sizes: [3, 4, 5, 2]\n")


def test_nothing_is_overwritten(net: Net, tmp_path: Path) -> None:
    save_net(net, tmp_path / "net.yaml")
    with pytest.raises(UsageError, match="already exists"):
        save_net(net, tmp_path / "net.yaml")
    save_net(net, tmp_path / "net.yaml", overwrite=True)
    with pytest.raises(UsageError, match="cannot be written"):
        save_net(net, tmp_path / "nowhere" / "net.yaml")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"weights": [1.0]}, "net-file", "1 numbers, expected 53 for layers"),
        ({"input_centre": [0.0]}, "net-file", "1 numbers, expected 3"),
        ({"output_spread": [1.0, 0.0]}, "net-file", "a spread of zero"),
        ({"activations": ["radial", "radial"]}, "net-shape", "2 activations for 3 layers"),
        ({"activations": ["radial", "sigma", "linear"]}, "unknown-activation", "unknown activation 'sigma'"),
        ({"weigths": []}, "config-unknown-key", "unknown key"),
        ({"sizes": "many"}, "config-value", "expected a list"),
    ],
)
def test_what_is_no_net_is_refused(net: Net, change: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        read_net(net_document(net) | change, "net.yaml")
    assert refused.value.code == code


def test_an_ensemble_comes_back(net: Net) -> None:
    text = to_yaml(lay_out(ensemble_document(ensemble(net)), "arm.yaml")[0], "An ensemble")
    again = read_ensemble(parse_yaml(text, "text"), "text")
    inputs = np.random.default_rng(4).normal(size=(8, 3))
    np.testing.assert_array_equal(again(inputs), ensemble(net)(inputs))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"members": []}, "an ensemble needs members"),
        ({"low": [0.0]}, "as many lower as upper limits"),
        ({"low": [0.0], "high": [1.0]}, "counted from 0 to 0"),
    ],
)
def test_what_is_no_ensemble_is_refused(net: Net, change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        read_ensemble(ensemble_document(ensemble(net)) | change, "arm.yaml")
    assert refused.value.code == "net-file"


def test_columns_must_fit_their_net(net: Net) -> None:
    document = ensemble_document(ensemble(net))
    document["members"][1]["columns"] = [[0, 1]]
    with pytest.raises(UsageError, match="columns must name the inputs of every net"):
        read_ensemble(document, "arm.yaml")
