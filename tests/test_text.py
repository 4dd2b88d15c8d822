"""Lines for the terminal."""

from __future__ import annotations

import math

import pytest

from calib.text import WIDTH, as_cell, cut, first_few, from_cell, one_line, with_sigma, without_control_codes, wrap


def test_a_line_is_cut_to_the_width_and_says_so() -> None:
    assert cut("a" * WIDTH) == "a" * WIDTH
    assert cut("a" * (WIDTH + 1)) == "a" * (WIDTH - 3) + "..."
    assert len(cut("a" * 1000, lines=2)) == 2 * WIDTH


def test_a_long_list_is_named_in_part() -> None:
    assert first_few(["a", "b"]) == "a, b"
    assert first_few(list("abcdef")) == "a, b, c, d, and 2 more"
    assert first_few(list("abc"), most=1) == "a, and 2 more"
    assert first_few([]) == ""


@pytest.mark.parametrize(
    ("value", "sigma", "text"),
    [
        (537.2612, 0.3512, "537.26 ± 0.35"),
        (0.14231, 0.01234, "0.142 ± 0.012"),
        (-0.00056923, 0.0000783, "-0.000569 ± 0.000078"),
        (1234.5, 61.0, "1234 ± 61"),
        (1234.5, 610.0, "1234 ± 610"),
        (2.0, 3e-11, "2.000000000000 ± 0.000000000030"),
        (2.0, 3e-14, "2 ± 3.0e-14"),
    ],
)
def test_a_value_has_the_digits_that_its_sigma_supports(value: float, sigma: float, text: str) -> None:
    assert with_sigma(value, sigma) == text


@pytest.mark.parametrize("sigma", [10.0**exponent for exponent in range(-20, 3)])
def test_a_small_sigma_is_never_printed_as_zero(sigma: float) -> None:
    assert float(with_sigma(1.0, sigma).partition(" ± ")[2]) == pytest.approx(sigma, rel=0.05)


@pytest.mark.parametrize("sigma", [0.0, math.inf, math.nan])
def test_without_a_sigma_the_value_stands_alone(sigma: float) -> None:
    assert with_sigma(0.5, sigma, width=8) == "     0.5"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("im 1.png", "im 1.png"),
        ("été_µ.png", "été_µ.png"),
        ("a\nverdict: good", r"a\nverdict: good"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("\udcff", r"\udcff"),
    ],
)
def test_a_name_is_one_line_and_acts_on_no_terminal(name: str, shown: str) -> None:
    assert one_line(name) == shown


def test_a_text_keeps_its_lines_and_loses_what_acts_on_a_terminal() -> None:
    assert without_control_codes("a\n\x1b[2Jb\n") == "a\n\\x1b[2Jb\n"


@pytest.mark.parametrize(
    ("text", "cell"), [("=1+1", "'=1+1"), ("@a", "'@a"), ("-x", "'-x"), ("-1.5", "-1.5"), ("a=b", "a=b"), ("", "")]
)
def test_a_cell_is_no_formula_and_reads_back(text: str, cell: str) -> None:
    assert as_cell(text) == cell
    assert from_cell(cell) == text


def test_what_must_not_be_cut_is_wrapped() -> None:
    text = "verdict: " + "a word " * 40
    lines = wrap(text).split("\n")
    assert len(lines) > 1
    assert all(len(line) <= WIDTH for line in lines)
    assert " ".join(line.strip() for line in lines) == text.strip()
    assert all(line.startswith("  ") for line in lines[1:])
