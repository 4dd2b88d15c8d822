"""Result folders: whole or not at all, never over something that is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from calib import folder
from calib.errors import UsageError


def names(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*"))


def test_files_are_written_byte_for_byte_also_in_subfolders(tmp_path: Path) -> None:
    out = tmp_path / "result"
    folder.write(out, {"a.txt": "ä\n", "images/b.png": b"\x00\xff"})
    assert names(out) == ["a.txt", "images", "images/b.png"]
    assert (out / "a.txt").read_bytes() == "ä\n".encode()
    assert (out / "images/b.png").read_bytes() == b"\x00\xff"
    assert names(tmp_path) == ["result", "result/a.txt", "result/images", "result/images/b.png"]


def test_others_may_read_the_folder(tmp_path: Path) -> None:
    folder.write(tmp_path / "result", {"a.txt": "x"})
    assert (tmp_path / "result").stat().st_mode & 0o055 == 0o055


def test_an_output_that_is_free_is_taken_as_given(tmp_path: Path) -> None:
    assert folder.reserve(tmp_path / "new", "default") == tmp_path / "new"
    assert folder.reserve(tmp_path / "a" / "b", "default") == tmp_path / "a" / "b"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    out = tmp_path / "empty"
    out.mkdir()
    folder.write(folder.reserve(out, ""), {"a.txt": "x"})
    assert names(out) == ["a.txt"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_there_is_never_overwritten(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "result"
    if kind == "folder":
        out.mkdir()
        (out / "precious.txt").write_text("mine")
    else:
        out.write_text("mine")
    with pytest.raises(UsageError) as caught:
        folder.reserve(out, "")
    assert caught.value.code == "output-exists"
    assert caught.value.exit_status == 2
    assert str(out) in caught.value.where
    with pytest.raises(UsageError):  # even if it appeared after the check
        folder.write(out, {"a.txt": "x"})
    kept = out / "precious.txt" if kind == "folder" else out
    assert kept.read_text() == "mine"
    assert names(tmp_path) == (["result", "result/precious.txt"] if kind == "folder" else ["result"])


def test_the_default_counts_up_to_the_first_free_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder.reserve(None, "result") == Path("result")
    for expected in ("result", "result-2", "result-3"):
        out = folder.reserve(None, "result")
        assert out == Path(expected)
        folder.write(out, {"a.txt": expected})
    assert (tmp_path / "result/a.txt").read_text() == "result"


@pytest.mark.parametrize("out", ["file/result", "x" * 300, "file/a/b/c"])
def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UsageError) as caught:
        folder.reserve(tmp_path / out, "")
    assert caught.value.code == "output-unwritable"
    assert caught.value.exit_status == 2
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    with pytest.raises(UsageError) as caught:
        folder.reserve(locked / "result", "")
    assert caught.value.code == "output-unwritable"


def test_a_failure_midway_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        folder.write(tmp_path / "result", {"a.txt": "x", "n" * 300: "y"})
    assert caught.value.code == "output-unwritable"
    assert names(tmp_path) == []


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError])
def test_an_interruption_midway_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]
) -> None:
    def interrupted(*_: object) -> None:
        raise failure

    monkeypatch.setattr(folder.os, "replace", interrupted)
    with pytest.raises(failure):
        folder.write(tmp_path / "result", {"a.txt": "x"})
    assert names(tmp_path) == []


def test_reserving_leaves_no_trace_beside_the_parents(tmp_path: Path) -> None:
    folder.reserve(tmp_path / "result", "")
    assert names(tmp_path) == []
