"""The import chart of the package: its rooms, their folders, who imports whom, and what is too large.

    python tools/import_chart.py [--json] [--tree PATH]

A part is a folder or a file that lies directly in a room. The exit status is 1 if an arrow climbs or if there is a
circle.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from source_tree import FOR_TYPES, Import, Tree, circles, graph_of
from storeys import MAY_IMPORT, may_import

MOST_LINES = 60
MOST_PARAMETERS = 10
MOST_FILE_LINES = 300
PACKAGE = Path(__file__).resolve().parent.parent / "calib"


@dataclass(frozen=True)
class Room:
    """The chart of one room; counts of imports by arrow, `a -> b`."""

    files: dict[str, int]
    """Files per folder; '.' is the room itself."""
    arrows: dict[str, int]
    climbing: dict[str, int]
    circles_of_parts: list[tuple[str, ...]]
    circles_of_files: list[tuple[str, ...]]
    """Imports for types alone are not counted here."""
    long_functions: dict[str, int]
    """Lines from `def` to the end."""
    long_bodies: dict[str, int]
    """Lines without signature and docstring."""
    many_parameters: dict[str, int]
    long_files: dict[str, int]


def arrows_between_parts(tree: Tree, room: str) -> Counter[tuple[str, str]]:
    """Imports between the parts of a room, those for types included."""
    found: Counter[tuple[str, str]] = Counter()
    for one in tree.inner_imports:
        source, target = tree.of(one)
        if source.room == target.room == room and source.part and target.part and source.part != target.part:
            found[source.part, target.part] += 1
    return found


def arrows_between_rooms(tree: Tree) -> Counter[tuple[str, str]]:
    """Imports between what stands directly under the package."""
    ends = (tree.of(one) for one in tree.inner_imports)
    return Counter((source.room, target.room) for source, target in ends if target.room not in ("", source.room))


def climbing_between_rooms(arrows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Arrows that no storey allows."""
    return sorted((source, target) for source, target in arrows if source and not _room_may(source, target))


def climbing_between_parts(room: str, arrows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Arrows between folders of one room that no storey allows."""
    return sorted((source, target) for source, target in arrows if not may_import(room, source, target))


def circles_of_files(imports: Iterable[Import]) -> list[tuple[str, ...]]:
    """Files that need each other to run."""
    return circles(graph_of((one.source, one.target) for one in imports if one.when != FOR_TYPES))


def chart_room(tree: Tree, room: str) -> Room:
    """Everything the chart shows of one room."""
    modules = [module for module in tree.modules.values() if module.room == room]
    sizes = [one for one in tree.functions if tree.modules[one.module].room == room]
    arrows = arrows_between_parts(tree, room)
    climbing = climbing_between_parts(room, arrows)
    return Room(
        files=dict(sorted(Counter(_folder(module.name, module.is_package) for module in modules).items())),
        arrows=_named(arrows),
        climbing=_named({arrow: arrows[arrow] for arrow in climbing}),
        circles_of_parts=circles(graph_of(arrows)),
        circles_of_files=[one for one in circles_of_files(tree.inner_imports) if tree.modules[one[0]].room == room],
        long_functions={str(one): one.lines for one in sizes if one.lines > MOST_LINES},
        long_bodies={str(one): one.body_lines for one in sizes if one.body_lines > MOST_LINES},
        many_parameters={str(one): one.parameters for one in sizes if one.parameters > MOST_PARAMETERS},
        long_files={module.name: module.lines for module in modules if module.lines > MOST_FILE_LINES},
    )


def chart(tree: Tree) -> dict[str, Room]:
    """Every room that is a folder, by name."""
    names = sorted({module.room for module in tree.modules.values() if module.room and module.part} | _packages(tree))
    return {room: chart_room(tree, room) for room in names}


def as_text(tree: Tree, rooms: dict[str, Room]) -> str:
    """The chart as a page."""
    between = arrows_between_rooms(tree)
    climbing = climbing_between_rooms(between)
    lines = ["between rooms (imports)", *_by_source(_named(between))]
    lines += [f"  climbs: {source} -> {target}" for source, target in climbing]
    for name, room in rooms.items():
        lines += ["", *_room_as_text(name, room)]
    total = [
        f"{len(tree.modules)} files, {len(tree.functions)} functions",
        f"{sum(len(room.arrows) for room in rooms.values())} arrows within rooms, {len(between)} between rooms",
        f"{len(climbing) + sum(len(room.climbing) for room in rooms.values())} climb",
        f"{sum(len(room.circles_of_parts) for room in rooms.values())} circles of parts",
        f"{sum(len(room.circles_of_files) for room in rooms.values())} of files",
    ]
    return "\n".join([*lines, "", "all: " + ", ".join(total)])


def is_sound(tree: Tree, rooms: dict[str, Room]) -> bool:
    """No arrow climbs, nothing runs in a circle."""
    inside = any(room.climbing or room.circles_of_parts or room.circles_of_files for room in rooms.values())
    return (
        not inside
        and not climbing_between_rooms(arrows_between_rooms(tree))
        and not circles_of_files(tree.inner_imports)
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tree", type=Path, default=PACKAGE, help="the package's folder, or a checkout that holds calib/"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    folder = arguments.tree / "calib" if (arguments.tree / "calib").is_dir() else arguments.tree
    if not any(folder.glob("*.py")):
        parser.error(f"--tree {arguments.tree}: no Python package there")
    tree = Tree(folder)
    rooms = chart(tree)
    between = arrows_between_rooms(tree)
    if arguments.json:
        document = {"between_rooms": _named(between), "climbing": climbing_between_rooms(between)}
        print(json.dumps(document | {"rooms": {name: asdict(room) for name, room in rooms.items()}}, indent=2))
    else:
        print(as_text(tree, rooms))
    return 0 if is_sound(tree, rooms) else 1


def _room_may(source: str, target: str) -> bool:
    return source not in MAY_IMPORT or target in MAY_IMPORT[source]


def _packages(tree: Tree) -> set[str]:
    return {module.room for module in tree.modules.values() if module.is_package and module.room}


def _folder(name: str, is_package: bool) -> str:
    inside = name.split(".")[2:] if is_package else name.split(".")[2:-1]
    return "/".join(inside) + "/" if inside else "."


def _named(arrows: dict[tuple[str, str], int]) -> dict[str, int]:
    return {f"{source or 'calib'} -> {target}": count for (source, target), count in sorted(arrows.items())}


def _room_as_text(name: str, room: Room) -> list[str]:
    head = f"{name}: {sum(room.files.values())} files, {len(room.arrows)} arrows, {len(room.climbing)} climb, "
    head += f"{len(room.circles_of_parts)} circles of parts, {len(room.circles_of_files)} of files"
    lines = [head, "  files: " + ", ".join(f"{folder} {count}" for folder, count in room.files.items())]
    lines += _by_source(room.arrows)
    lines += [f"  climbs: {arrow}" for arrow in room.climbing]
    lines += [f"  circle: {' <-> '.join(one)}" for one in (*room.circles_of_parts, *room.circles_of_files)]
    lines += [f"  {one}: {count} lines" for one, count in room.long_files.items()]
    lines += [
        f"  {one}: {count} lines, body {'also' if one in room.long_bodies else 'not'} past {MOST_LINES}"
        for one, count in room.long_functions.items()
    ]
    return lines + [f"  {one}: {count} parameters" for one, count in room.many_parameters.items()]


def _by_source(arrows: dict[str, int]) -> list[str]:
    grouped: dict[str, list[str]] = {}
    for arrow, count in arrows.items():
        source, _, target = arrow.partition(" -> ")
        grouped.setdefault(source, []).append(f"{target} {count}")
    return [f"  {source} -> {', '.join(targets)}" for source, targets in grouped.items()]


if __name__ == "__main__":
    sys.exit(main())
