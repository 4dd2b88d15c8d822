"""The whole registry: a variant is a file, found by its name and imported only when picked."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from typing import Any

from calib.errors import LONGEST_COMPARED, UsageError, did_you_mean


def discover(package: str) -> tuple[str, ...]:
    """Names of the variants in a package: its module names, sorted. Nothing is imported but the package."""
    paths = import_module(package).__path__
    return tuple(sorted(m.name for m in pkgutil.iter_modules(paths) if not m.name.startswith("_")))


def pick(package: str, export: str, name: str) -> Any:
    """The object that variant `name` of `package` exports under the fixed name `export`.

    Raises UsageError `unknown-<kind>` naming the nearest valid variant.
    """
    loaded = None if name.startswith("_") else sys.modules.get(f"{package}.{name}")
    if loaded is not None:  # the folder need not be listed for every pick
        return getattr(loaded, export)
    names = discover(package)
    if name not in names:
        kind = export.lower()
        raise UsageError(
            f"unknown {kind} {name[:LONGEST_COMPARED]!r}", code=f"unknown-{kind}", advice=did_you_mean(name, names)
        )
    return getattr(import_module(f"{package}.{name}"), export)


def title(package: str, name: str) -> str:
    """The first line of a variant's file: what it is, in a sentence."""
    return (import_module(f"{package}.{name}").__doc__ or "").partition("\n")[0]
