"""The storeys of the house: who stands on whom. The import chart and the architecture tests read them here."""

from __future__ import annotations

GROUND = frozenset(
    {
        "arrays",
        "config",
        "delimited",
        "documents",
        "errors",
        "estimate",
        "exports",
        "files",
        "interrupt",
        "lazy",
        "need",
        "plugins",
        "report",
        "result",
        "staging",
        "storage",
        "strict_yaml",
        "text",
        "text_rows",
        "uncertainty",
        "verdict",
    }
)
"""Files that every room may use."""

MODELS = GROUND | {"geometry", "engine"}

MAY_IMPORT: dict[str, frozenset[str]] = {
    "arrays": frozenset(),
    "errors": frozenset(),
    "interrupt": frozenset(),
    "lazy": frozenset(),
    "verdict": frozenset(),
    "text": frozenset(),
    "staging": frozenset(),
    "documents": frozenset({"errors", "verdict"}),
    "config": frozenset({"errors", "files", "strict_yaml"}),
    "strict_yaml": frozenset(),
    "uncertainty": frozenset({"arrays", "config", "documents", "errors", "verdict"}),
    "plugins": frozenset({"errors"}),
    "files": frozenset({"errors", "interrupt", "staging"}),
    "text_rows": frozenset({"errors", "files"}),
    "delimited": frozenset({"arrays", "config", "errors", "text", "text_rows"}),
    "estimate": frozenset({"documents", "engine"}),
    "need": frozenset({"arrays", "documents", "errors", "estimate", "verdict"}),
    "report": frozenset({"arrays", "estimate", "text", "verdict"}),
    "exports": frozenset({"errors", "plugins"}),
    "result": frozenset({"config", "documents", "estimate", "exports", "need", "report", "storage", "text", "verdict"}),
    "storage": frozenset(
        {"arrays", "config", "documents", "errors", "files", "interrupt", "staging", "strict_yaml", "text", "verdict"}
    ),
    "geometry": frozenset({"arrays"}),
    "engine": frozenset({"arrays"}),
    "camera": MODELS,
    "robot": MODELS,
    "network": MODELS,
    "compensations": MODELS | {"robot", "network"},
    "formats": MODELS | {"camera", "robot"},
    "cell": MODELS | {"camera", "robot", "network", "formats"},
    "compare": MODELS | {"camera", "robot"},
    "check": MODELS | {"camera", "robot", "cell"},
    "installation": GROUND | {"camera"},
    "cli": MODELS
    | {"check", "installation", "camera", "robot", "network", "compensations", "formats", "cell", "compare"},
    "__main__": frozenset({"cli", "interrupt"}),
}
"""What each room or file directly under calib may import besides itself."""

ORDER: dict[str, tuple[tuple[str, ...], ...]] = {
    "camera": (
        ("images/", "image_formats/"),
        ("adjustment/",),
        ("start/",),
        ("views/",),
        ("lens_choice/", "diagnosis/"),
        ("detection/", "calibration/", "simulation/", "printing/"),
        ("boards/", "causes/", "lenses/"),
    ),
    "robot": (
        ("arm/", "table/"),
        ("effects/", "start/"),
        ("measurements/",),
        ("identification/",),
        ("conventions/",),
        ("evaluation/",),
        ("simulation/",),
    ),
    "network": (("activations/",),),
    "formats": (
        ("content/",),
        ("columns/",),
        ("chains/",),
        ("arms/", "cameras/", "corners/", "mounts/", "poses/"),
        ("application/",),
    ),
    "cell": (
        ("pairing/",),
        ("start/",),
        ("conventions/",),
        ("adjustment/",),
        ("hand_eye/",),
        ("rig/", "arms/", "simulation/"),
    ),
    "engine": (("normal_equations/",), ("point/",), ("levenberg_marquardt/",), ("methods/",)),
    "cli": (("running/",), ("arguments/",), ("simulate/",)),
}
"""The folders of a room from the ground up. A folder may import those of a lower storey; folders of one storey are
walled off from each other. Files directly in a room (its nouns, its conductors) stand where they must, as long as
no two parts of a room need each other."""

WALLS: tuple[tuple[str, str], ...] = (
    ("robot/simulation/", "robot/conventions/"),
    ("robot/simulation/", "robot/identification/"),
    ("robot/simulation/", "robot/evaluation/"),
    *(
        ("camera/detection/", f"camera/{solver}/")
        for solver in ("adjustment", "start", "views", "lens_choice", "diagnosis")
    ),
)
"""Folders that never import each other, whatever their storeys: what makes up measurements must not know who solves,
and what finds corners in an image must not know a lens."""


def may_import(room: str, source: str, target: str) -> bool:
    """Whether a part of a room may import another, as far as their storeys are laid down."""
    if {(f"{room}/{source}", f"{room}/{target}"), (f"{room}/{target}", f"{room}/{source}")} & set(WALLS):
        return False
    storey = {part: at for at, parts in enumerate(ORDER.get(room, ())) for part in parts}
    if source not in storey or target not in storey:
        return True
    return storey[target] < storey[source]
