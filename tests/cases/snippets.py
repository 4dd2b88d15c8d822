"""Python in Markdown pages, and the files that it takes for granted.

A line `<!-- files: SOURCE: name as called, name -->` before a block names them: SOURCE is a shipped data set, or what
`calib simulate` writes (see `SIMULATED`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cases.paths import ROOT

# Small pictures: the snippets must run, not be accurate.
SIMULATED = {
    "hand-eye": "simulate hand-eye --views 10 --seed 5 --image-size 480x360 --render",
    "robot-images": "simulate robot-images --views 16 --seed 5 --image-size 480x360 --render",
}
BLOCK = re.compile(r"(?:<!-- files: ([\w-]+): (.*?) -->\n)?^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Snippet:
    """A block of Python. source: where its files come from, empty for none. files: pairs of name and name as called."""

    page: str
    line: int
    source: str
    files: tuple[tuple[str, str], ...]
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def run(self, simulated: Callable[[str], Path], folder: Path) -> None:
        """Lay the files into a folder, which must be the current one, and run the code."""
        if self.source:
            source = simulated(self.source) if self.source in SIMULATED else ROOT / "datasets" / self.source
            for name, called in self.files:
                copy = shutil.copytree if (source / name).is_dir() else shutil.copy
                copy(source / name, folder / called)
        exec(compile("\n" * self.line + self.code, self.page, "exec"), {"__name__": "snippet"})


def snippets(page: Path) -> list[Snippet]:
    """The blocks of Python in a page."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        source, names, code = match.groups()
        pairs = [name.strip().split(" as ") for name in names.split(",")] if names else []
        files = tuple((pair[0], pair[-1]) for pair in pairs)
        found.append(Snippet(page.name, text[: match.start(3)].count("\n"), source or "", files, code))
    return found
