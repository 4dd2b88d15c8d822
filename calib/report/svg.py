"""Figures as SVG: axes, dots, lines, arrows, bars, cells. Text is escaped, colours come from the page.

Every picture has a title and a description for those who do not see it. Many marks of one kind are one path: a picture
of thousands of corners stays small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np

from calib.arrays import Array
from calib.report.axis import Axis, tick_text
from calib.report.colours import colour_of

LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 12.0, 46.0  # room for ticks and labels
BAR_WIDTH, BAR_GAP = 14.0, 16.0  # of a colour bar
BAR_STEPS = 24


class Picture:
    """An SVG image that is being drawn."""

    def __init__(self, width: float, height: float, title: str, description: str) -> None:
        self.width, self.height = width, height
        self._root = ElementTree.Element(
            "svg", {"viewBox": f"0 0 {_n(width)} {_n(height)}", "role": "img", "aria-label": title}
        )
        ElementTree.SubElement(self._root, "desc").text = description
        self._into = self._root

    def draw(self, tag: str, text: str | None = None, **attributes: str | float) -> ElementTree.Element:
        """Append an element; underscores in the names of attributes stand for hyphens."""
        named = {
            name.rstrip("_").replace("_", "-"): value if isinstance(value, str) else _n(value)
            for name, value in attributes.items()
        }
        element = ElementTree.SubElement(self._into, tag, named)
        element.text = text
        return element

    @contextmanager
    def group(self, **attributes: str) -> Iterator[None]:
        """What is drawn within goes into one group."""
        before = self._into
        self._into = self.draw("g", **attributes)
        yield
        self._into = before

    @staticmethod
    def title(text: str) -> ElementTree.Element:
        """What is shown where the pointer rests on the element that it is appended to."""
        element = ElementTree.Element("title")
        element.text = text
        return element

    def text(self) -> str:
        """The SVG element."""
        return ElementTree.tostring(self._root, encoding="unicode")


class Plot(Picture):
    """A picture with two axes."""

    def __init__(
        self,
        x: Axis,
        y: Axis,
        title: str,
        description: str,
        *,
        width: float = 640.0,
        height: float = 400.0,
        equal: bool = False,
        bar: bool = False,
    ) -> None:
        """equal: both axes to one scale, the height follows. bar: leave room for a colour bar."""
        right = width - RIGHT - (BAR_WIDTH + BAR_GAP + 44.0 if bar else 0.0)
        if equal:
            height = TOP + BOTTOM + (right - LEFT) * abs(y.high - y.low) / abs(x.high - x.low)
        super().__init__(width, height, title, description)
        self.x, self.y, self._right, self._bottom = x, y, right, height - BOTTOM
        self._frame()

    def at(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Places on paper of values (n,), (n,)."""
        return self.x.place(x, LEFT, self._right), self.y.place(y, self._bottom, TOP)

    def dots(self, x: Array, y: Array, class_: str = "dots") -> None:
        """A dot for each of (n,), (n,) that is finite: a line of no length with round ends."""
        self._path((f"M{_n(a)} {_n(b)}h0" for a, b in _finite(*self.at(x, y))), class_)

    def line(self, x: Array, y: Array, class_: str = "line") -> None:
        """A line through (n,), (n,), broken where a value is not finite."""
        pen, parts = "M", []
        for a, b in zip(*(each.tolist() for each in self.at(x, y)), strict=True):
            whole = np.isfinite(a) and np.isfinite(b)
            if whole:
                parts.append(f"{pen}{_n(a)} {_n(b)}")
            pen = "L" if whole else "M"
        self._path(parts, class_)

    def arrows(self, x: Array, y: Array, dx: Array, dy: Array, class_: str = "arrows") -> None:
        """A line from each of (n,), (n,) along (n,), (n,), with a dot where it begins."""
        (a, b), (c, d) = self.at(x, y), self.at(x + dx, y + dy)
        moves = zip(a.tolist(), b.tolist(), (c - a).tolist(), (d - b).tolist(), strict=True)
        self._path((f"M{_n(p)} {_n(q)}l{_n(r)} {_n(s)}" for p, q, r, s in moves), class_)
        self.dots(x, y, f"{class_}-from")

    def bars(self, edges: Array, heights: Array, class_: str = "bars") -> None:
        """A bar of each height (n,) between edges (n + 1,)."""
        left, top = self.at(edges[:-1], heights)
        right, bottom = self.at(edges[1:], np.zeros(len(heights)))
        corners = zip(left.tolist(), top.tolist(), right.tolist(), bottom.tolist(), strict=True)
        self._path((f"M{_n(a)} {_n(d)}V{_n(b)}H{_n(c)}V{_n(d)}z" for a, b, c, d in corners), class_)

    def cells(self, x_edges: Array, y_edges: Array, values: Array, high: float, label: str) -> None:
        """A coloured cell for each finite value (rows, columns), 0 to `high` on the scale of a bar beside them."""
        x, _ = self.at(x_edges, np.zeros(len(x_edges)))
        _, y = self.at(np.zeros(len(y_edges)), y_edges)
        shares = np.where(np.isfinite(values), np.clip(values / high, 0.0, 1.0), np.nan)
        steps = np.round(shares * (4 * BAR_STEPS))
        for step in np.unique(steps[np.isfinite(steps)]).tolist():  # cells of one colour are one path
            rows, columns = np.nonzero(steps == step)
            places = zip(x[columns], x[columns + 1], y[rows], y[rows + 1], strict=True)
            path = "".join(f"M{_n(a)} {_n(c)}H{_n(b + 0.3)}V{_n(d + 0.3)}H{_n(a)}z" for a, b, c, d in places)
            self.draw("path", d=path, fill=colour_of(step / (4 * BAR_STEPS)))
        self._colour_bar(high, label)

    def words(self, x: float, y: float, text: str, class_: str = "tick") -> None:
        """Text that begins at a place of the axes."""
        a, b = self.at(np.array([x]), np.array([y]))
        self.draw("text", text, x=float(a[0]), y=float(b[0]), class_=class_)

    def _path(self, parts: Iterable[str], class_: str) -> None:
        if path := "".join(parts):
            self.draw("path", d=path, class_=class_)

    def _frame(self) -> None:
        for value in self.x.ticks():
            a = float(self.x.place(np.array(value), LEFT, self._right))
            self.draw("path", d=f"M{_n(a)} {_n(TOP)}V{_n(self._bottom)}", class_="grid")
            self.draw("text", tick_text(value), x=a, y=self._bottom + 16, class_="tick", text_anchor="middle")
        for value in self.y.ticks():
            b = float(self.y.place(np.array(value), self._bottom, TOP))
            self.draw("path", d=f"M{_n(LEFT)} {_n(b)}H{_n(self._right)}", class_="grid")
            self.draw("text", tick_text(value), x=LEFT - 6, y=b + 4, class_="tick", text_anchor="end")
        middle = (LEFT + self._right) / 2
        self.draw("text", self.x.label, x=middle, y=self._bottom + 36, class_="label", text_anchor="middle")
        turned = f"translate(14 {_n((TOP + self._bottom) / 2)}) rotate(-90)"
        self.draw("text", self.y.label, transform=turned, class_="label", text_anchor="middle")

    def _colour_bar(self, high: float, label: str) -> None:
        x, axis = self._right + BAR_GAP, Axis(0.0, high, label)
        edges = np.linspace(self._bottom, TOP, BAR_STEPS + 1).tolist()
        for step, (below, above) in enumerate(pairwise(edges)):
            fill = colour_of((step + 0.5) / BAR_STEPS)
            self.draw("rect", x=x, y=above, width=BAR_WIDTH, height=below - above + 0.5, fill=fill)
        for value in axis.ticks(5):
            y = float(axis.place(np.array(value), self._bottom, TOP))
            self.draw("text", tick_text(value), x=x + BAR_WIDTH + 4, y=y + 4, class_="tick")
        self.draw("text", label, x=self.width - 4, y=self._bottom + 36, class_="label", text_anchor="end")


def _finite(x: Array, y: Array) -> list[tuple[float, float]]:
    keep = np.isfinite(x) & np.isfinite(y)
    return list(zip(x[keep].tolist(), y[keep].tolist(), strict=True))


def _n(value: float) -> str:
    """A number as short as a tenth of a unit of the picture allows."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text
