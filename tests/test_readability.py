"""The house's code reads well: functions are small, names say something, tests stand alone."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest
from cases import offenders
from cases.house import tree
from cases.laws import assert_only_known
from cases.paths import ROOT
from cases.words import NAMES_OF_NOTHING, is_participle
from source_tree import Function, classes

MOST_LINES = 60
MOST_PARAMETERS = 10
CONDUCTORS = {
    "calib.robot.calibration.calibrate": "the whole of `calib robot` in one call: the command's options, by keyword",
}
"""Public functions that take a command's options one by one, as notebooks complete them. Their bodies stay small."""


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


def _takes_options(one: Function) -> bool:
    is_command = one.module.startswith("calib.cli") and any(".command" in text for text in one.decorators)
    return is_command or (one.module.startswith("calib.cli") and one.name == "command") or str(one) in CONDUCTORS


def _last_name(one: Function) -> str:
    return one.name.rpartition(".")[2]


def _aliases(tree: ast.Module) -> set[str]:
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def test_the_list_of_long_cases_names_tests_that_are_there() -> None:
    listed = [line for line in (ROOT / "tests" / "long.txt").read_text("utf-8").splitlines() if line[:1] != "#"]
    for case in listed:
        file, _, name = case.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text("utf-8"), case
    assert len(set(listed)) == len(listed)
