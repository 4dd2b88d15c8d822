"""The schema of JSON documents: valid itself, complete, and strict enough to notice what is not described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from cases.documents import KINDS, SCHEMA, require_valid
from jsonschema import Draft202012Validator

from calib.documents import SCHEMA as VERSION
from calib.documents import error_document, heading
from calib.errors import CalibError, ConvergenceError, DegenerateError, InputError, UsageError
from calib.verdict import Grade


def properties(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property that the schema describes, however deep."""
    if isinstance(schema, dict):
        for name, one in schema.get("properties", {}).items():
            yield f"{where}/{name}", one
        for key, inner in schema.items():
            yield from properties(inner, f"{where}/{key}")
    elif isinstance(schema, list):
        for i, inner in enumerate(schema):
            yield from properties(inner, f"{where}/{i}")


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_property_is_described_in_a_few_words() -> None:
    described = dict(properties(SCHEMA))
    assert len(described) > 100
    assert [where for where, one in described.items() if not one.get("description", "").endswith(".")] == []


def test_it_knows_the_version_the_grades_and_every_kind() -> None:
    assert SCHEMA["$defs"]["heading"]["properties"]["schema"]["const"] == VERSION
    assert tuple(SCHEMA["$defs"]["grade"]["enum"]) == get_args(Grade)
    assert [one["$ref"] for one in SCHEMA["oneOf"]] == [f"#/$defs/{kind}" for kind in KINDS]


@pytest.mark.parametrize("kind", [UsageError, InputError, DegenerateError, ConvergenceError])
def test_errors_keep_it(kind: type[CalibError]) -> None:
    require_valid(error_document(kind("what", code="a-code", where="here", advice="do this")))
    require_valid(error_document(kind("what", code="a-code", advice="do this")))


def test_an_error_may_hold_a_result_that_keeps_it_too() -> None:
    inner = error_document(UsageError("inner", code="a-code", advice="do this"))
    require_valid(error_document(UsageError("what", code="a-code", advice="do this"), inner))
    with pytest.raises(AssertionError):
        require_valid(error_document(UsageError("what", code="a-code", advice="do this"), {**inner, "seconds": 1.0}))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"seconds": 1.0},
        {"schema": "calib/2"},
        {"kind": "camera"},
        {"status": "ok"},
        {"code": "A Code"},
        {"exit_status": 1},
        {"advice": "do this"},
    ],
    ids=lambda spoilt: next(iter(spoilt)),
)
def test_what_departs_from_it_is_noticed(spoilt: dict[str, Any]) -> None:
    document = error_document(UsageError("what", code="a-code", advice="do this"))
    require_valid(document)
    with pytest.raises(AssertionError):
        require_valid({**document, **spoilt})


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "error"])
def test_a_heading_alone_is_no_document(kind: str) -> None:
    with pytest.raises(AssertionError):
        require_valid(heading(kind))
