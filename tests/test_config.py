"""Strict YAML: what is misspelt, doubled, missing or of the wrong kind is named with its path."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from calib.config import MAX_BYTES, build, load, parse_yaml, read_yaml, require_name, shipped_folder
from calib.errors import UsageError


@dataclass(frozen=True)
class Board:
    kind: Literal["checkerboard", "charuco"]
    square_m: float
    corners: tuple[int, int]


@dataclass(frozen=True)
class Settings:
    board: Board
    jobs: int = 1
    verbose: bool = False
    name: str | None = None
    sizes: tuple[float, ...] = ()
    offsets: dict[str, float] = field(default_factory=dict)
    anything: Any = None

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise UsageError("jobs must be at least 1", code="config-value", advice="give 1 or more")


GOOD = """
board: {kind: charuco, square_m: 25e-3, corners: [9, 6]}
jobs: 2
verbose: true
name: lab
sizes: [1, 2.5, 1e-3]
offsets: {a: 1}
"""


def parse(text: str) -> Settings:
    return build(Settings, parse_yaml(text, "file.yaml"), "file.yaml")


def refused(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse(text)
    return caught.value


def test_a_good_file() -> None:
    settings = parse(GOOD)
    assert settings.board == Board("charuco", 0.025, (9, 6))
    assert settings.sizes == (1.0, 2.5, 0.001)
    assert settings.offsets == {"a": 1.0}
    assert settings.jobs == 2
    assert settings.name == "lab"


def test_defaults() -> None:
    settings = parse("board: {kind: charuco, square_m: 1, corners: [9, 6]}")
    assert settings.jobs == 1
    assert settings.name is None


@pytest.mark.parametrize(
    ("text", "code", "where", "message"),
    [
        (GOOD + "jbs: 3", "config-unknown-key", "file.yaml", "did you mean 'jobs'"),
        (GOOD.replace("square_m", "square_mm"), "config-unknown-key", "file.yaml: board", "did you mean 'square_m'"),
        (GOOD + "jobs: 3", "config-syntax", "line", "duplicate key 'jobs'"),
        ("jobs: 2", "config-missing-key", "file.yaml", "missing key 'board'"),
        (GOOD.replace("charuco", "chess"), "config-value", "file.yaml: board: kind", "one of checkerboard, charuco"),
        (GOOD.replace("[9, 6]", "[9]"), "config-value", "file.yaml: board: corners", "2 entries"),
        (GOOD.replace("[9, 6]", "[9, 6.5]"), "config-value", "file.yaml: board: corners[1]", "whole number"),
        (GOOD.replace("25e-3", "wide"), "config-value", "file.yaml: board: square_m", "expected a number"),
        (GOOD.replace("25e-3", ".nan"), "config-value", "file.yaml: board: square_m", "finite"),
        (GOOD.replace("25e-3", "1e16"), "config-value", "file.yaml: board: square_m", "below 1e+15"),
        (GOOD.replace("25e-3", "true"), "config-value", "file.yaml: board: square_m", "a number"),
        (GOOD.replace("jobs: 2", "jobs: two"), "config-value", "file.yaml: jobs", "whole number"),
        (GOOD.replace("jobs: 2", "jobs: 0"), "config-value", "file.yaml", "at least 1"),
        (GOOD.replace("verbose: true", "verbose: 1"), "config-value", "file.yaml: verbose", "true or false"),
        (GOOD.replace("name: lab", "name: 3"), "config-value", "file.yaml: name", "text"),
        (GOOD.replace("{a: 1}", "[1]"), "config-value", "file.yaml: offsets", "a mapping"),
        (GOOD.replace("{a: 1}", "{a: b}"), "config-value", "file.yaml: offsets: a", "a number"),
        ("- 1", "config-value", "file.yaml", "a mapping"),
        ("board: [", "config-syntax", "file.yaml, line", "not valid YAML"),
        ("? [1, 2]\n: 3", "config-syntax", "file.yaml", "not a plain name"),
        ("a: !!python/object/apply:os.system [ls]", "config-syntax", "file.yaml", "not valid YAML"),
        ("a: !!timestamp soon", "config-syntax", "file.yaml", "not valid YAML"),
        ("a: !!binary '='", "config-syntax", "file.yaml", "not valid YAML"),
        ("a: &a [*a]", "config-syntax", "file.yaml, line 1", "within itself"),
        ("a: " + 60 * "[" + 60 * "]", "config-syntax", "file.yaml, line 1", "nested deeper"),
    ],
)
def test_what_is_wrong_is_named(text: str, code: str, where: str, message: str) -> None:
    error = refused(text)
    assert error.code == code
    assert where in error.where
    assert message in str(error)
    assert error.exit_status == 2


def test_reading_files(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(GOOD, encoding="utf-8-sig")  # a byte-order mark is no part of the first key
    assert load(Settings, path).jobs == 2
    with pytest.raises(UsageError, match="cannot be read") as caught:
        read_yaml(tmp_path / "missing.yaml")
    assert caught.value.code == "config-unreadable"
    path.write_bytes(b"\xff\xfe\x00a: \x80")
    with pytest.raises(UsageError, match="cannot be read"):
        read_yaml(path)
    path.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(UsageError, match="larger than 1 MB"):
        read_yaml(path)


def test_shipped_files_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped_folder("configs").is_dir()


def test_a_date_is_text() -> None:
    assert parse(GOOD.replace("lab", "2026-01-31")).name == "2026-01-31"


def test_aliases_are_counted_as_if_written_out() -> None:
    """Nine levels of nine aliases stand for 4e8 values in 400 bytes."""
    few = "a: &a [1, 2]\nb: &b [*a, *a]\nc: *b"
    assert parse_yaml(few, "few") == {"a": [1, 2], "b": [[1, 2], [1, 2]], "c": [[1, 2], [1, 2]]}
    levels = [f"&l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 10)]
    bomb = f"offsets: [&l0 [{', '.join('123456789')}], {', '.join(levels)}]"
    assert "more than 100,000 values" in refused(bomb).why


def test_a_large_wrong_value_is_shown_in_part() -> None:
    error = refused(GOOD.replace("charuco", "[[" + ", ".join(["123456789"] * 10_000) + "]]"))
    assert "expected one of" in error.what
    assert len(error.what) < 300


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b", "a\nverdict: good", "\x1b[2J", "x" * 300 + "/"])
def test_names_never_become_paths_or_lines(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        require_name(name, "cell.yaml: arms")
    assert caught.value.code == "bad-name"
    assert caught.value.advice
    assert "\n" not in caught.value.what
    assert "\x1b" not in caught.value.what


def test_plain_names_are_names() -> None:
    for name in ("left", "ur10e_1", "arm-2.v3", "7"):
        assert require_name(name, "") == name


def test_times_are_text_and_quickly_read() -> None:
    """YAML 1.1 reads 1:30 as 90, and takes the square of its length to do so."""
    assert parse_yaml("a: 1:30\nb: 1:30.5", "x") == {"a": "1:30", "b": "1:30.5"}
    assert len(parse_yaml("a: 1" + ":1" * 400_000, "x")["a"]) == 800_001


def test_nesting_by_aliases_is_nesting() -> None:
    levels = "\n".join(f"l{i}: &l{i} [*l{i - 1}]" for i in range(1, 100))
    assert "nested deeper" in refused(f"l0: &l0 [1]\n{levels}").why
