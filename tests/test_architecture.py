"""The house keeps its plan: imports point one way, and rooms keep their walls.

`tools/import_chart.py` prints what is tested here.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from cases import offenders
from cases.house import tree
from cases.laws import assert_only_known
from cases.paths import ROOT
from cases.words import words
from import_chart import (
    arrows_between_parts,
    arrows_between_rooms,
    circles_of_files,
    climbing_between_parts,
    climbing_between_rooms,
)
from source_tree import FOR_TYPES, Module, Tree, circles, graph_of
from storeys import MAY_IMPORT, ORDER, WALLS, may_import

ROOMS = sorted(path.parent.name for path in (ROOT / "calib").glob("*/__init__.py"))
HEAVY = ("cv2", "scipy", "matplotlib", "sklearn")

SOLVERS = words("solve calibrate simulate identify bundle_adjustment calibrate_cell calibration steps")
TEXTS = words("summary documents plots")
COMMAND_LINE_MAY_NOT = ("numpy", "scipy", "cv2", "calib.geometry", "calib.engine")


def named(arrows: Iterable[tuple[str, str]], room: str = "") -> list[str]:
    return [f"{room}{source} -> {room}{target}" for source, target in arrows]


def test_imports_between_rooms_point_one_way() -> None:
    climbing = climbing_between_rooms(arrows_between_rooms(tree()))
    assert not climbing, f"may not import: {named(climbing)}"


def test_every_room_has_its_storey() -> None:
    assert {module.room for module in tree().modules.values() if module.room} <= set(MAY_IMPORT)


def test_the_storeys_themselves_run_in_no_circle() -> None:
    assert circles(MAY_IMPORT) == []


def test_imports_within_a_room_point_one_way() -> None:
    climbing = [
        one
        for room in ROOMS
        for one in named(climbing_between_parts(room, arrows_between_parts(tree(), room)), f"{room}/")
    ]
    assert_only_known(climbing, offenders.CLIMBING, "against the storeys in tools/storeys.py")


@pytest.mark.parametrize("room", ROOMS)
def test_every_folder_of_a_room_has_its_storey(room: str) -> None:
    folders = {module.part for module in tree().modules.values() if module.room == room and module.part.endswith("/")}
    laid_down = Counter(part for storey in ORDER.get(room, ()) for part in storey)
    assert folders == set(laid_down), "place the folder in ORDER of tools/storeys.py"
    assert set(laid_down.values()) <= {1}


def test_detection_and_calibration_never_meet() -> None:
    for source, target in (("detection/", "calibration/"), ("calibration/", "detection/")):
        assert not may_import("camera", source, target)


def test_walls_stand_between_folders_that_exist() -> None:
    folders = {f"{module.room}/{module.part}" for module in tree().modules.values()}
    assert {folder for wall in WALLS for folder in wall} <= folders


def test_no_parts_of_a_room_need_each_other() -> None:
    circle = [f"{room}/{part}" for room in ROOMS for one in circles(_parts_graph(room)) for part in one]
    assert_only_known(circle, offenders.CIRCLES, "parts of a room that import each other, directly or not")


def test_no_files_need_each_other() -> None:
    assert circles_of_files(tree().inner_imports) == []


def test_folders_lie_two_deep_at_most() -> None:
    assert [m.name for m in tree().modules.values() if len(m.path.relative_to(ROOT / "calib").parts) > 4] == []


def test_the_engine_knows_arrays_and_nothing_else() -> None:
    allowed = {"calib", "numpy", "scipy", *sys.stdlib_module_names}
    names = {one.target.partition(".")[0] for one in tree().imports if tree().modules[one.source].room == "engine"}
    assert names <= allowed


def test_the_command_line_holds_no_maths() -> None:
    found = {
        one.source
        for one in tree().imports
        if tree().modules[one.source].room == "cli" and one.when != FOR_TYPES
        if f"{one.target}.".startswith(_dotted(COMMAND_LINE_MAY_NOT))
    }
    assert_only_known(found, offenders.MATHS_IN_CLI, f"imports one of {', '.join(COMMAND_LINE_MAY_NOT)}")


def test_the_command_line_conducts_no_workflow() -> None:
    """It calls a room by its public face (`from calib.robot import calibrate`), never the steps in its folders."""
    found = {
        source.name
        for one in tree().inner_imports
        for source, target in [tree().of(one)]
        if source.room == "cli" and one.when != FOR_TYPES
        if target.room in ("camera", "robot", "cell") and target.part.endswith("/")
    }
    assert_only_known(found, offenders.WORKFLOW_IN_CLI, "reaches into a folder of camera, robot or cell")


def test_what_is_written_neither_simulates_nor_solves() -> None:
    found = {
        f"{one.source} -> {one.target}"
        for one in tree().inner_imports
        for source, target in [tree().of(one)]
        if (source.room == "report" or _last(source) in TEXTS) and one.when != FOR_TYPES and _works(target, source)
    }
    assert_only_known(found, offenders.WORKING_TEXTS, "a text reads results, it does not make them")


@pytest.mark.parametrize("module", ["calib", "calib.cli", "calib.errors", "calib.plugins", "calib.config"])
def test_heavy_packages_load_only_where_they_are_used(module: str) -> None:
    """`calib --help` must answer at once."""
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", f"importing {module} loads {done.stdout.strip()}"


def test_a_planted_circle_is_found() -> None:
    graph = graph_of([*pairwise("abca"), ("a", "d"), ("d", "e")])
    assert circles(graph) == [("a", "b", "c")]
    assert circles(graph_of(pairwise("abcd"))) == []


def test_a_planted_offence_is_seen(tmp_path: Path) -> None:
    """A wall crossed under TYPE_CHECKING or inside a function is crossed."""
    files = {
        "camera/detection/grid.py": "def order(a, *, b):\n    'Doc.'\n    import calib.camera.calibration.zhang\n",
        "camera/calibration/zhang.py": "if TYPE_CHECKING:\n    from calib import cli\n",
        "cli/__init__.py": "from ..camera.detection.grid import order\n",
    }
    for name, text in files.items():
        path = tmp_path / "calib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for folder in ("", "camera", "camera/detection", "camera/calibration"):
        (tmp_path / "calib" / folder / "__init__.py").touch()
    planted = Tree(tmp_path / "calib")
    assert climbing_between_rooms(arrows_between_rooms(planted)) == [("camera", "cli")]
    parts = arrows_between_parts(planted, "camera")
    assert climbing_between_parts("camera", parts) == [("detection/", "calibration/")]
    assert circles_of_files(planted.inner_imports) == []
    (function,) = planted.functions
    assert (str(function), function.parameters, function.lines) == ("calib.camera.detection.grid.order", 2, 3)
    assert function.body_lines == 1


def _parts_graph(room: str) -> Mapping[str, frozenset[str]]:
    return graph_of(arrows_between_parts(tree(), room))


def _last(module: Module) -> str:
    return module.name.rpartition(".")[2]


def _works(target: Module, source: Module) -> bool:
    """Whether a module simulates or solves. What a simulation writes may be drawn with what simulations share."""
    is_simulation, writes_simulation = ("simulation" in one.name.split(".") for one in (target, source))
    return _last(target) in SOLVERS or (is_simulation and not writes_simulation)


def _dotted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{name}." for name in names)
