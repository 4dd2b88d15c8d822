"""Tables with runaway lengths come back to arm size, as exactly the same arm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from calib.geometry import se3
from calib.robot.arm.dh_row import D
from calib.robot.arm.hayati import split_link, table_of_links, to_hayati
from calib.robot.arm.kinematics import about_z, along_x, base_from_flange
from calib.robot.arm.read import load_geometry, shipped_arms
from calib.robot.arm.serial_arm import SerialArm


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("tilt", [0.0, 1e-9, 1e-3, 0.08, 0.1, 1.0, np.pi / 2, np.pi - 1e-3, np.pi])
def test_a_link_is_the_product_of_its_parts(tilt: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    turn = about_z(*random.normal(size=2))
    link = turn @ along_x(random.normal(), tilt, 0.0) @ about_z(*random.normal(size=2))
    row, rest = split_link(link)
    again = about_z(row[0], row[1]) @ along_x(*row[2:]) @ about_z(*rest)
    np.testing.assert_allclose(again, link, rtol=0, atol=1e-13)
    assert abs(row[0]) <= np.pi / 2 + 1e-6
    assert np.abs(row[1:3]).max() < 100


def test_axes_that_coincide_split_too() -> None:
    row, rest = split_link(about_z(0.3, 0.4))
    np.testing.assert_allclose(row, 0, atol=1e-15)
    np.testing.assert_allclose(rest, (0.3, 0.4), rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", ["ur10e_doc", "ur5_issue457"])
def test_factory_tables_of_real_arms_lose_their_kilometres(name: str, real_robots: Path) -> None:
    factory = yaml.safe_load((real_robots / "ur_factory" / "ur_factory_dh.yaml").read_text())[name]
    columns = [factory["theta"], factory["d"], factory["a"], factory["alpha"], [0.0] * 6]
    arm = load_geometry("ur10e").with_parameters(np.array(columns).T.ravel())
    assert np.abs(arm.table[:, D]).max() > 400
    small = to_hayati(arm)
    assert np.abs(small.table[:, 1:3]).max() < 1
    assert np.abs(small.table[:, D]).max() <= 0.19
    q = np.random.default_rng(0).uniform(-np.pi, np.pi, (1000, 6))
    np.testing.assert_allclose(base_from_flange(small, q), base_from_flange(arm, q), rtol=0, atol=1e-9)
    assert "beta2_rad" in small.geometry_labels


@pytest.mark.parametrize("name", shipped_arms())
def test_nearly_parallel_axes_of_any_arm_convert_exactly(name: str) -> None:
    nominal = load_geometry(name)
    random = np.random.default_rng(5)
    table = nominal.table + random.normal(0, 1e-4, nominal.table.shape)
    table[:, D] += random.normal(0, 0.5, nominal.joints)
    arm = nominal.with_parameters(table.ravel())
    small = to_hayati(arm)
    q = random.uniform(-2, 2, (50, arm.joints))
    np.testing.assert_allclose(base_from_flange(small, q), base_from_flange(arm, q), rtol=0, atol=1e-12)
    for axis, parallel in enumerate(small.near_parallel):
        assert not parallel or small.table[axis, D] == 0


def test_a_sound_table_stays_as_it_is() -> None:
    for name in ("ur10e", "irb120", "franka_panda", "cobra600"):
        arm = load_geometry(name)
        np.testing.assert_array_equal(to_hayati(arm).table, arm.table)


def test_a_chain_of_any_axes_becomes_a_table() -> None:
    random = np.random.default_rng(6)
    links = se3.exp(random.normal(size=(6, 6)))
    table, base, tool = table_of_links(links)
    arm = SerialArm(
        "x", "modified_dh", table, (False,) * 5, np.eye(5), np.tile([-9.0, 9.0], (5, 1)), base, tool, tuple("abcde")
    )
    q = random.normal(size=5)
    expected = links[0]
    for angle, link in zip(q, links[1:], strict=True):
        expected = expected @ about_z(angle, 0.0) @ link
    np.testing.assert_allclose(base_from_flange(arm, q), expected, rtol=0, atol=1e-13)
