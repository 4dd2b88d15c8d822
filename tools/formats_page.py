"""Writes the sections of the guide's page on formats from the formats themselves.

    python tools/formats_page.py

What stands on the page before the first section of a format, and between the kinds, is written by hand and kept.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from calib import plugins

PAGE = Path(__file__).resolve().parents[1] / "calib" / "guide" / "formats.md"
HEADINGS = {
    "## Corners": "calib.formats.corners",
    "## Cameras": "calib.formats.cameras",
    "## Arms": "calib.formats.arms",
    "## Poses of the flange": "calib.formats.poses",
    "## The pose of a camera on a robot, of a base in a cell": "calib.formats.mounts",
}
"""Heading of each kind on the page, and where its formats are."""


def section(name: str, form: Any) -> str:
    """The section of one format."""
    written = getattr(form, "write", None) is not None
    lost = getattr(form, "loses", "")
    loses = f"Written; not in the file: {lost}." if lost else "Written; nothing is lost."
    lines = [f"### {name}", "", f"{form.tool}.", f"Numbers: {form.meaning}.", loses if written else "Read only."]
    if example := getattr(form, "example", "").rstrip():
        lines += ["", "```text", example, "```"]
    return "\n".join([*lines, "", ""])


def with_sections(page: str) -> str:
    """The page with every section as its format says: a kind's sections follow its heading of the second level."""
    parts = re.split(r"(?m)^(?=## )", page)
    for i, part in enumerate(parts):
        package = HEADINGS.get(part.partition("\n")[0])
        if package is not None:
            by_hand = part.partition("\n### ")[0].rstrip() + "\n\n"
            forms = [(name, plugins.pick(package, "FORMAT", name)) for name in plugins.discover(package)]
            parts[i] = by_hand + "".join(section(name, form) for name, form in forms)
    return "".join(parts).rstrip() + "\n"


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=PAGE, help="file to write; default: the page itself")
    output = parser.parse_args().output
    output.write_text(with_sections(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"written: {output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
