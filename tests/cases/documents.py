"""The published schema of JSON documents, and the check that a document keeps it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

SCHEMA: dict[str, Any] = json.loads(files("calib").joinpath("result.schema.json").read_text(encoding="utf-8"))
KINDS = tuple(kind for kind in SCHEMA["$defs"]["heading"]["properties"]["kind"]["enum"])


def require_valid(document: dict[str, Any]) -> None:
    """Fail with the place and the reason where a document departs from the schema of its kind."""
    assert document.get("kind") in KINDS, document.get("kind")
    one_kind = {**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{document['kind']}"}]}  # for a message about that kind alone
    error = best_match(Draft202012Validator(one_kind).iter_errors(document))
    assert error is None, f"{document['kind']}: {'/'.join(map(str, error.absolute_path))}: {error.message[:2000]}"
    Draft202012Validator(SCHEMA).validate(document)
