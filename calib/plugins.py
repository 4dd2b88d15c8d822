"""The whole registry: a variant is a file, found by its name and imported only when picked."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

from calib.errors import UsageError, did_you_mean


@cache
def discover(package: str) -> tuple[str, ...]:
    """Names of the variants in a package: its module names, sorted. Nothing is imported but the package."""
    paths = import_module(package).__path__
    return tuple(sorted(m.name for m in pkgutil.iter_modules(paths) if not m.name.startswith("_")))


def pick(package: str, export: str, name: str) -> Any:
    """The object that variant `name` of `package` exports under the fixed name `export`.

    Raises UsageError `unknown-<kind>` naming the nearest valid variant.
    """
    names = discover(package)
    if name not in names:
        kind = export.lower()
        raise UsageError(f"unknown {kind} {name!r}", code=f"unknown-{kind}", advice=did_you_mean(name, names))
    return getattr(import_module(f"{package}.{name}"), export)
