"""What stands in a tree of Python files, read without running any: modules, imports, functions, classes.

The import chart prints it and the architecture tests judge it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

AT_LOAD, AT_CALL, FOR_TYPES = "at load", "at call", "for types"

Def = ast.FunctionDef | ast.AsyncFunctionDef
Graph = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Import:
    """One module named in an import statement."""

    source: str
    target: str
    line: int
    when: str
    """`AT_LOAD`, `AT_CALL` (inside a function) or `FOR_TYPES` (under TYPE_CHECKING)."""


@dataclass(frozen=True)
class Function:
    """A function or method and its size."""

    module: str
    name: str
    """Qualified within the module: `Camera.project`."""
    line: int
    lines: int
    """From `def` to the last line, docstring included."""
    body_lines: int
    """Signature and docstring excluded."""
    parameters: int
    """`self` and `cls` excluded."""
    decorators: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class Module:
    """One file."""

    name: str
    path: Path
    source: str

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def lines(self) -> int:
        return self.source.count("\n")

    @property
    def house(self) -> str:
        """The top of its tree: calib."""
        return self.name.partition(".")[0]

    @property
    def room(self) -> str:
        """What stands directly under the top: calib.engine.losses -> engine; '' for the top itself."""
        return f"{self.name}..".split(".")[1]

    @property
    def part(self) -> str:
        """The folder (`detection/`) or file (`lens`) directly within the room; '' for the room's own __init__."""
        inside = self.name.split(".")[2:]
        if not inside:
            return ""
        return f"{inside[0]}/" if len(inside) > 1 or self.is_package else inside[0]

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, filename=str(self.path))


class Tree:
    """Every module below a package's folder."""

    def __init__(self, package: Path) -> None:
        top = package.resolve()
        paths = sorted(path for path in top.rglob("*.py") if "__pycache__" not in path.parts)
        self.modules = {
            name: Module(name, path, path.read_text("utf-8")) for path in paths for name in [_dotted(path, top)]
        }
        self.imports = tuple(one for module in self.modules.values() for one in self._imports_of(module))
        self.functions = tuple(one for module in self.modules.values() for one in functions(module))

    def of(self, one: Import) -> tuple[Module, Module]:
        """The two ends of an import within the tree."""
        return self.modules[one.source], self.modules[one.target]

    @cached_property
    def inner_imports(self) -> tuple[Import, ...]:
        """Imports that stay within the tree."""
        return tuple(one for one in self.imports if one.target in self.modules and one.target != one.source)

    def _imports_of(self, module: Module) -> Iterator[Import]:
        package = module.name if module.is_package else module.name.rpartition(".")[0]
        for node, when in _statements(module.tree):
            for target in self._targets(node, package):
                yield Import(module.name, target, node.lineno, when)

    def _targets(self, node: ast.Import | ast.ImportFrom, package: str) -> set[str]:
        if isinstance(node, ast.Import):
            return {alias.name for alias in node.names}
        origin = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            origin = ".".join([*above, origin]).rstrip(".")
        whole = {alias.name: f"{origin}.{alias.name}" for alias in node.names}
        return {name if name in self.modules else origin for name in whole.values()}


def functions(module: Module) -> Iterator[Function]:
    """Every function of a module, methods and inner functions included."""
    for scope, node in _scopes(module.tree, ""):
        if isinstance(node, Def):
            yield _measured(module, scope, node)


def classes(module: Module) -> Iterator[ast.ClassDef]:
    """Every class of a module."""
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))


def circles(graph: Graph) -> list[tuple[str, ...]]:
    """The strongly connected components of more than one node, or of one that points at itself (Tarjan, 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[tuple[str, ...]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in order:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], order[target])
        if low[node] == order[node]:
            at = stack.index(node)
            members = tuple(sorted(stack[at:]))
            del stack[at:]
            if len(members) > 1 or node in graph.get(node, ()):
                found.append(members)

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return sorted(found)


def graph_of(arrows: Iterable[tuple[str, str]]) -> Graph:
    """Arrows as a map from each source to its targets."""
    found: dict[str, set[str]] = {}
    for source, target in arrows:
        found.setdefault(source, set()).add(target)
    return {source: frozenset(targets) for source, targets in found.items()}


def _dotted(path: Path, top: Path) -> str:
    pieces = path.relative_to(top.parent).with_suffix("").parts
    return ".".join(pieces[:-1] if pieces[-1] == "__init__" else pieces)


def _statements(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Every import with the moment it takes effect."""
    waiting: list[tuple[ast.AST, str]] = [(tree, AT_LOAD)]
    while waiting:
        node, when = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, when
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += [(child, FOR_TYPES) for child in node.body]
            waiting += [(child, when) for child in node.orelse]
        else:
            inside = AT_CALL if isinstance(node, Def) and when == AT_LOAD else when
            waiting += [(child, inside) for child in ast.iter_child_nodes(node)]


def _scopes(node: ast.AST, scope: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Def | ast.ClassDef):
            name = f"{scope}.{child.name}" if scope else child.name
            yield name, child
            yield from _scopes(child, name)
        else:
            yield from _scopes(child, scope)


def _measured(module: Module, name: str, node: Def) -> Function:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    end = node.end_lineno or node.lineno
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    given += [one for one in (node.args.vararg, node.args.kwarg) if one is not None]
    return Function(
        module=module.name,
        name=name,
        line=node.lineno,
        lines=end - node.lineno + 1,
        body_lines=end - body[0].lineno + 1 if body else 0,
        parameters=sum(one.arg not in ("self", "cls") for one in given),
        decorators=tuple(ast.unparse(one) for one in node.decorator_list),
    )
