"""Images find their poses by name, whatever folder and ending, else by order, and say so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases.hand_eye import simulated

from calib.camera.observations import Excluded, Observations
from calib.cell.hand_eye.options import HandEyeRequest
from calib.cell.hand_eye.pair_views import pair_views
from calib.cell.pairing.by_name_or_order import pair
from calib.errors import InputError, UsageError
from calib.robot.table.pose_table import PoseTable
from calib.robot.table.read import read_poses

SIMULATION = simulated(views=6)


def named(names: tuple[str, ...], column: str = "image") -> PoseTable:
    return replace(SIMULATION.table, other={column: names})


def test_names_decide_whatever_the_order() -> None:
    names = tuple(reversed(SIMULATION.table.other["image"]))
    pairing = pair(SIMULATION.observations, named(names, "File"))
    assert pairing.by == "name"
    assert pairing.rows.tolist() == [5, 4, 3, 2, 1, 0]


def test_folders_and_endings_do_not_matter() -> None:
    names = tuple(f"C:\\raw\\{name[:-4].upper()}.tif" for name in SIMULATION.table.other["image"])
    assert pair(SIMULATION.observations, named(names)).rows.tolist() == list(range(6))


def test_images_without_a_pose_and_poses_without_an_image_are_named() -> None:
    names = (*SIMULATION.table.other["image"][:4], "a.png", "b.png")
    pairing = pair(SIMULATION.observations, named(names))
    assert len(pairing.images) == 4
    assert any("2 images have no pose: view_005.png, view_006.png" in note for note in pairing.notes)
    assert any("2 poses have no image with corners: a.png, b.png" in note for note in pairing.notes)


def test_without_names_order_decides_and_counts_images_without_a_board() -> None:
    views = SIMULATION.observations.views
    seen = Observations((*views[:2], *views[3:]), excluded=(Excluded(views[2].image, "no checkerboard"),))
    pairing = pair(seen, replace(SIMULATION.table, other={}))
    assert pairing.by == "order"
    assert pairing.rows.tolist() == [0, 1, 3, 4, 5]
    assert "by order" in pairing.notes[0]


def test_images_of_which_some_are_missing_have_the_rows_of_their_numbers() -> None:
    views = SIMULATION.observations.views
    seen = Observations((*views[:2], *views[3:]))
    pairing = pair(seen, replace(SIMULATION.table, other={}))
    assert pairing.by == "number"
    assert pairing.rows.tolist() == [0, 1, 3, 4, 5]
    assert "rows counted from 1" in pairing.notes[0]


def test_names_that_differ_in_all_but_their_numbers() -> None:
    table = named(tuple(f"pose {i}" for i in (6, 5, 4, 3, 2, 9)))
    pairing = pair(SIMULATION.observations, table)
    assert pairing.by == "number"
    assert [table.other["image"][row] for row in pairing.rows] == [f"pose {i}" for i in (2, 3, 4, 5, 6)]
    assert "5 of 6 images" in pairing.notes[0]


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (named(tuple("abcdef")), "pairing-names"),
        (named(("x.png", "x.png", *"cdef")), "pairing-twice"),
        (replace(SIMULATION.table, other={}, lines=np.arange(5)), "pairing-count"),
        (replace(SIMULATION.table, quaternion_xyzw=None), "poses-missing"),
    ],
)
def test_what_cannot_be_matched_is_refused(table: PoseTable, code: str) -> None:
    with pytest.raises(InputError) as raised:
        pair(SIMULATION.observations, table)
    assert (raised.value.code, raised.value.exit_status) == (code, 3)


def test_a_board_without_a_size_is_refused() -> None:
    unsized = replace(SIMULATION.observations, scale_known=False)
    with pytest.raises(UsageError) as raised:
        pair_views(unsized, SIMULATION.table, SIMULATION.camera, HandEyeRequest())
    assert raised.value.code == "board-size-needed"


def test_a_table_of_flange_poses_needs_no_joints(tmp_path: Any) -> None:
    path = tmp_path / "poses.csv"
    path.write_text("image,x_mm,y_mm,z_mm,rx_deg,ry_deg,rz_deg\na.png,1,2,3,10,20,30\nb.png,4,5,6,0,0,90\n")
    table = read_poses(path, joints_needed=False)
    assert table.joints.shape == (2, 0)
    assert table.measurement == "pose"
    assert table.position is not None
    assert np.allclose(table.position[0], [0.001, 0.002, 0.003])
    with pytest.raises(InputError) as raised:
        read_poses(path)
    assert raised.value.code == "table-no-joints"


def test_a_table_without_any_pose_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "poses.csv"
    path.write_text("image,a,b\na.png,1,2\n")
    with pytest.raises(InputError) as raised:
        read_poses(path, joints_needed=False)
    assert raised.value.code == "table-no-poses"
