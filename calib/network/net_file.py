"""Nets and ensembles as plain data, and a net as a YAML file: text that any tool reads, and that runs nothing.

sizes: [2, 10, 1]                  # units per layer, inputs first
activations: [tanh, linear]
input_centre: [0.0, 0.0]           # scaled = (value - centre) / spread
input_spread: [3.0, 3.0]
output_centre: [0.8]
output_spread: [7.3]
weights: [...]                     # layer after layer, each as its matrix [W b] in row order

The arrays of a large net lie in an .npz beside it; see `calib.storage.stored`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calib import config
from calib.arrays import Array
from calib.errors import UsageError
from calib.files import write_files
from calib.network.activation import load_activation
from calib.network.net import Bank, Ensemble, Net, Scaling
from calib.network.shape import Shape
from calib.storage.stored import lay_out, read_document, require_readable

_ADVICE = "restore the file as calib wrote it; its numbers are learned, not meant to be edited"


@dataclass(frozen=True)
class _NetDocument:
    """A net, as written."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    input_centre: Array
    input_spread: Array
    output_centre: Array
    output_spread: Array
    weights: Array


@dataclass(frozen=True)
class _BankDocument:
    """A bank, as written."""

    columns: tuple[tuple[int, ...], ...]
    """Per net, its inputs."""
    nets: tuple[_NetDocument, ...]
    """Its nets."""


@dataclass(frozen=True)
class _EnsembleDocument:
    """An ensemble, as written."""

    low: Array
    """Lower limits of the inputs it was trained on."""
    high: Array
    """Upper limits."""
    members: tuple[_BankDocument, ...]
    """Its banks."""


def save_net(net: Net, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a net as YAML that `load_net` reads, bit for bit (17 digits), and an .npz beside it if the net is large.

    Raises UsageError `file-exists` unless `overwrite`, `file-unwritable`, `arrays-too-large`.
    """
    path = Path(path)
    plain, beside = lay_out(net_document(net), path.name)
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in plain.items())
    write_files({**beside, path.name: require_readable(text)}, path.parent, overwrite=overwrite)


def load_net(path: str | Path) -> Net:
    """The net of a file. Raises UsageError `net-file`, `unknown-activation`, `net-shape` or the codes of
    `calib.storage.stored.read_document`."""
    return read_net(read_document(path), str(path))


def net_document(net: Net) -> dict[str, Any]:
    """A net as a document with arrays."""
    return {
        "sizes": list(net.shape.sizes),
        "activations": [activation.name for activation in net.shape.activations],
        "input_centre": net.input_scaling.centre,
        "input_spread": net.input_scaling.spread,
        "output_centre": net.output_scaling.centre,
        "output_spread": net.output_scaling.spread,
        "weights": net.weights,
    }


def read_net(document: Any, where: str) -> Net:
    """The net of plain data; `where` names it in errors, which are those of `load_net`."""
    return _net(config.build(_NetDocument, document, where), where)


def ensemble_document(ensemble: Ensemble) -> dict[str, Any]:
    """An ensemble as a document with arrays."""
    members = [
        {"columns": [list(seen) for seen in bank.columns], "nets": [net_document(net) for net in bank.nets]}
        for bank in ensemble.members
    ]
    return {"low": ensemble.low, "high": ensemble.high, "members": members}


def read_ensemble(document: Any, where: str) -> Ensemble:
    """The ensemble of plain data; errors as in `read_net`."""
    written = config.build(_EnsembleDocument, document, where)
    if not written.members or written.low.ndim != 1 or written.low.shape != written.high.shape:
        raise _file_error("an ensemble needs members, and as many lower as upper limits of its inputs", where)
    members = tuple(
        _member(member, len(written.low), f"{where}: members[{i}]") for i, member in enumerate(written.members)
    )
    widths = {sum(net.shape.sizes[-1] for net in member.nets) for member in members}
    if len(widths) > 1:
        raise _file_error("members differ in how many outputs they have", where)
    return Ensemble(members, written.low, written.high)


def _member(written: _BankDocument, inputs: int, where: str) -> Bank:
    nets = tuple(_net(net, f"{where}: nets[{i}]") for i, net in enumerate(written.nets))
    if not nets or [len(seen) for seen in written.columns] != [net.shape.sizes[0] for net in nets]:
        raise _file_error("columns must name the inputs of every net", where)
    if not all(0 <= column < inputs for seen in written.columns for column in seen):
        raise _file_error(f"columns are counted from 0 to {inputs - 1}", where)
    return Bank(nets, written.columns)


def _net(written: _NetDocument, where: str) -> Net:
    shape = Shape(written.sizes, tuple(load_activation(name) for name in written.activations))
    needed = {
        "weights": shape.count,
        **dict.fromkeys(("input_centre", "input_spread"), shape.sizes[0]),
        **dict.fromkeys(("output_centre", "output_spread"), shape.sizes[-1]),
    }
    for key, count in needed.items():
        if getattr(written, key).shape != (count,):
            what = f"{getattr(written, key).size} numbers, expected {count} for layers of {list(shape.sizes)} units"
            raise _file_error(what, f"{where}: {key}")
    for key in ("input_spread", "output_spread"):
        if not getattr(written, key).all():
            raise _file_error("a spread of zero", f"{where}: {key}")
    inputs = Scaling(written.input_centre, written.input_spread)
    outputs = Scaling(written.output_centre, written.output_spread)
    return Net(shape, written.weights, inputs, outputs)


def _file_error(what: str, where: str) -> UsageError:
    return UsageError(what, code="net-file", where=where, advice=_ADVICE)
