"""Packages whose names are loaded when they are asked for: seen by dir(), complete, and true to the type checker."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

PACKAGES = ("calib.camera", "calib.robot", "calib.cell", "calib.network")


@pytest.mark.parametrize("package", PACKAGES)
def test_dir_shows_what_is_offered_and_every_name_loads(package: str) -> None:
    module = import_module(package)
    assert sorted(module.__all__) == dir(module)
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("package", PACKAGES)
def test_another_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = import_module(package).nothing


@pytest.mark.parametrize("package", ["calib.camera", "calib.robot", "calib.cell"])
def test_nothing_is_loaded_before_it_is_asked_for(package: str) -> None:
    code = f"import sys, {package}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
