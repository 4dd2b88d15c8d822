"""The keys that the documents of all results share, in their order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from calib.documents import heading

if TYPE_CHECKING:
    from calib.result import Result


def document_head(
    kind: str, result: Result, *, unobservable: Iterable[object] = (), notes: Iterable[str] = (), solver: str = ""
) -> dict[str, Any]:
    """What every document begins with. solver: the sentence on how the solve ended."""
    return {
        **heading(kind, result.verdict),
        "inputs": result.rows(),
        "parameters": {str(label): estimate.as_document() for label, estimate in result.parameters.items()},
        "unobservable": [str(direction) for direction in unobservable],
        "notes": list(notes),
        "solver": solver,
    }
