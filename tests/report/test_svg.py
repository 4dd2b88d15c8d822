"""Figures: round ticks, marks at their places, text that cannot break out."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from calib.report.axis import Axis
from calib.report.colours import colour_of
from calib.report.scene import Path3, draw_scene
from calib.report.svg import Plot

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("low", [0.0, -3.7, 1e6])
@pytest.mark.parametrize("span", [1e-6, 0.3, 7.0, 12345.0])
def test_ticks_are_round_and_inside(low: float, span: float) -> None:
    for axis in (Axis(low, low + span, ""), Axis(low + span, low, "")):
        ticks = axis.ticks()
        assert 2 <= len(ticks) <= 7
        assert min(ticks) >= low - 1e-9 * span
        assert max(ticks) <= low + span * (1 + 1e-9)
        assert np.ptp(np.diff(ticks)) < 1e-6 * span


def test_values_that_are_not_finite_do_not_count() -> None:
    assert Axis.around(np.array([np.nan, 1.0, 3.0, np.inf]), "x") == Axis(0.9, 3.1, "x")
    assert Axis.around(np.array([np.nan]), "x").low < Axis.around(np.array([np.nan]), "x").high
    assert Axis.around(np.array([2.0, 4.0]), "x", zero=True).low == 0.0


def plot() -> Plot:
    return Plot(Axis(0, 10, "x & y"), Axis(0, 5, "<b>"), 'a "title"', "what <it> shows")


def test_a_mark_stands_at_its_place() -> None:
    picture = plot()
    picture.dots(np.array([0.0, 10.0, np.nan]), np.array([0.0, 5.0, 1.0]))
    root = ElementTree.fromstring(picture.text())
    dots = next(each for each in root.iter("path") if each.get("class") == "dots")
    assert dots.get("d") == "M62 354h0M626 12h0"


def test_what_is_written_is_text() -> None:
    text = plot().text()
    root = ElementTree.fromstring(text)
    assert root.get("aria-label") == 'a "title"'
    assert [each.text for each in root.iter("desc")] == ["what <it> shows"]
    assert "<b>" not in text
    assert {"x & y", "<b>"} <= {each.text for each in root.iter("text")}


def test_cells_of_one_colour_are_one_path_and_unknown_ones_none() -> None:
    picture = plot()
    picture.cells(np.array([0.0, 5, 10]), np.array([0.0, 2.5, 5]), np.array([[0.0, 1.0], [np.nan, 1.0]]), 1.0, "px")
    fills = [each.get("fill") for each in ElementTree.fromstring(picture.text()).iter("path") if each.get("fill")]
    assert fills == [colour_of(0.0), colour_of(1.0)]


def test_a_scene_holds_what_the_page_redraws() -> None:
    line = np.array([(0.0, 0.0, 1.0), (2.0, 0.0, 1.0), (2.0, 4.0, 3.0)])
    root = ElementTree.fromstring(draw_scene([Path3(line, "board", "<view>")], "scene", "a line"))
    path = next(each for each in root.iter("path") if each.get("data-points"))
    points = np.array(ElementTree.fromstring(f"<a>{path.get('data-points')}</a>").text.strip("[]").split("],["))
    assert len(points) == 3
    assert [each.text for each in path] == ["<view>"]
