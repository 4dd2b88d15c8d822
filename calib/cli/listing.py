"""`calib list`: what is shipped, a line for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import typer

from calib import plugins
from calib.cli.arguments.options import AsJson
from calib.cli.running import shipped
from calib.cli.running.reporting import reporting
from calib.cli.running.terminal import say

HELP = """List what ships with calib.

\b
Examples:
  calib list
  calib list arms
  calib list lenses --json

The reach of an arm is the greatest distance of its flange from the axis of the first joint, within the joint limits."""


class Kind(StrEnum):
    """What can be listed."""

    arms = "arms"
    lenses = "lenses"
    boards = "boards"
    causes = "causes"
    measurements = "measurements"
    effects = "effects"
    compensations = "compensations"
    methods = "methods"
    formats = "formats"


@dataclass(frozen=True)
class Entry:
    """One thing that is shipped."""

    description: str
    """In a line."""
    facts: dict[str, Any]
    """The same for programs, beside name and description."""


@dataclass(frozen=True)
class Catalogue:
    """A kind of thing that is shipped."""

    title: str
    """What they are."""
    names: Callable[[], list[str]]
    """Of all of them."""
    describe: Callable[[str], Entry]
    """One of them."""


def command(
    kind: Kind | None = typer.Argument(None, help="What to list. Default: the kinds."), as_json: AsJson = False
) -> None:
    """See HELP."""
    with reporting(as_json):
        if kind is None:
            entries = {
                each.value: Entry(f"{one.title} ({len(one.names())})", {"count": len(one.names())})
                for each, one in CATALOGUES.items()
            }
        else:
            entries = {name: CATALOGUES[kind].describe(name) for name in CATALOGUES[kind].names()}
        if as_json:
            _print_document(kind.value if kind else "kinds", entries)
        else:
            width = max(map(len, entries))
            for name, entry in entries.items():
                say(f"{name:<{width}}  {entry.description}")


def _print_document(listed: str, entries: dict[str, Entry]) -> None:
    from calib.documents import heading, to_json

    plain = [{"name": name, "description": entry.description, **entry.facts} for name, entry in entries.items()]
    say(to_json(heading("list") | {"listed": listed, "entries": plain}), end="")


def _arm(name: str) -> Entry:
    from calib.robot import load_arm, reach_m

    arm = load_arm(name).geometry
    reach = reach_m(arm)
    facts = {"title": arm.title, "joints": arm.joints, "reach_m": round(reach, 3)}
    return Entry(f"{arm.title}; {arm.joints} joints, reach {reach:.2f} m", facts)


def _board(name: str) -> Entry:
    from calib.camera import load_board

    board = load_board(name)
    corners = board.corners_in_board
    width, height = (1000 * (corners.max(axis=0) - corners.min(axis=0))[:2]).tolist()
    facts = {"board": board.name, "corners": len(corners), "width_mm": round(width, 6), "height_mm": round(height, 6)}
    return Entry(f"{board.name}; {len(corners)} corners over {width:.0f} x {height:.0f} mm", facts)


def _lens(name: str) -> Entry:
    from calib.camera import load_lens

    lens = load_lens(name)
    labels = [str(label) for label in lens.labels]
    return Entry(f"{lens.purpose}; {' '.join(labels)}", {"purpose": lens.purpose, "parameters": labels})


def _variant(package: str) -> Callable[[str], Entry]:
    """What a variant's file says in its first line."""
    return lambda name: Entry(plugins.title(package, name), {})


def _format(name: str) -> Entry:
    """Of a format: its tool, and what it is of."""
    packages = {
        "camera": "cameras",
        "arm": "arms",
        "pose of a camera": "mounts",
        "poses": "poses",
        "corners": "corners",
    }
    of = next(of for of, package in packages.items() if name in shipped.formats_of(package))
    form = plugins.pick(f"calib.formats.{packages[of]}", "FORMAT", name)
    written = getattr(form, "write", None) is not None
    facts = {"of": of, "tool": form.tool, "meaning": form.meaning, "written": written}
    facts |= {"loses": form.loses} if written else {}
    return Entry(f"{of}; {form.tool}{'' if written else ' (read only)'}", facts)


def _method(name: str) -> Entry:
    from calib.cell import METHODS

    text = (METHODS[name].__doc__ or "").partition("\n\n")[0]
    return Entry(" ".join(text.split()), {})


CATALOGUES = {
    Kind.arms: Catalogue("Robot arms, for --arm", shipped.arms, _arm),
    Kind.lenses: Catalogue("Lens models, for --lens", shipped.lenses, _lens),
    Kind.boards: Catalogue("Calibration boards, for --board", shipped.boards, _board),
    Kind.causes: Catalogue(
        "Causes of misfit that `calib camera` looks for", shipped.causes, _variant("calib.camera.causes")
    ),
    Kind.measurements: Catalogue(
        "Kinds of measurement of an arm, for --measurement", shipped.measurements, _variant("calib.robot.measurements")
    ),
    Kind.effects: Catalogue(
        "Effects beyond an arm's geometry, in --model full and auto", shipped.effects, _variant("calib.robot.effects")
    ),
    Kind.compensations: Catalogue(
        "Compensations of the errors that a model leaves, for --compensate",
        shipped.compensations,
        _variant("calib.compensations"),
    ),
    Kind.methods: Catalogue("Closed forms of hand-eye calibration, for --method", shipped.methods, _method),
    Kind.formats: Catalogue("Files of other tools, for --format and --to", shipped.formats, _format),
}
