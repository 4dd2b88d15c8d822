"""The house's own source, read once for all its tests."""

from __future__ import annotations

from functools import cache

from source_tree import Tree

from cases.paths import ROOT


@cache
def tree() -> Tree:
    """The house; read when the first test asks, not while tests are collected."""
    return Tree(ROOT / "calib")
