"""What every board offers, and how a user names one: a YAML file, a shipped name, or inline text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from calib import config, plugins
from calib.arrays import Array, Grey, Index
from calib.camera.shapes import Shapes
from calib.errors import UsageError, did_you_mean

KINDS = "calib.camera.boards"


@dataclass(frozen=True, eq=False)
class BoardCorners:
    """Corners of a board found in an image."""

    corners_px: Array
    """(n, 2)"""
    index: Index
    """(n,) which of the board's corners each is."""
    radius: Array | None = None
    """(n,) of the circle of whose image the middle was measured, in the unit of the board; None: points."""


class Board(Protocol):
    """A flat calibration target. Its frame: x right, y down, z into the board, the origin at its first corner."""

    @property
    def name(self) -> str:
        """How results name it; `load_board` reads it back."""

    @property
    def corners_in_board(self) -> Array:
        """(n, 3) the corners, row by row: metres, or squares where the size is not known."""

    @property
    def scale_known(self) -> bool:
        """Whether lengths are metres, as they are wherever a size must be stated."""
        return True

    @property
    def grid(self) -> tuple[int, int] | None:
        """(columns, rows) of inner corners of a full checkerboard, of which grids of any size are looked for before the
        thorough search; None for any other board."""
        return None

    @property
    def hint(self) -> str:
        """What to check where no image shows it."""

    def reflectance(self, x: Array, y: Array, width_x: Array, width_y: Array) -> Array:
        """Lightness (0 to 1) of the board at (x, y) in its frame, averaged over a box of the widths given."""

    def shapes(self) -> Shapes:
        """What is dark on it, to be printed; in the unit of the corners."""

    def find(self, image: Grey) -> tuple[BoardCorners | None, str]:
        """Its corners in an image, else None and the reason. Runs in worker processes."""

    @classmethod
    def recognise(cls, image: Grey) -> str:
        """How a board of this kind that an image shows would be named, in capitals what it does not tell; empty if it
        shows none. For whoever has named another board, or none."""

    def document(self) -> dict[str, Any]:
        """The YAML document that `from_config` reads back, less the kind."""

    @classmethod
    def from_config(cls, document: Any, where: str) -> Board:
        """The board a parsed YAML document describes; raises as `config.build`."""

    @classmethod
    def from_text(cls, fields: list[str]) -> Board:
        """The board that the fields of `kind:field:field` describe; raises UsageError `board-syntax`."""


def load_board(text: str) -> Board:
    """A board from a YAML file's path, the name of a shipped board, or inline text (`checkerboard:9x6:25mm`).

    Raises UsageError: `unknown-board`, `board-syntax`, and those of `calib.config` for a file.
    """
    if not text.strip():
        raise UsageError("the board's name is empty", code="board-syntax", advice=_ADVICE)
    if text.lower().endswith((".yaml", ".yml")):
        path = Path(text)
        if not path.is_file():
            raise UsageError("there is no such board file", code="unknown-board", where=text, advice=_hint(path.stem))
        return _from_document(config.read_yaml(path), text)
    kind, colon, rest = text.partition(":")
    if colon:
        return pick(kind.strip().lower()).from_text([field.strip() for field in rest.split(":")])
    if text in shipped_boards():
        file = config.shipped_folder("configs").joinpath("boards", f"{text}.yaml")
        return _from_document(config.parse_yaml(file.read_text(encoding="utf-8"), where=text), text)
    raise UsageError(f"unknown board {text!r}", code="unknown-board", advice=_hint(text))


def pick(kind: str) -> type[Board]:
    """The class of a kind of board. Raises UsageError `unknown-board`."""
    try:
        board: type[Board] = plugins.pick(KINDS, "BOARD", kind)
    except UsageError as error:
        error.advice = f"{error.advice}\na board is one of: {', '.join(plugins.discover(KINDS))}"
        raise
    return board


def shipped_boards() -> list[str]:
    """Names of the boards that come with the package."""
    folder = config.shipped_folder("configs").joinpath("boards")
    files = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))


_ADVICE = "a board is a YAML file, a shipped name, or inline text such as checkerboard:9x6:25mm (inner corners)"


def _hint(name: str) -> str:
    return f"{did_you_mean(name, shipped_boards())}\n{_ADVICE}"


def _from_document(document: Any, where: str) -> Board:
    kind = document.get("kind", document.get("target_type")) if isinstance(document, dict) else None  # or Kalibr's key
    if not isinstance(kind, str):
        raise UsageError(
            "the board's kind is not given",
            code="config-missing-key",
            where=where,
            advice=f"kind: one of {', '.join(plugins.discover(KINDS))}",
        )
    fields = {key: value for key, value in document.items() if key not in ("kind", "target_type")}
    return pick(kind).from_config(fields, where)
