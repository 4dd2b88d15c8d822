"""Results as text that programs read: JSON and YAML."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from calib.errors import CalibError
    from calib.verdict import Verdict

_ENCODER = json.JSONEncoder(allow_nan=False)
SCHEMA = "calib/1"  # of every JSON document; calib/result.schema.json describes it


def heading(kind: str, verdict: Verdict | None = None) -> dict[str, Any]:
    """The first keys of every result's document: schema, kind, status and, of a calibration, its verdict."""
    document: dict[str, Any] = {"schema": SCHEMA, "kind": kind, "status": "ok"}
    if verdict is not None:
        document |= {"verdict": verdict.grade, "reason": verdict.reason, "advice": list(verdict.advice)}
    return document


def simulation_document(simulated: str, truth: Mapping[str, Any]) -> dict[str, Any]:
    """A simulation's document: what was simulated (camera, arm, ...), and the content of truth.yaml."""
    return {**heading("simulation"), "simulated": simulated, "truth": dict(truth)}


def error_document(error: CalibError, result: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a command with `--json` prints in place of a result. result: the document of one that was not written."""
    return {
        "schema": SCHEMA,
        "kind": "error",
        "status": "error",
        "code": error.code,
        "exit_status": error.exit_status,
        "what": error.what,
        "where": error.where,
        "why": error.why,
        "advice": [error.advice],
        **({} if result is None else {"result": dict(result)}),
    }


def finite(value: float) -> float | None:
    """The number, or None where it is infinite or not a number: JSON has no word for these."""
    return float(value) if math.isfinite(value) else None


def to_json(document: Mapping[str, Any]) -> str:
    """One JSON document, numbers at full precision: a line for each key, and for each entry of a list of any length."""
    return _layout(document, "") + "\n"


def _layout(value: Any, margin: str) -> str:
    """Text of a JSON value. An image or a row of a table is one line: there may be a hundred thousand of them, and
    json indents by an encoder that is ten times as slow."""
    inner = margin + "  "
    if isinstance(value, Mapping) and value:
        lines = [f"{inner}{json.dumps(str(key))}: {_layout(each, inner)}" for key, each in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{margin}}}"
    if isinstance(value, list | tuple) and any(isinstance(each, Mapping | list | tuple) for each in value):
        return "[\n" + ",\n".join(inner + _ENCODER.encode(each) for each in value) + f"\n{margin}]"
    return _ENCODER.encode(value)


class _Dumper(yaml.CSafeDumper):
    """libyaml's dumper that keeps rows of numbers on one line and writes exponents that YAML 1.1 reads as numbers."""


def _number(dumper: yaml.CSafeDumper, value: float) -> yaml.ScalarNode:
    text = repr(value)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


def _row(dumper: yaml.CSafeDumper, value: list[Any]) -> yaml.SequenceNode:
    flat = all(not isinstance(item, list | dict) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flat)


_Dumper.add_multi_representer(str, yaml.representer.SafeRepresenter.represent_str)  # labels
_Dumper.add_representer(float, _number)
_Dumper.add_representer(list, _row)
_Dumper.add_multi_representer(str, lambda dumper, text: dumper.represent_str(str(text)))  # a label is its text


def to_yaml(document: Mapping[str, Any], title: str = "") -> str:
    """One YAML document under a comment that describes it, or more keys for one without."""
    return f"# {title}\n" * bool(title) + yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True
    )
