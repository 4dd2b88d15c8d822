"""A variant is a file: dropping it in is enough."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from calib.errors import UsageError
from calib.plugins import discover, pick, title


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of two variants, one private module, one that fails when imported."""
    package = tmp_path / "some_shapes"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "circle.py").write_text('"""Circle: equally far from a point.\n\nEuclid."""\n\nSHAPE = "round"\n')
    (package / "square.py").write_text("SHAPE = 'angular'\n")
    (package / "_drawing.py").write_text("")
    (package / "broken.py").write_text("raise ImportError('this shape needs more')\n")
    for loaded in [name for name in sys.modules if name.split(".")[0] == "some_shapes"]:
        monkeypatch.delitem(sys.modules, loaded)  # of another test, in another folder
    monkeypatch.syspath_prepend(tmp_path)
    return "some_shapes"


def test_files_are_found_by_name(shapes: str) -> None:
    assert discover(shapes) == ("broken", "circle", "square")


def test_a_new_file_is_enough(shapes: str, tmp_path: Path) -> None:
    (tmp_path / shapes / "triangle.py").write_text("SHAPE = 'pointed'\n")
    assert pick(shapes, "SHAPE", "triangle") == "pointed"


def test_only_what_is_picked_is_imported(shapes: str) -> None:
    assert pick(shapes, "SHAPE", "circle") == "round"
    with pytest.raises(ImportError, match="needs more"):
        pick(shapes, "SHAPE", "broken")


def test_unknown_names_suggest_the_nearest(shapes: str) -> None:
    with pytest.raises(UsageError) as caught:
        pick(shapes, "SHAPE", "sqare")
    assert caught.value.code == "unknown-shape"
    assert caught.value.advice == "did you mean 'square'?"


@pytest.mark.parametrize("name", ["_drawing", "__init__", "../circle", "circle.SHAPE", ""])
def test_private_and_strange_names_are_unknown(shapes: str, name: str) -> None:
    with pytest.raises(UsageError, match="unknown shape"):
        pick(shapes, "SHAPE", name)


def test_a_file_says_in_its_first_line_what_it_is(shapes: str) -> None:
    assert title(shapes, "circle") == "Circle: equally far from a point."
