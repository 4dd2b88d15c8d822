"""What a printer makes of our PDF: a reading of its operators that shares nothing with what wrote them."""

from __future__ import annotations

import re

import cv2
import numpy as np

POINT_MM = 25.4 / 72.0


def pages_of(pdf: bytes, dpi: float) -> list[np.ndarray]:
    """Every page as grey pixels: filled paths alone, with their clip."""
    assert pdf.startswith(b"%PDF-1.4")
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    table = int(re.findall(rb"startxref\n(\d+)", pdf)[0])
    for number, place in enumerate(re.findall(rb"^(\d{10}) 00000 n", pdf[table:], re.MULTILINE), start=1):
        assert pdf[int(place) :].startswith(b"%d 0 obj" % number)
    return [_page(stream.decode("cp1252"), *map(float, box), dpi) for stream, box in zip(streams, boxes, strict=True)]


def _page(stream: str, width_pt: float, height_pt: float, dpi: float) -> np.ndarray:
    scale = dpi / 72.0
    shape = (round(height_pt * scale), round(width_pt * scale))
    dark, to_pt, kept, outlines = np.zeros(shape, np.uint8), np.eye(3), None, []
    numbers: list[float] = []

    def pixels(points: list[tuple[float, float]]) -> np.ndarray:
        at = np.column_stack([points, np.ones(len(points))]) @ to_pt
        return np.column_stack([at[:, 0], height_pt - at[:, 1]]) * scale

    for word in re.sub(r"\(.*?\) Tj", "", stream).split():
        if re.fullmatch(r"-?\d+\.?\d*", word):
            numbers.append(float(word))
            continue
        if word == "cm":
            a, b, c, d, e, f = numbers
            to_pt = np.array([[a, b, 0], [c, d, 0], [e, f, 1]]) @ to_pt
        elif word == "re":
            x, y, w, h = numbers
            outlines.append(pixels([(x, y), (x + w, y), (x + w, y + h), (x, y + h)]))
        elif word == "m":
            curve = [tuple(numbers)]
        elif word == "c":
            p = np.array([curve[-1], *np.reshape(numbers, (3, 2))])
            t = np.linspace(0, 1, 9)[1:, None]
            bezier = (1 - t) ** 3 * p[0] + 3 * t * (1 - t) ** 2 * p[1] + 3 * t**2 * (1 - t) * p[2] + t**3 * p[3]
            curve += [tuple(point) for point in bezier]
        elif word == "h":
            outlines.append(pixels(curve))
        elif word == "W":
            kept = outlines.pop()
        elif word == "f":
            dark = np.maximum(dark, _fill(outlines, kept, shape))
            outlines, kept = [], None
        numbers = []
    return 255 - dark


def _fill(outlines: list[np.ndarray], kept: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """255 where shapes are, smooth at their edges; their coordinates have the first pixel's corner at 0."""
    fine = 4
    layer = np.zeros((shape[0] * fine, shape[1] * fine), np.uint8)
    for outline in outlines:
        corners = np.rint((outline * fine - 0.5) * 2**10).astype(np.int32)
        cv2.fillPoly(layer, [corners], 255, shift=10)
    if kept is not None:
        low, high = np.rint(kept.min(axis=0) * fine).astype(int), np.rint(kept.max(axis=0) * fine).astype(int)
        clip = np.zeros_like(layer)
        clip[low[1] : high[1], low[0] : high[0]] = 255
        layer &= clip
    return cv2.resize(layer, shape[::-1], interpolation=cv2.INTER_AREA)
