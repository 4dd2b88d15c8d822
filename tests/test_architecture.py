"""The imports point one way: what stands below knows nothing of what stands above."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "calib"
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each part may import of calib besides itself.
FOUNDATION = {
    "arrays",
    "errors",
    "config",
    "plugins",
    "delimited",
    "files",
    "lazy",
    "verdict",
    "documents",
    "estimate",
    "folder",
    "result",
    "text",
}
MODELS = FOUNDATION | {"geometry", "engine"}
ALLOWED = {
    "arrays": set(),
    "errors": set(),
    "lazy": set(),
    "verdict": set(),
    "text": set(),
    "documents": set(),
    "folder": {"errors"},
    "estimate": {"documents", "engine"},
    "result": {"estimate", "folder", "text", "verdict"},
    "geometry": {"arrays"},
    "engine": {"arrays"},
    "config": {"errors"},
    "plugins": {"errors"},
    "delimited": {"arrays", "errors"},
    "files": {"errors"},
    "camera": MODELS,
    "network": MODELS,
    "robot": MODELS,
    "cell": MODELS | {"camera", "robot", "network"},
    "compensations": MODELS | {"robot", "network"},
}
FORBIDDEN_NAMES = {"utils", "util", "common", "base", "core", "types", "helpers", "manager", "session", "logger"}
HEAVY = ("cv2", "scipy", "matplotlib", "sklearn")


def part(name: str) -> str:
    """The top-level part of a dotted module name: calib.engine.losses -> engine; '' for calib itself."""
    pieces = name.split(".")
    return pieces[1] if len(pieces) > 1 else ""


def dotted(path: Path) -> str:
    pieces = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(pieces[:-1] if pieces[-1] == "__init__" else pieces)


def imports(path: Path) -> set[str]:
    """Every module of calib that a file names in an import, wherever it stands, type checking included."""
    package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                origin = ".".join([*above, origin]).rstrip(".")
            found |= {origin} | {f"{origin}.{alias.name}" for alias in node.names if origin == "calib"}
    return {name for name in found if name.split(".")[0] == "calib"}


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_point_one_way(path: Path) -> None:
    own = part(dotted(path))
    others = {part(name) for name in imports(path)} - {own, ""}
    if own in ALLOWED:
        assert others <= ALLOWED[own], f"{dotted(path)} must not import {sorted(others - ALLOWED[own])}"
    if own != "cli":
        assert "cli" not in others, f"{dotted(path)}: nothing imports the command line"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_no_module_is_named_after_nothing(path: Path) -> None:
    assert not set(dotted(path).split(".")) & FORBIDDEN_NAMES


@pytest.mark.parametrize("module", ["calib", "calib.cli", "calib.errors", "calib.plugins", "calib.config"])
def test_heavy_packages_load_only_where_they_are_used(module: str) -> None:
    """`calib --help` must answer at once."""
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", f"importing {module} loads {done.stdout.strip()}"
