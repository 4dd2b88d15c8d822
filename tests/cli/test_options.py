"""Option values that need reading."""

from __future__ import annotations

import pytest

from calib.cli.options import image_size, names
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
    assert names(given) == read


@pytest.mark.parametrize("text", ["1280x720", "1280X720", " 1280 x 720 "])
def test_an_image_size_is_width_by_height(text: str) -> None:
    assert image_size(text) == (1280, 720)


@pytest.mark.parametrize(
    "text", ["", "1280", "1280x", "x720", "1280x720x3", "0x720", "-1x5", "12.5x3", "axb", "1280*720"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        image_size(text)
    assert caught.value.code == "image-size"
    assert "1280x720" in caught.value.advice
