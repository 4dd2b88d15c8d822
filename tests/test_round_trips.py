"""What is written can be read: cameras, nets and arms ten times as large as in any benchmark come back bit for bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases.camera import good

from calib.camera import CameraCalibration, calibrate, load_camera, simulate
from calib.camera.calibration.documents import as_camera_file
from calib.config import MAX_BYTES
from calib.files import write_files
from calib.network import load_net, new_net, save_net
from calib.network.net import Bank, Ensemble
from calib.robot import Arm, load_arm, save_arm
from calib.robot.arm.read import load_geometry
from calib.robot.compensation import Correction
from calib.robot.effect import load_effect, shipped_effects
from calib.storage.stored import read_document, stored_files
from calib.uncertainty import uncertainty_of

BENCHMARK_VIEWS, BENCHMARK_WEIGHTS = 10_000, 10_000  # the largest


def with_views(calibration: CameraCalibration, count: int) -> CameraCalibration:
    """The same calibration as if it had been one of so many views."""
    fits = calibration.views
    many = [fits[i % len(fits)] for i in range(count)]
    named = tuple(replace(fit, view=replace(fit.view, image=f"images/view_{i:06d}.png")) for i, fit in enumerate(many))
    wide = replace(calibration)
    wide.__dict__.update(views=named, verdict=calibration.verdict)
    return wide


@pytest.mark.parametrize("views", [1_000, pytest.param(10 * BENCHMARK_VIEWS, marks=pytest.mark.slow)])
def test_a_camera_of_many_views(views: int, tmp_path: Path) -> None:
    calibration = with_views(calibrate(good(views=8, seed=2).observations), views)
    write_files(stored_files("camera.yaml", as_camera_file(calibration), "A camera"), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"camera.yaml", "camera.npz"}
    assert (tmp_path / "camera.yaml").stat().st_size < MAX_BYTES / 10
    camera = load_camera(tmp_path)
    np.testing.assert_array_equal(camera.parameters, calibration.camera.parameters)
    assert camera.uncertainty is not None
    np.testing.assert_array_equal(camera.uncertainty.over(camera.lens.labels), calibration.covariance)
    assert camera.uncertainty.verdict == calibration.verdict.grade
    poses = read_document(tmp_path / "camera.yaml")["poses"]["views"]
    assert poses["names"][-1] == f"images/view_{views - 1:06d}.png"
    np.testing.assert_array_equal(poses["matrix"][-1], calibration.views[-1].camera_from_board[:3])
    np.testing.assert_array_equal(poses["sigma"][-1], calibration.views[-1].pose_sigma)


@pytest.mark.parametrize("views", [1_000, pytest.param(BENCHMARK_VIEWS, marks=pytest.mark.slow)])
def test_the_truth_behind_many_views(views: int, tmp_path: Path) -> None:
    drawn = simulate("pinhole", views=5, seed=1)
    seen = [replace(drawn.observations.views[i % 5], image=f"view_{i:06d}.png") for i in range(views)]
    poses = drawn.camera_from_board[np.arange(views) % 5]
    many = replace(drawn, observations=replace(drawn.observations, views=tuple(seen)), camera_from_board=poses)
    many.save(tmp_path / "sim")
    truth = read_document(tmp_path / "sim" / "truth.yaml")
    np.testing.assert_array_equal(truth["camera_from_board"]["values"], poses[:, :3])
    assert truth["camera_from_board"]["names"][-1] == seen[-1].image
    assert len(many.document()["truth"]["camera_from_board"]) == views


def test_a_net_of_many_weights(tmp_path: Path) -> None:
    inputs = np.random.default_rng(1).normal(size=(20, 6))
    net = new_net(inputs, inputs[:, :1], hidden=(300, 400), seed=0)
    assert net.shape.count > 10 * BENCHMARK_WEIGHTS
    save_net(net, tmp_path / "net.yaml")
    again = load_net(tmp_path / "net.yaml")
    np.testing.assert_array_equal(again.weights, net.weights)
    np.testing.assert_array_equal(again(inputs), net(inputs))


def test_an_arm_with_every_effect_a_large_compensation_and_the_covariance_of_it_all(tmp_path: Path) -> None:
    rng, geometry = np.random.default_rng(2), load_geometry("ur10e")
    effects = {name: load_effect(name).labels(geometry) for name in shipped_effects()}
    labels = (*geometry.labels, *(label for own in effects.values() for label in own))
    root = rng.normal(size=(len(labels), len(labels)))
    joints = rng.uniform(-1.0, 1.0, (30, 6))
    nets = tuple(new_net(joints[:, [j]], joints[:, [j]] * 1e-3, hidden=(60, 60), seed=j) for j in range(6))
    bank = Bank(nets, tuple((j,) for j in range(6)))
    arm = Arm(
        geometry,
        {name: dict(zip(own, rng.normal(0.0, 1e-4, len(own)), strict=True)) for name, own in effects.items()},
        reference_degc=20.5,
        correction=Correction("network", Ensemble((bank,) * 5, joints.min(axis=0), joints.max(axis=0))),
        uncertainty=uncertainty_of(labels, root @ root.T, np.full(len(labels), 40.0)),
    )
    save_arm(arm, tmp_path / "arm.yaml")
    again = load_arm(tmp_path / "arm.yaml")
    poses = [each.base_from_flange(joints, payload_kg=np.full(30, 2.0)) for each in (arm, again)]
    np.testing.assert_array_equal(*poses)
    assert again.uncertainty is not None
    assert arm.uncertainty is not None
    np.testing.assert_array_equal(again.uncertainty.over(labels), arm.uncertainty.covariance)
    save_arm(again, tmp_path / "again.yaml")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "arm.npz").read_bytes()
