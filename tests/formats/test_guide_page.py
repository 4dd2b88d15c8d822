"""The page of the guide on formats holds every format as its file describes it."""

from __future__ import annotations

import formats_page
from cases.paths import ROOT

from calib.formats.conversion import PACKAGES


def test_the_page_is_what_the_formats_say() -> None:
    """Otherwise run `python tools/formats_page.py`."""
    page = (ROOT / "calib" / "guide" / "formats.md").read_text(encoding="utf-8")
    assert {*formats_page.HEADINGS.values()} == {*PACKAGES}
    assert all(heading in page for heading in formats_page.HEADINGS)
    assert formats_page.with_sections(page) == page
