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
    assert error_document(UsageError("what", code="a-code"))["advice"] == []


def test_a_result_begins_with_schema_kind_status_and_verdict() -> None:
    head = heading("camera", Verdict("usable", "rms 0.2 px", ("more tilt",)))
    assert list(head) == ["schema", "kind", "status", "verdict", "reason", "advice"]
    assert head["advice"] == ["more tilt"]
    assert "verdict" not in heading("simulation")


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_json_has_no_word_for_what_is_not_finite(number: float) -> None:
    assert finite(number) is None
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"value": number})
    assert finite(0.1) == 0.1


def test_numbers_survive_both_formats_bit_for_bit() -> None:
    numbers = {"values": [0.1, 1e-30, 1e22, -2.5e-7, 3.0]}
    assert json.loads(to_json(numbers)) == numbers
    assert yaml.safe_load(to_yaml(numbers, "Numbers.")) == numbers
