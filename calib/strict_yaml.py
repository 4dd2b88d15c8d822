"""YAML of plain values, read in bounded time and memory: no tags, no duplicate keys, aliases counted as written out."""

from __future__ import annotations

from typing import Any

import yaml

MAX_VALUES = 100_000  # aliases written out; ten times what storage.stored leaves in a document, read in .5 s
MAX_DEPTH = 50
# What a configuration is made of. YAML's timestamps, sets and binary texts are none of it: a date is read as text.
KINDS = ("str", "int", "float", "bool", "null", "seq", "map")


class _StrictLoader(yaml.CSafeLoader):
    """libyaml's safe loader for plain values, which refuses duplicate keys instead of keeping the last."""


_StrictLoader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0].rpartition(":")[2] in (*KINDS, "merge")]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.yaml_constructors = {
    tag: construct
    for tag, construct in yaml.CSafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in KINDS
}


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str | int | float | bool):
            raise yaml.constructor.ConstructorError(None, None, "a key is not a plain name", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key!r}", key_node.start_mark)
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


def _number(loader: _StrictLoader, node: yaml.ScalarNode) -> Any:
    """A number; YAML 1.1's numbers to the base 60 remain text, for 1:30 is a time, and reading them takes the square of
    their length."""
    if ":" in node.value:
        return loader.construct_yaml_str(node)
    kind = node.tag.rpartition(":")[2]
    return loader.construct_yaml_int(node) if kind == "int" else loader.construct_yaml_float(node)


for _kind in ("int", "float"):
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _number)
_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load(text: str) -> Any:
    """The values of YAML text. Raises yaml.YAMLError, RecursionError, ValueError."""
    _check_size(text)
    return yaml.load(text, Loader=_StrictLoader)  # a SafeLoader


def few_values(text: str) -> bool:
    """Whether YAML text holds no more values than `load` accepts."""
    try:
        _check_size(text)
    except yaml.YAMLError:
        return False
    return True


def _check_size(text: str) -> None:
    """Refuse a document of too many values, too deep, or within itself, before anything is built from it.

    A few lines of nested aliases expand to billions of values, or to any depth; they are counted as if written out.
    """
    written_out: dict[str, tuple[int, int]] = {}  # values and levels by anchor
    counts, levels = [0], [0]
    anchors: list[str | None] = []
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        count, deep, anchor = 0, 0, None
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in written_out:
                raise _refusal(f"alias *{event.anchor} within itself", event)
            count, deep = written_out[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            count, anchor = 1, event.anchor
        elif isinstance(event, yaml.CollectionStartEvent):
            counts.append(1)
            levels.append(0)
            anchors.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            count, deep, anchor = counts.pop(), levels.pop() + 1, anchors.pop()
        if anchor:
            written_out[anchor] = count, deep
        counts[-1] += count
        levels[-1] = max(levels[-1], deep)
        if counts[-1] > MAX_VALUES:
            raise _refusal(f"more than {MAX_VALUES:,} values", event)
        if len(anchors) + levels[-1] > MAX_DEPTH:
            raise _refusal(f"nested deeper than {MAX_DEPTH} levels", event)


def _refusal(problem: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
