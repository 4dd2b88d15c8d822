"""Where base and tool are is reported with its uncertainty, and held where it is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calib.errors import UsageError
from calib.geometry import se3, so3
from calib.robot.arm.read import load_geometry
from calib.robot.calibration import calibrate
from calib.robot.known_frame import known_frame
from calib.robot.simulation.simulate import ArmSimulation, simulate


@pytest.fixture(scope="module")
def simulation() -> ArmSimulation:
    return simulate(load_geometry("ur5e"), poses=50, seed=3)


def test_places_have_intervals(simulation: ArmSimulation) -> None:
    """The frames that the identified arm needs differ from the true ones by what it holds at nominal."""
    found = calibrate(simulation.table, simulation.nominal)
    base, target = found.places
    assert (base.name, target.name) == ("world_from_base", "flange_from_target")
    world = found.frames["world_from_base"].reshape(4, 4)
    np.testing.assert_allclose(base.values, [*world[:3, 3], *so3.log(world[:3, :3])])
    assert np.all((base.sigma > 1e-6) & (base.sigma < 1e-4))
    assert str(base) in str(found)
    document = found.document()["places"]["world_from_base"]
    low, high = document["x_m"]["interval_95"]
    assert low < document["x_m"]["value"] < high


def test_a_tool_that_is_known_leaves_its_error_to_the_flange(simulation: ArmSimulation) -> None:
    tool = np.asarray(simulation.frames["flange_from_target"]).reshape(4, 4).copy()
    known = calibrate(simulation.table, simulation.nominal, tool=tool)
    assert known.places[1].held
    np.testing.assert_array_equal(known.places[1].sigma, 0.0)
    tool[2, 3] -= 0.04
    plate = calibrate(simulation.table, simulation.nominal, tool=tool)
    d6 = known.labels.index("d6_m")
    change = plate.arm.geometry.parameters[d6] - known.arm.geometry.parameters[d6]
    axis = np.asarray(simulation.frames["flange_from_target"]).reshape(4, 4)
    assert abs(abs(change) - 0.04) < 1e-3, axis
    assert any("d6 +" in note for note in plate.notes)


@pytest.mark.slow
def test_a_base_that_is_known_is_held(simulation: ArmSimulation) -> None:
    base = np.asarray(simulation.frames["world_from_base"]).reshape(4, 4)
    free = calibrate(simulation.table, simulation.nominal)
    held = calibrate(simulation.table, simulation.nominal, base=base)
    assert held.places[0].held
    assert held.parameters["d1_m"].sigma > 0
    assert free.parameters["d1_m"].held
    assert held.heldout is not None
    assert free.heldout is not None
    assert held.heldout.after.position_mm.mean < 1.1 * free.heldout.after.position_mm.mean


def test_frames_are_read_with_their_units() -> None:
    frame = known_frame("412mm, 0m, -0.8m, 0deg,0rad,90deg", "--base")
    np.testing.assert_allclose(frame, se3.compose(so3.exp(np.array([0, 0, np.pi / 2])), np.array([0.412, 0, -0.8])))
    np.testing.assert_allclose(known_frame("1mm,2mm,3mm", "--tool")[:3, 3], [1e-3, 2e-3, 3e-3])
    for text in ("", "1,2,3", "1mm,2mm", "1mm,2mm,3deg", "1mm,2mm,3mm,0deg", "1e400m,0m,0m", "nanm,0m,0m"):
        with pytest.raises(UsageError, match="not a frame") as caught:
            known_frame(text, "--tool")
        assert caught.value.where == "--tool"


def test_frames_that_are_not_there_are_refused(simulation: ArmSimulation) -> None:
    distances = simulate(load_geometry("ur5e"), measurement="distance", poses=60, targets=2, seed=3)
    with pytest.raises(UsageError) as caught:
        calibrate(distances.table, "ur5e", base="0m,0m,0m")
    assert caught.value.code == "frame-unknown"
    with pytest.raises(UsageError) as several:
        calibrate(distances.table, "ur5e", tool="0m,0m,0m")
    assert several.value.code == "several-targets"


@pytest.mark.parametrize(
    "content",
    [
        "position_mm: [100, 0, -200]\nrotation_vector_deg: [0, 0, 90]",
        "position_m: [0.1, 0, -0.2]\nquaternion_xyzw: [0, 0, 0.70710678, 0.70710678]",
        "matrix: [[0, -1, 0, 0.1], [1, 0, 0, 0], [0, 0, 1, -0.2], [0, 0, 0, 1]]",
    ],
)
def test_a_frame_is_read_from_a_file(content: str, tmp_path: Path) -> None:
    (tmp_path / "tool.yaml").write_text(content)
    frame = known_frame(str(tmp_path / "tool.yaml"), "--tool")
    expected = se3.compose(so3.exp(np.array([0, 0, np.pi / 2])), np.array([0.1, 0.0, -0.2]))
    np.testing.assert_allclose(frame, expected, atol=1e-8)


@pytest.mark.parametrize(
    "content",
    [
        "rotation_vector_deg: [0, 0, 90]",
        "position_m: [0, 0, 0]\nposition_mm: [0, 0, 0]",
        "position_m: [0, 0, 0]\nrotation_vector_deg: [0, 0, 0]\nquaternion_xyzw: [0, 0, 0, 1]",
        "matrix: [[2, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]",
        "matrix: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]",
        "matrix: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]\nposition_m: [0, 0, 0]",
    ],
)
def test_a_file_that_holds_no_frame_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "tool.yaml").write_text(content)
    with pytest.raises(UsageError, match="not a frame") as caught:
        known_frame(str(tmp_path / "tool.yaml"), "--tool")
    assert caught.value.code == "frame-value"
