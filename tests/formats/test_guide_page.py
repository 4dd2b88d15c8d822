"""The page of the guide on formats holds every format as its file describes it."""

from __future__ import annotations

import pytest
from cases.paths import ROOT

from calib import plugins
from calib.formats.conversion import PACKAGES

PAGE = (ROOT / "calib" / "guide" / "formats.md").read_text(encoding="utf-8")
EVERY = [(package, name) for package in PACKAGES for name in plugins.discover(package)]


@pytest.mark.parametrize(("package", "name"), EVERY, ids=[name for _, name in EVERY])
def test_a_format_is_on_the_page(package: str, name: str) -> None:
    form = plugins.pick(package, "FORMAT", name)
    section = PAGE.split(f"### {name}\n")[1].split("\n## ")[0].split("\n### ")[0]
    for text in (form.tool[1:], form.meaning[1:], form.loses):
        assert text in section
    assert getattr(form, "example", "").rstrip() in section
