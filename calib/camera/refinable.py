"""What may be estimated besides the poses: the names given to `refine`."""

from __future__ import annotations

from collections.abc import Sequence

from calib.errors import UsageError, did_you_mean


def require_refinable(refine: Sequence[str], valid: Sequence[str], what: str = "") -> None:
    """Raise UsageError `unknown-refine` for a name that is not valid. what: to what refinement belongs, in words."""
    for name in refine:
        if name not in valid:
            text = f"{name!r} cannot be refined {what}".rstrip()
            raise UsageError(text, code="unknown-refine", advice=did_you_mean(name, valid))
