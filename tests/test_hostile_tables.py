"""Tables and configurations made to exhaust a reader are refused, by a short message, before they are held."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from calib.camera import load_board, read_corners
from calib.cell import read_image_times
from calib.errors import CalibError
from calib.robot import read_poses

MB = 1_000_000
READERS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "poses": (read_poses, "j1_rad,j2_rad,x_m,y_m,z_m\n", "1,2,3,4,5\n"),
    "corners": (read_corners, "image,x_px,y_px,X_m,Y_m\n", "a.png,1,2,3,4\n"),
    "times": (read_image_times, "image,time_s\n", "a.png,1\n"),
}
HOSTILE: dict[str, Callable[[str, str], str | bytes]] = {
    "a line without end": lambda head, row: head + "1," * (2 * MB),
    "a header without end": lambda head, row: "a" * (3 * MB),
    "a cell of megabytes": lambda head, row: head + "1" * (3 * MB) + row,
    "a million columns": lambda head, row: ",".join(f"c{i}" for i in range(MB)),
    "a quotation mark never closed": lambda head, row: head + '"' + row * 200_000,
    "a header never closed": lambda head, row: '"' + head * 100_000,
    "NULs": lambda head, row: head + row * 10 + "\0" * (3 * MB),
    "UTF-16 that is none": lambda head, row: b"\xff\xfe" + bytes(range(256)) * 10_000,
    "nothing but blanks": lambda head, row: " " * (3 * MB),
    "nothing but line ends": lambda head, row: "\n" * (3 * MB),
}


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_table_is_refused_in_few_words(kind: str, what: str, tmp_path: Path) -> None:
    reader, head, row = READERS[kind]
    content = HOSTILE[what](head, row)
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CalibError) as caught:
        reader(path)
    assert caught.value.code.startswith("table-")
    assert len(str(caught.value)) < 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kB


def test_lone_carriage_returns_end_lines(tmp_path: Path) -> None:
    path = tmp_path / "times.csv"
    path.write_bytes(b"image,time_s\ra.png,1\rb.png,2\r")
    assert read_image_times(path).seconds == {"a": 1.0, "b": 2.0}


@pytest.mark.parametrize("text", ["? " + "x" * 900_000 + "\n: 1", "kind: " + "x" * 900_000])
def test_a_long_key_or_value_is_quoted_in_part(text: str, tmp_path: Path) -> None:
    path = tmp_path / "board.yaml"
    path.write_text(text)
    with pytest.raises(CalibError) as caught:
        load_board(str(path))
    assert len(str(caught.value)) < 1000
