"""How a law of the house is tested while some still offend against it."""

from __future__ import annotations

from collections.abc import Iterable


def assert_only_known(found: Iterable[str], known: Iterable[str], law: str) -> None:
    """Nothing offends that is not listed as an offender, and nothing is listed that no longer offends."""
    new, gone = sorted(set(found) - set(known)), sorted(set(known) - set(found))
    assert not new, f"{law}: {', '.join(new)}"
    assert not gone, f"no longer offends; delete it from tests/cases/offenders.py ({law}): {', '.join(gone)}"
