"""`calib list`: every kind, every entry with a line of its own."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from calib.cli import app
from calib.cli.listing import CATALOGUES, Kind
from calib.cli.running import shipped
from calib.plugins import discover


def listed(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["list", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_alone_it_shows_the_kinds() -> None:
    lines = listed().splitlines()
    assert [line.split()[0] for line in lines] == [kind.value for kind in Kind]
    assert "for --lens (4)" in lines[1]


@pytest.mark.parametrize("kind", Kind)
def test_every_entry_has_a_line_that_tells_what_it_is(kind: Kind) -> None:
    lines = listed(kind.value).splitlines()
    names = CATALOGUES[kind].names()
    assert [line.split()[0] for line in lines] == names
    assert len(names) > 0
    for line in lines:
        assert len(line.split(maxsplit=1)[1]) > 10, line


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("arms", "ur5e", "Universal Robots UR5e; 6 joints, reach 0.97 m"),
        ("boards", "checkerboard_9x6_25mm", "54 corners over 200 x 125 mm"),
        ("boards", "apriltag_36h11_50mm", "4 corners over 50 x 50 mm"),
        ("lenses", "kannala_brandt", "fisheye; fx_px fy_px skew_px cx_px cy_px k1 k2 k3 k4"),
        ("effects", "payload", "Payload: "),
        ("measurements", "distance", "ball bar"),
        ("methods", "tsai-lenz", "1989"),
    ],
)
def test_the_line_holds_what_one_chooses_by(kind: str, name: str, words: str) -> None:
    (line,) = (line for line in listed(kind).splitlines() if line.split()[0] == name)
    assert words in line


def test_json_holds_the_same_as_values() -> None:
    document = json.loads(listed("arms", "--json"))
    assert (document["kind"], document["listed"]) == ("list", "arms")
    (arm,) = (entry for entry in document["entries"] if entry["name"] == "iiwa14")
    assert arm["joints"] == 7
    assert arm["reach_m"] == pytest.approx(0.946)
    assert "KUKA" in arm["title"]


def test_the_names_kept_for_completion_are_those_of_the_rooms() -> None:
    from calib.cell import METHODS
    from calib.cell.frame_loop import SETUPS
    from calib.robot.identification.free_parameters import MODELS

    assert tuple(METHODS) == shipped.METHODS
    assert tuple(SETUPS) == shipped.SETUPS
    assert tuple(MODELS) == shipped.MODELS
    assert shipped.lenses() == list(discover("calib.camera.lenses"))


def test_a_beginning_selects() -> None:
    assert shipped.arms("ur10") == ["ur10_cb3", "ur10e"]
    assert shipped.models("ge") == ["geometry"]
    assert shipped.effects("zzz") == []
