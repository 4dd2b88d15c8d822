"""Whether the process may use enough memory to load the libraries: OpenBLAS, which numpy brings, ends it where not."""

from __future__ import annotations

from calib.errors import InputError

LEAST_MB = 350  # address space of numpy, scipy and OpenCV when they are loaded


def require_memory() -> None:
    """Raise InputError `out-of-memory` under a limit of the process that leaves no room for the libraries."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < LEAST_MB * 1_000_000:
        raise InputError(
            "the memory does not suffice",
            code="out-of-memory",
            why=f"the process may use {limit // 1_000_000} MB, and the libraries alone take {LEAST_MB} MB",
            advice="raise the limit, as with: ulimit -v unlimited",
        )
