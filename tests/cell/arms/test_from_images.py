"""An arm from images in one call: the lens given, or estimated with it, and options that do not apply."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cases.arm_images import CAMERA, simulated, unseen_mm

from calib.cell import calibrate_arm_from_images
from calib.errors import InputError, UsageError


def test_with_a_lens_that_is_given() -> None:
    s = simulated()
    found = calibrate_arm_from_images(s.observations, s.table, s.nominal, camera=CAMERA)
    assert unseen_mm(s, found.calibration) < 0.15
    assert found.lens is None
    assert found.setup == s.setup
    assert found.verdict.grade != "do not use"
    assert len(repr(found)) < 300


def test_with_a_lens_from_the_same_images_and_the_shipped_arm_that_fits() -> None:
    s, steps = simulated(), []
    found = calibrate_arm_from_images(s.observations, s.table, on_iteration=lambda step: steps.append(step.index))
    assert unseen_mm(s, found.calibration) < 0.15
    assert found.lens is not None
    for label in ("fx_px", "fy_px", "cx_px", "cy_px"):
        estimate = found.parameters[label]
        assert abs(estimate.value - CAMERA.value(label)) < 4 * estimate.sigma
    assert "ur5e" in found.calibration.arm.name
    assert steps


def test_the_same_input_gives_the_same_bytes() -> None:
    s = simulated(views=30)
    first, second = (calibrate_arm_from_images(s.observations, s.table, s.nominal, camera=CAMERA) for _ in range(2))
    assert first.files() == second.files()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"lens": "fisheyes"}, "unknown-lens"),
        ({"refine": ["board"]}, "unknown-refine"),
        ({"setup": "eye-on-hand"}, "unknown-setup"),
        ({"model": "geometri"}, "unknown-model"),
        ({"arm": "ur5f"}, "unknown-arm"),
    ],
    ids=str,
)
def test_options_that_mean_nothing(options: dict[str, Any], code: str) -> None:
    s = simulated(views=12)
    options = {"arm": "ur5e", "camera": CAMERA, **options}
    with pytest.raises(UsageError) as caught:
        calibrate_arm_from_images(s.observations, s.table, **options)
    assert caught.value.code == code


def test_images_and_rows_that_do_not_belong_together() -> None:
    s = simulated(views=12)
    others = {"image": tuple(f"other_{'abcdefghijklmnopqrstuvwxyz'[i]}.png" for i in range(len(s.table.lines)))}
    with pytest.raises(InputError) as caught:
        calibrate_arm_from_images(s.observations, replace(s.table, other=others), "ur5e", camera=CAMERA)
    assert caught.value.code.startswith("pairing")
