"""Every mistake that the convention check knows, made on purpose; every motion that leaves the camera's pose open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases.hand_eye import BOARD, CAMERA, angles, columns, data_of, errors, poses, simulated
from cases.seeds import seeds

from calib.camera.observations import Observations, View
from calib.cell.conventions.diagnose import diagnose
from calib.cell.conventions.interpretations import half_turn, turn_boards
from calib.cell.frame_loop import SETUPS, Setup
from calib.cell.hand_eye.calibrate import calibrate_hand_eye
from calib.cell.pairing.paired_views import PairedViews
from calib.cell.simulation.hand_eye import HandEyeSimulation, Noise
from calib.errors import DegenerateError, InputError
from calib.geometry import se3, so3


def vectors(s: HandEyeSimulation) -> Any:
    return so3.log(poses(s.table)[:, :3, :3])


TABLES: dict[str, tuple[str, Callable[[HandEyeSimulation], dict[str, Any]]]] = {
    "inverted": ("poses are inverted", lambda s: columns(se3.inverse(poses(s.table)))),
    "wxyz": ("columns hold w, x, y, z", lambda s: {"quaternion_xyzw": s.table.quaternion_xyzw[:, [3, 0, 1, 2]]}),
    "rotation vector as Euler": ("a rotation vector, read as Euler angles XYZ", lambda s: angles(vectors(s), "XYZ")),
    "Euler as rotation vector": ("angles are Euler angles ZYX about moving", lambda s: angles(euler_zyx(s))),
    "degrees as radians": ("orientation angles are degrees", lambda s: angles(np.degrees(vectors(s)))),
    "radians as degrees": ("orientation angles are radians", lambda s: angles(np.radians(vectors(s)))),
    "mm as m": ("positions are millimetres", lambda s: {"position": s.table.position * 1000}),
    "m as mm": ("positions are metres, read as millimetres", lambda s: {"position": s.table.position / 1000}),
    "one row down": ("is one row further down", lambda s: columns(np.roll(poses(s.table), 1, axis=0))),
    "one row up": ("is one row further up", lambda s: columns(np.roll(poses(s.table), -1, axis=0))),
}  # fmt: skip


def euler_zyx(s: Any) -> Any:
    """Angles about z, y, x in the columns of the axes x, y, z."""
    r = poses(s.table)[:, :3, :3]
    return np.stack(
        [np.arctan2(r[:, 2, 1], r[:, 2, 2]), -np.arcsin(r[:, 2, 0]), np.arctan2(r[:, 1, 0], r[:, 0, 0])], axis=1
    )


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize(("words", "change"), TABLES.values(), ids=TABLES)
def test_a_table_read_wrongly_is_told_with_both_numbers(words: str, change: Any, setup: Setup) -> None:
    s = simulated(setup=setup)
    found = diagnose(data_of(s, **change(s)), setup)
    assert found
    assert words in str(found[0])
    assert "instead of" in str(found[0])


def test_readings_are_told_without_a_set_up_as_well() -> None:
    s = simulated()
    for name in ("wxyz", "mm as m", "one row down"):
        words, change = TABLES[name]
        assert words in str(diagnose(data_of(s, **change(s)), None)[0])
    inverted = TABLES["inverted"][1](s)
    assert not diagnose(data_of(s, **inverted), None)  # the other set-up: nothing to tell them apart


def in_order(data: PairedViews, order: Any) -> PairedViews:
    """The table's poses in another order."""
    return replace(data, table=replace(data.table, **columns(poses(data.table)[order])))


def named(data: PairedViews, names: list[str]) -> PairedViews:
    """The images by other names."""

    def rename(views: Any) -> tuple[View, ...]:
        return tuple(replace(view, image=name) for view, name in zip(views, names, strict=True))

    observations = replace(data.observations, views=rename(data.observations.views))
    return replace(data, observations=observations, seen=replace(data.seen, views=rename(data.seen.views)))


def alphabetical(data: PairedViews) -> PairedViews:
    names = [f"img{i}.png" for i in range(len(data.rows))]
    return in_order(named(data, names), sorted(range(len(names)), key=names.__getitem__))


def with_gaps(data: PairedViews) -> PairedViews:
    """A pose is missing early in the table, an image late among the images."""
    count = len(data.rows)
    some = in_order(data, np.delete(np.arange(count), 3))
    table = replace(some.table, lines=some.table.lines[:-1])
    return replace(data.select(np.delete(np.arange(count), 9)), table=table, rows=np.arange(count - 1))


def wxyz(data: PairedViews) -> PairedViews:
    assert data.table.quaternion_xyzw is not None
    return replace(data, table=replace(data.table, quaternion_xyzw=data.table.quaternion_xyzw[:, [3, 0, 1, 2]]))


def euler(data: PairedViews) -> PairedViews:
    return replace(data, table=replace(data.table, **angles(euler_zyx(data))))


def third_turned(data: PairedViews) -> PairedViews:
    turn, which = half_turn(data), np.arange(len(data.rows)) % 3 == 1
    assert turn is not None
    return turn_boards(turn, which)(data)


MISTAKES: dict[str, tuple[list[Any], list[str]]] = {
    "alphabetical": ([alphabetical], ["sorted alphabetically"]),
    "reversed": ([lambda d: in_order(d, np.arange(len(d.rows))[::-1])], ["in reverse order"]),
    "gaps": ([with_gaps], ["is one row further"]),
    "turned": ([third_turned], ["turned by 180 degrees in"]),
    "Euler-size": ([euler, lambda d: resized(d, 0.8)], ["Euler angles ZYX", "times as large"]),
    "turned-wxyz": ([wxyz, third_turned], ["hold w, x, y, z", "turned by 180 degrees in"]),
    "turned-size": ([third_turned, lambda d: resized(d, 0.9)], ["times as large", "turned by 180"]),
    "Euler-shift": ([lambda d: in_order(d, np.roll(np.arange(len(d.rows)), 1)), euler], ["ZYX", "one row further"]),
}  # fmt: skip


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize(("changes", "words"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_each_named_and_nothing_else(changes: list[Any], words: list[str], setup: Setup) -> None:
    data = data_of(simulated(views=16, seed=1, setup=setup))
    for change in changes:
        data = change(data)
    name = diagnose(data, setup)[0].interpretation.name
    assert all(word in name for word in words)
    assert name.count(";") == len(words) - 1


def test_two_mistakes_at_once() -> None:
    s = simulated()
    assert s.table.quaternion_xyzw is not None
    change = {"position": s.table.position * 1000, "quaternion_xyzw": s.table.quaternion_xyzw[:, [3, 0, 1, 2]]}
    name = diagnose(data_of(s, **change), s.setup)[0].interpretation.name
    assert "w, x, y, z" in name
    assert "millimetres" in name


def resized(data: PairedViews, factor: float) -> PairedViews:
    return replace(data, seen=data.seen.with_points(np.eye(4), np.zeros(len(data.rows), bool), factor))


@pytest.mark.parametrize("factor", [0.9, 1.2])
def test_a_board_of_another_size(factor: float) -> None:
    name = diagnose(resized(data_of(simulated()), factor), "eye-in-hand")[0].interpretation.name
    assert "times as large as given" in name
    ratio = float(name.split(" times")[0].split()[-1])
    assert ratio == pytest.approx(1 / factor, rel=0.01)


def turn_half(s: HandEyeSimulation, which: list[int]) -> Observations:
    """Corners of some images counted from the board's other end."""
    turn = half_turn(data_of(s))
    assert turn is not None
    views = [
        replace(view, corners_in_board=se3.apply(turn, BOARD)) if i in which else view
        for i, view in enumerate(s.observations.views)
    ]
    return replace(s.observations, views=tuple(views))


def test_a_board_turned_in_some_images_is_told_and_mended() -> None:
    s = simulated(views=20)
    observations = turn_half(s, [2, 5, 9, 16])
    with pytest.raises(InputError) as raised:
        calibrate_hand_eye(observations, s.table, camera=CAMERA, setup=s.setup)
    assert raised.value.code == "conventions"
    assert "turned by 180 degrees in view_003.png, view_006.png, view_010.png, view_017.png" in raised.value.what
    found = calibrate_hand_eye(observations, s.table, camera=CAMERA, setup=s.setup, fix_conventions=True)
    assert len(found.used) == 20
    far, turn = errors(found.mount_from_camera, s.mount_from_camera)
    assert far < 5e-4
    assert turn < 1e-3


@pytest.mark.parametrize("name", ["inverted", "wxyz", "mm as m", "one row up"])
def test_what_is_told_is_mended_on_request(name: str) -> None:
    s = simulated(views=20)
    table = replace(s.table, **TABLES[name][1](s))
    with pytest.raises(InputError) as raised:
        calibrate_hand_eye(s.observations, table, camera=CAMERA, setup=s.setup)
    assert (raised.value.code, raised.value.exit_status) == ("conventions", 3)
    found = calibrate_hand_eye(s.observations, table, camera=CAMERA, setup=s.setup, fix_conventions=True)
    far, turn = errors(found.mount_from_camera, s.mount_from_camera)
    assert far < 5e-4
    assert turn < 1e-3
    assert found.evidence.conventions_applied


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("seed", seeds(4))
def test_no_false_alarm_on_good_data(seed: int, setup: Setup) -> None:
    noise = Noise(sigma_px=0.3, sigma_m=1e-3, sigma_rad=np.deg2rad(0.2), wrong=0.1 if seed % 2 else 0.0)
    s = simulated(views=8 + 6 * seed, seed=seed, setup=setup, noise=noise)
    assert not diagnose(data_of(s), setup)
    assert not diagnose(data_of(s), None)


def test_poses_that_belong_to_nothing_do_not_fit() -> None:
    s = simulated()
    rng = np.random.default_rng(0)
    table = replace(s.table, **columns(se3.exp(rng.normal(size=(15, 6)))))
    with pytest.raises(InputError) as raised:
        calibrate_hand_eye(s.observations, table, camera=CAMERA)
    assert raised.value.code == "hand-eye-does-not-fit"


def seen_from(flange: Any, setup: Setup = "eye-in-hand") -> tuple[Observations, Any]:
    """Observations and table of a robot in poses that move a board before the camera as they do."""
    s = simulated(views=len(flange))
    x, y = s.mount_from_camera, s.fixture_from_board
    middle = s.base_from_flange[0] @ flange
    c = se3.inverse(x) @ se3.inverse(middle) @ y
    px = CAMERA.project(se3.apply(c[:, None], BOARD)) + np.random.default_rng(1).normal(size=(len(c), 54, 2)) * 0.1
    views = tuple(View(name, own, BOARD) for name, own in zip(s.table.other["image"], px, strict=True))
    return Observations(views, CAMERA.image_size_px), replace(s.table, **columns(middle))


def turns_about(axis: list[float], angles_deg: Any, shift: Any) -> Any:
    vector = np.radians(angles_deg)[:, None] * np.array(axis) / np.linalg.norm(axis)
    return se3.compose(so3.exp(vector), shift)


SHIFTS = np.random.default_rng(5).uniform(-0.03, 0.03, (12, 3))
AXIS = [1.0, 2.0, 2.0]
DEGENERATE = {
    "along one line": (
        turns_about(AXIS, np.zeros(12), np.linspace(0.0, 0.03, 12)[:, None] * np.array(AXIS)),
        "poses-degenerate",
        "all positions lie on one line",
    ),
    "two poses": (turns_about(AXIS, np.array([0.0, 12.0]), SHIFTS[:2]), "too-few-poses", "(0.333, 0.667, 0.667)"),
    "two poses repeated": (
        turns_about(AXIS, np.tile([0.0, 12.0], 6), np.tile(SHIFTS[:2], (6, 1))),
        "poses-repeated",
        "(0.333, 0.667, 0.667)",
    ),
    "one pose repeated": (
        turns_about(AXIS, np.zeros(8), np.zeros((8, 3))),
        "poses-repeated",
        "pose is not observable in any direction",
    ),
}


@pytest.mark.parametrize(("motion", "code", "free"), DEGENERATE.values(), ids=DEGENERATE)
def test_a_motion_that_leaves_a_direction_unobservable_is_refused_by_name(motion: Any, code: str, free: str) -> None:
    observations, table = seen_from(motion)
    with pytest.raises(DegenerateError) as raised:
        calibrate_hand_eye(observations, table, camera=CAMERA)
    assert (raised.value.code, raised.value.exit_status) == (code, 4)
    assert free in raised.value.why


def test_one_image_is_too_few() -> None:
    s = simulated(views=1)
    with pytest.raises(DegenerateError) as raised:
        calibrate_hand_eye(s.observations, s.table, camera=CAMERA)
    assert raised.value.code == "too-few-poses"


def test_three_poses_do_not_tell_the_set_up() -> None:
    s = simulated(views=3, seed=0)
    with pytest.raises(InputError) as raised:
        calibrate_hand_eye(s.observations, s.table, camera=CAMERA)
    assert raised.value.code == "setup-undecided"
    assert calibrate_hand_eye(s.observations, s.table, camera=CAMERA, setup=s.setup).setup == s.setup


def test_radians_as_degrees_leave_hardly_a_turn_and_are_told_all_the_same() -> None:
    rng = np.random.default_rng(8)
    flange = se3.compose(so3.exp(rng.uniform(-0.2, 0.2, (12, 3))), rng.uniform(-0.03, 0.03, (12, 3)))
    observations, table = seen_from(flange)
    shrunk = replace(table, **angles(np.radians(so3.log(poses(table)[:, :3, :3]))))
    with pytest.raises(InputError) as raised:
        calibrate_hand_eye(observations, shrunk, camera=CAMERA, setup="eye-in-hand")
    assert raised.value.code == "conventions"
    assert "radians, read as degrees" in raised.value.what


def test_an_arm_that_is_off_by_much_gets_its_answer_and_shuffled_poses_none() -> None:
    poor = Noise(sigma_m=12e-3, sigma_rad=float(np.deg2rad(2.0)))
    s = simulated(views=30, seed=6, noise=poor)
    h = calibrate_hand_eye(s.observations, s.table, CAMERA, setup=s.setup)
    assert h.place.half_width_95_m.max() > 4e-3
    assert errors(h.mount_from_camera, s.mount_from_camera)[0] < 2 * np.linalg.norm(h.place.half_width_95_m)
    assert any("robot noise is" in text for text in h.verdict.advice)
    order = np.random.default_rng(0).permutation(30)
    assert s.table.position is not None
    assert s.table.quaternion_xyzw is not None
    shuffled = replace(s.table, position=s.table.position[order], quaternion_xyzw=s.table.quaternion_xyzw[order])
    with pytest.raises(InputError) as caught:
        calibrate_hand_eye(s.observations, shuffled, CAMERA, setup=s.setup)
    assert caught.value.code == "hand-eye-does-not-fit"
