"""Times of images: tables, and names that are time stamps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cases.hand_eye import CAMERA
from cases.moving import moving, offset

from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.pairing.timestamps import read_image_times
from calib.errors import InputError


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("image,time_s\na.png,0.5\nb.png,1.5\n", 1.5),
        ("file;t_ms\na.png;500\nb.png;1500,5\n", 1.5005),
        ("name,timestamp\na,1700000000.5\nb,1700000001.5\n", 1700000001.5),
        ("img,stamp\na,1700000000500000000\nb,1700000001500000000\n", 1700000001.5),
    ],
)
def test_tables_of_image_times(text: str, second: float, tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text(text)
    assert read_image_times(tmp_path / "times.csv").seconds["b"] == pytest.approx(second, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("image,when\na.png,1\n", "time-columns"),
        ("image,time\na.png,1\n", "time-unit"),
        ("image,time_s\na.png,soon\n", "time-number"),
        ("image,time_s\na.png,1\na.jpg,2\n", "pairing-twice"),
        ("image,time_s\na.png,1\nb.png,1\n", "time-not-increasing"),
        ("image,time_s,stamp_ns\na.png,1,1\n", "table-column-twice"),
    ],
)
def test_tables_of_image_times_that_cannot_be_read(text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text(text)
    with pytest.raises(InputError) as raised:
        read_image_times(tmp_path / "times.csv")
    assert raised.value.code == code


def test_names_that_are_stamps_are_times_and_it_is_said() -> None:
    s = moving(time_offset_s=0.1, views=30)
    assert s.image_s is not None
    since = 1_700_000_000.0
    names = [f"{round((since + t) * 1e9)}.png" for t in s.image_s.tolist()]
    views = tuple(replace(view, image=name) for view, name in zip(s.observations.views, names, strict=True))
    cells = tuple(f"{since + float(text):.6f}" for text in s.table.other["time_s"])
    table = replace(s.table, other={"stamp": cells})
    h = calibrate_hand_eye(replace(s.observations, views=views), table, camera=CAMERA, setup=s.setup)
    assert offset(h) == pytest.approx(0.1, abs=1e-3)
    assert "the files' names, read as ns since 1970" in h.notes[0]
    assert "stamp read as s since 1970" in h.notes[0]
