"""Documents as text: JSON, YAML, and the head that all of them share."""

from __future__ import annotations

import json

import pytest
import yaml

from calib.documents import error_document, finite, heading, to_json, to_yaml
from calib.errors import UsageError
from calib.verdict import Verdict


def test_an_error_has_the_keys_of_every_document_and_its_own() -> None:
    assert error_document(UsageError("what", code="a-code", where="here", why="because", advice="do this")) == {
        "schema": "calib/1",
        "kind": "error",
        "status": "error",
        "code": "a-code",
        "exit_status": 2,
        "what": "what",
        "where": "here",
        "why": "because",
        "advice": ["do this"],
    }
    assert error_document(UsageError("what", code="a-code", advice="do this"))["where"] == ""


def test_a_result_begins_with_schema_kind_status_and_verdict() -> None:
    head = heading("camera", Verdict("usable", "rms 0.2 px", ("more tilt",)))
    assert list(head) == ["schema", "kind", "status", "verdict", "reason", "advice"]
    assert head["advice"] == ["more tilt"]
    assert "verdict" not in heading("simulation")


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_what_is_not_finite_is_null(number: float) -> None:
    assert finite(number) is None
    assert finite(0.1) == 0.1


def test_json_is_one_document_with_full_precision() -> None:
    text = to_json({"x": 0.1 + 0.2, "y": [1, None, True]})
    assert json.loads(text) == {"x": 0.1 + 0.2, "y": [1, None, True]}
    assert text.endswith("}\n")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_has_no_nan(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json({"x": value})


@pytest.mark.parametrize("value", [1e-5, -2.5e300, 1e22, 0.1, 123456789.123456789, 0.0, 5e-324, 1.0])
def test_yaml_numbers_read_back_as_the_same_numbers(value: float) -> None:
    back = yaml.safe_load(to_yaml({"x": value}, "title"))["x"]
    assert isinstance(back, float)
    assert back == value


def test_yaml_keeps_order_rows_on_a_line_and_its_title() -> None:
    text = to_yaml({"z": [[1.0, 2.0], [3.0, 4.0]], "a": "text", "n": None}, "What this is")
    assert text.startswith("# What this is\n")
    assert "- [1.0, 2.0]" in text
    assert list(yaml.safe_load(text)) == ["z", "a", "n"]
