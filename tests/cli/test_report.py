"""The page that a command writes, in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cases.browser import browse
from cases.command import Run
from cases.paths import ROOT

CLICKS = """
const row = document.querySelectorAll(".choices tr[data-item]")[1];
row.click();
const marks = document.querySelectorAll("[data-view].selected").length;
const alone = document.body.classList.contains("selected-only");
row.querySelector("input").click();
const scene = document.querySelector(".scene"), before = scene.querySelector("path").getAttribute("d");
scene.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowLeft", cancelable: true}));
return {
  name: row.dataset.item, marks, alone, command: document.getElementById("again").textContent,
  shown: !document.querySelector(".command").hidden, turned: before !== scene.querySelector("path").getAttribute("d"),
  distance: document.getElementById("at-distance").textContent,
  drawn: [...document.querySelectorAll("figure svg")].map(each => each.getBoundingClientRect().height > 100),
  wide: document.documentElement.scrollWidth <= innerWidth,
};
"""


@pytest.mark.slow
def test_a_browser_shows_it_and_its_command_runs(run: Run) -> None:
    images = ROOT / "datasets" / "demo_camera" / "images"
    run("camera", "--images", images, "--board", "checkerboard:9x6:25mm", "--output", "out")
    browsed = browse(Path("out/report.html"), CLICKS)
    assert browsed["faults"] == []
    assert browsed["loaded"] == []
    found = browsed["found"]
    assert (found["marks"], found["alone"], found["shown"], found["turned"]) == (2, True, True, True)
    assert all(found["drawn"])
    assert len(found["drawn"]) == 6
    assert re.match(r"[\d.]+ m: [\d.]+ mm where boards were seen", found["distance"])
    words = found["command"].split()
    assert words[-4:] == ["--exclude", found["name"], "--output", "again"]
    again = run(*words[1:])
    assert again.exit_code == 0, again.output
    assert f"rejected {found['name']}: excluded on request" in again.stdout
