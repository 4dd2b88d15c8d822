"""PDF of plain vector graphics: black shapes, lines and Helvetica, millimetres, y down. ISO 32000-1 (PDF 1.4).

Nothing of a board needs more: a library that writes PDF would be the heaviest dependency of the house.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from calib.arrays import Array

_POINTS_PER_MM = 72.0 / 25.4
_ARCS = 8  # Bezier curves to a circle: off it by 4e-6 of the radius (4 would be 3e-4)


@dataclass
class Page:
    """One page, its content as it is drawn."""

    size_mm: tuple[float, float]
    """(width, height)"""
    _operators: list[str] = field(default_factory=list)

    def fill(self, rectangles: Array, discs: Array, within: Array | None = None) -> None:
        """Black rectangles (n, 4) and discs (m, 3). within: (2, 2) corners of what is drawn of them.

        All in one path: shapes that touch have no hairline between them, on screen as on paper.
        """
        self._operators.append("q")
        if within is not None:
            self._operators.append(f"{_numbers(*within[0], *(within[1] - within[0]))} re W n")
        self._operators += [f"{_numbers(*each)} re" for each in rectangles.tolist()]
        self._operators += [curve for x, y, radius in discs.tolist() for curve in _circle(x, y, radius)]
        self._operators.append("f Q")

    def line(self, points: Array, width_mm: float = 0.2, grey: float = 0.0) -> None:
        """A line through points (n, 2)."""
        (x, y), *others = points.tolist()
        path = " ".join([f"{_numbers(x, y)} m", *(f"{_numbers(*each)} l" for each in others)])
        self._operators.append(f"q {_numbers(width_mm)} w {_numbers(grey)} G {path} S Q")

    def text(self, at_mm: tuple[float, float], words: str, height_mm: float = 3.0) -> None:
        """A line of text, its baseline beginning there; of Latin letters."""
        latin = words.encode("cp1252", "replace").decode("cp1252")
        escaped = latin.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        # y runs down: the letters are turned over to stand upright
        self._operators.append(f"BT /F1 {_numbers(height_mm)} Tf 1 0 0 -1 {_numbers(*at_mm)} Tm ({escaped}) Tj ET")

    def content(self) -> bytes:
        """The content stream."""
        scale, height = _POINTS_PER_MM, self.size_mm[1] * _POINTS_PER_MM
        frame = f"{_numbers(scale)} 0 0 {_numbers(-scale)} 0 {_numbers(height)} cm"
        return "\n".join([frame, *self._operators]).encode("cp1252")


def write_pdf(pages: Sequence[Page], title: str) -> bytes:
    """The file. The same pages give the same bytes: it holds no date."""
    font, first = 3, 5
    kids = " ".join(f"{first + 2 * i} 0 R" for i in range(len(pages)))
    named = title.encode("ascii", "replace").decode().replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /PrintScaling /None >> >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        f"<< /Title ({named}) /Producer (calib) >>".encode(),
    ]
    for i, page in enumerate(pages):
        box = _numbers(*(side * _POINTS_PER_MM for side in page.size_mm))
        resources = f"<< /Font << /F1 {font} 0 R >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {box}] /Resources {resources} "
            f"/Contents {first + 2 * i + 1} 0 R >>".encode()
        )
        content = page.content()
        objects.append(f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream")
    return _assemble(objects)


def _assemble(objects: Sequence[bytes]) -> bytes:
    """Objects, numbered from 1, with the table of their places."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")  # bytes above 127 tell programs that it is not text
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010d} 00000 n \n" for place in places).encode()
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


def _circle(x: float, y: float, radius: float) -> list[str]:
    """A circle as Bezier curves (M. Goldapp, "Approximation of circular arcs by cubic polynomials", CAGD 8, 1991)."""
    angles = 2 * np.pi * np.arange(_ARCS + 1) / _ARCS
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    tangents = np.column_stack([-np.sin(angles), np.cos(angles)]) * (4 / 3 * np.tan(np.pi / (2 * _ARCS)))
    before, after = points[:-1] + tangents[:-1], points[1:] - tangents[1:]
    middle = np.array([x, y])
    curves = np.concatenate([before, after, points[1:]], axis=1).reshape(-1, 3, 2) * radius + middle
    return [f"{_numbers(x + radius, y)} m", *(f"{_numbers(*each.ravel())} c" for each in curves), "h"]


def _numbers(*values: float) -> str:
    """Numbers as PDF writes them, to a tenth of a micrometre."""
    return " ".join(f"{value:.4f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}" for value in values)
