"""Joint targets of ABB and Rokae controllers, in degrees."""

from __future__ import annotations

import re

from calib.formats.columns.pose_texts import NUMBER, matches, recording
from calib.formats.columns.recording import Meaning, Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_format import PoseFormat

_COMMA = r"\s*,\s*"
_SIX = _COMMA.join([NUMBER] * 6)
_TARGET = re.compile(
    rf"jointtarget\s+(\w{{1,64}})\s*:?=\s*(?:\[\s*\[|j\s*:\s*\{{)\s*{_SIX}(?:{_COMMA}{NUMBER})?\s*[\]}}]"
)


_ARRAY = re.compile(r"jointtarget\s+\w{1,64}\s*\{\s*\d{1,6}\s*\}\s*:=\s*\[([^;]*);")
_ELEMENT = re.compile(rf"\[\s*\[\s*{_SIX}\s*\]")


def recognise(source: Source) -> bool:
    """Whether a joint target is declared, or an array of them."""
    return _TARGET.search(source.text) is not None or _ARRAY.search(source.text) is not None


def read(source: Source, wanted: Wanted) -> Recording:
    """All targets; the seventh number only of an arm of seven joints."""
    found, lines = matches(_TARGET, source.text)
    if not found:
        return _of_arrays(source.text)
    count = 7 if wanted.joints == 7 and all(match[8] is not None for match in found) else 6
    rows = [[float(text) for text in match.groups()[1 : 1 + count]] for match in found]
    names = tuple(f"j{k + 1}" for k in range(count))
    meaning = Meaning({f"{name}_deg": name for name in names})
    return recording(names, rows, lines, meaning, {"point": tuple(match[1] for match in found)})


def _of_arrays(text: str) -> Recording:
    """The elements of all arrays."""
    rows, lines = [], []
    for array in _ARRAY.finditer(text):
        found, below = matches(_ELEMENT, array[1])
        rows += [[float(number) for number in match.groups()] for match in found]
        first = text.count("\n", 0, array.start(1))
        lines += [first + line for line in below]
    names = tuple(f"j{k + 1}" for k in range(6))
    return recording(names, rows, lines, Meaning({f"{name}_deg": name for name in names}))


FORMAT = PoseFormat(
    tool="ABB (RAPID) and Rokae controllers: jointtarget",
    meaning="joint values in degrees",
    example="CONST jointtarget j1:=[[2.636,29.518,6.100,34.748,-47.376,35.792],[9E9,9E9,9E9,9E9,9E9,9E9]];\n",
    recognise=recognise,
    read=read,
    suffixes=(".mod",),
)
