"""A file is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from calib.errors import UsageError
from calib.files import write_text


def test_text_arrives_as_it_stands(tmp_path: Path) -> None:
    write_text("µm\r\nb\n", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc2\xb5m\r\nb\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    write_text("mine", tmp_path / "a.txt")
    with pytest.raises(UsageError) as caught:
        write_text("other", tmp_path / "a.txt")
    assert caught.value.code == "file-exists"
    assert (tmp_path / "a.txt").read_text() == "mine"
    write_text("other", tmp_path / "a.txt", overwrite=True)
    assert (tmp_path / "a.txt").read_text() == "other"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_disk_that_fills_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    if overwrite:
        write_text("mine", tmp_path / "a.txt")

    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="No space left") as caught:
        write_text("other", tmp_path / "a.txt", overwrite=overwrite)
    assert caught.value.code == "file-unwritable"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == ({"a.txt": "mine"} if overwrite else {})


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_text("text", tmp_path / "nowhere" / "a.txt")
