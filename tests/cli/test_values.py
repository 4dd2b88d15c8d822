"""Option values that need reading."""

from __future__ import annotations

import math

import pytest

from calib.cli.arguments.values import length_and_angle, parse_size, split_commas
from calib.errors import UsageError


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, []),
        ([], []),
        (["k1"], ["k1"]),
        (["k1,k2", "p1"], ["k1", "k2", "p1"]),
        ([" k1 , k2 ", ",", ""], ["k1", "k2"]),
    ],
)
def test_options_may_repeat_and_hold_comma_lists(given: list[str] | None, read: list[str]) -> None:
    assert split_commas(given) == read


@pytest.mark.parametrize("text", ["1280x720", "1280X720", " 1280 x 720 "])
def test_an_image_size_is_width_by_height(text: str) -> None:
    assert parse_size(text) == (1280, 720)


@pytest.mark.parametrize(
    "text", ["", "1280", "1280x", "x720", "1280x720x3", "0x720", "-1x5", "12.5x3", "axb", "1280*720"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert caught.value.code == "image-size"
    assert "1280x720" in caught.value.advice


@pytest.mark.parametrize(
    ("text", "metres", "radians"),
    [("0.5mm,0.1deg", 5e-4, math.radians(0.1)), ("0.001 rad, 0.002m", 0.002, 0.001)],
)
def test_a_length_and_an_angle_carry_their_units(text: str, metres: float, radians: float) -> None:
    assert length_and_angle(text, "--tolerance") == pytest.approx((metres, radians))


@pytest.mark.parametrize("text", ["0.5mm", "1mm,2mm", "-1mm,1deg", "1in,1deg", "mm,deg"])
def test_a_value_without_both_is_refused_by_the_name_of_its_option(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        length_and_angle(text, "--robot-noise")
    assert (caught.value.code, caught.value.where) == ("tolerance", "--robot-noise")
