"""The house keeps its plan: imports point one way, rooms keep their walls, functions stay small, names say something.

`tools/import_chart.py` prints what is tested here.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from cases import offenders
from cases.laws import assert_only_known
from cases.paths import ROOT
from cases.words import NAMES_OF_NOTHING, is_participle, words
from import_chart import (
    arrows_between_parts,
    arrows_between_rooms,
    circles_of_files,
    climbing_between_parts,
    climbing_between_rooms,
)
from source_tree import FOR_TYPES, Function, Module, Tree, circles, classes, graph_of
from storeys import MAY_IMPORT, ORDER, WALLS, may_import

ROOMS = sorted(path.parent.name for path in (ROOT / "calib").glob("*/__init__.py"))
HEAVY = ("cv2", "scipy", "matplotlib", "sklearn")

MOST_LINES = 60
MOST_PARAMETERS = 10
CONDUCTORS = {
    "calib.robot.calibration.calibrate": "the whole of `calib robot` in one call: the command's options, by keyword",
}
"""Public functions that take a command's options one by one, as notebooks complete them. Their bodies stay small."""


SOLVERS = words("solve calibrate simulate identify bundle_adjustment calibrate_cell calibration steps")
TEXTS = words("summary documents plots")
COMMAND_LINE_MAY_NOT = ("numpy", "scipy", "cv2", "calib.geometry", "calib.engine")


def named(arrows: Iterable[tuple[str, str]], room: str = "") -> list[str]:
    return [f"{room}{source} -> {room}{target}" for source, target in arrows]


@cache
def tree() -> Tree:
    """The house; read when the first test asks, not while tests are collected."""
    return Tree(ROOT / "calib")


# ------------------------------------------------------------------------------------------------ imports


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


# ------------------------------------------------------------------------------------------------ sizes


def test_functions_are_short() -> None:
    """At most 60 lines. The options of a command are its signature: there the body counts."""
    found = {
        str(one) for one in tree().functions if (one.body_lines if _takes_options(one) else one.lines) > MOST_LINES
    }
    assert_only_known(found, offenders.LONG_FUNCTIONS, f"longer than {MOST_LINES} lines")


def test_functions_take_few_parameters() -> None:
    found = {str(one) for one in tree().functions if one.parameters > MOST_PARAMETERS and not _takes_options(one)}
    assert_only_known(found, offenders.MANY_PARAMETERS, f"more than {MOST_PARAMETERS} parameters")


# ------------------------------------------------------------------------------------------------ names


def test_no_module_is_named_after_nothing() -> None:
    assert [module.name for module in tree().modules.values() if set(module.name.split(".")) & NAMES_OF_NOTHING] == []


def test_a_class_name_means_one_thing() -> None:
    homes: Mapping[str, list[str]] = defaultdict(list)
    for module in tree().modules.values():
        for one in classes(module):
            homes[one.name].append(module.name)
    found = {name for name, modules in homes.items() if len(modules) > 1}
    assert_only_known(found, offenders.CLASS_NAMES, "a class name used twice")


def test_functions_are_verbs_or_nouns() -> None:
    """`chosen()`, `said()`, `left_out()` leave open who does what; properties are attributes and may be participles."""
    found = {
        f"{one.module.split('.')[1]}: {_last_name(one)}"
        for one in tree().functions
        if is_participle(_last_name(one)) and not any("property" in text for text in one.decorators)
    }
    assert_only_known(found, offenders.PARTICIPLES, "a function named by a bare participle")


@pytest.mark.parametrize("name", ["chosen", "_said", "left_out", "seen_by", "matched", "fits"])
def test_participles_are_told_from_verbs(name: str) -> None:
    assert is_participle(name)
    assert not any(map(is_participle, ("choose", "seed", "feed_forward", "fixed_values", "held_labels", "read", "cut")))


def test_array_types_are_defined_once() -> None:
    homes = defaultdict(set)
    paths = [path for top in ("calib", "tests", "tools") for path in (ROOT / top).rglob("*.py")]
    for path in paths:
        for name in _aliases(ast.parse(path.read_text("utf-8"))) & {"Array", "Index", "Mask", "Grey"}:
            homes[name].add(path.relative_to(ROOT).as_posix())
    assert dict(homes) == {name: {"calib/arrays.py"} for name in ("Array", "Index", "Mask", "Grey")}


def test_tests_mirror_the_rooms() -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    assert [folder.as_posix() for folder in sorted(folders) if not (ROOT / "calib" / folder).is_dir()] == []


# ------------------------------------------------------------------------------------------------ tests


def test_no_generator_is_shared() -> None:
    """What a test draws from a module's generator depends on the tests that ran before it."""
    found = {file for file, tree in _test_files() if any(map(_is_generator, _values_of_module(tree)))}
    assert_only_known(found, offenders.SHARED_GENERATORS, "a generator at module level; make one in each test")


def test_tuples_are_not_ordered() -> None:
    """`(far, turn) < (1e-4, 1e-3)` looks at the turn only where both distances are equal."""
    found = {file for file, tree in _test_files() if any(map(_orders_a_tuple, ast.walk(tree)))}
    assert_only_known(found, offenders.ORDERED_TUPLES, "two tuples compared by <; compare their members")


def test_planted_offences_are_seen() -> None:
    planted = ast.parse("RNG = np.random.default_rng(0)\nAXES = np.random.default_rng(0).normal(size=3)")
    assert [_is_generator(value) for value in _values_of_module(planted)] == [True, False]
    for text, offends in (("f() < (1, 2)", True), ("1 < x <= 2", False), ("f() == (1, 2)", False)):
        assert _orders_a_tuple(ast.parse(text, mode="eval").body) is offends


# ------------------------------------------------------------------------------------------------ the reading itself


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


def _test_files() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def _values_of_module(tree: ast.Module) -> list[ast.expr | None]:
    return [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]


def _is_generator(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func).endswith("default_rng")


def _orders_a_tuple(node: ast.AST) -> bool:
    if not isinstance(node, ast.Compare):
        return False
    ordered = any(isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for operator in node.ops)
    return ordered and any(isinstance(one, ast.Tuple) for one in (node.left, *node.comparators))


def _parts_graph(room: str) -> Mapping[str, frozenset[str]]:
    return graph_of(arrows_between_parts(tree(), room))


def _takes_options(one: Function) -> bool:
    is_command = one.module.startswith("calib.cli") and any(".command" in text for text in one.decorators)
    return is_command or (one.module.startswith("calib.cli") and one.name == "command") or str(one) in CONDUCTORS


def _last_name(one: Function) -> str:
    return one.name.rpartition(".")[2]


def _last(module: Module) -> str:
    return module.name.rpartition(".")[2]


def _works(target: Module, source: Module) -> bool:
    """Whether a module simulates or solves. What a simulation writes may be drawn with what simulations share."""
    is_simulation, writes_simulation = ("simulation" in one.name.split(".") for one in (target, source))
    return _last(target) in SOLVERS or (is_simulation and not writes_simulation)


def _dotted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{name}." for name in names)


def _aliases(tree: ast.Module) -> set[str]:
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
