"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from calib import files, staging
from calib.errors import UsageError
from calib.files import write_files, write_text


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

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left") as caught:
        write_text("other", tmp_path / "a.txt", overwrite=overwrite)
    assert caught.value.code == "file-unwritable"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == ({"a.txt": "mine"} if overwrite else {})


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_text("text", tmp_path / "nowhere" / "a.txt")


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_never_is_there_empty_or_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """A file system without links has to claim the name first."""
    sizes: list[int] = []
    link, replace = os.link, Path.replace

    def watch_link(source: Path, target: Path) -> None:
        assert not target.exists()
        if not links:
            raise OSError(errno.EPERM, "Operation not permitted")
        link(source, target)
        sizes.append(target.stat().st_size)

    def watch_replace(source: Path, target: Path) -> Path:
        sizes.append(source.stat().st_size)
        return replace(source, target)

    monkeypatch.setattr(os, "link", watch_link)
    monkeypatch.setattr(Path, "replace", watch_replace)
    write_text("whole", tmp_path / "a.txt")
    assert sizes == [5]
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_between_two_files_leaves_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    place_new = files._place_new

    def fail(partial: Path, path: Path) -> None:
        if path.name == "b.txt":
            raise failure
        place_new(partial, path)

    monkeypatch.setattr(files, "_place_new", fail)
    with pytest.raises((UsageError, KeyboardInterrupt)):
        write_files({"a.txt": "x", "b.txt": "y"}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_waits_for_files_that_belong_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def interrupt(source: Path, target: Path) -> None:
        signal.raise_signal(signal.SIGINT)
        link(source, target)

    monkeypatch.setattr(os, "link", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_files({"a.txt": "x", "b.txt": "y"}, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]


KILLED = """
import os, signal, sys
from calib import files
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
files.write_text("half", files.Path(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there tell a dead process's file from a live one's")
def test_what_a_killed_process_left_is_swept_by_the_next_and_nothing_else(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "arm.yaml")])
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert re.fullmatch(r"\.arm\.yaml\.[0-9a-f]{8}\.partial", left.name)
    (tmp_path / ".arm.yaml.partial").write_text("the user's own")
    live = files._write_partial(tmp_path / "net.yaml", b"half")  # of a process that goes on
    write_text("whole", tmp_path / "camera.yaml")
    assert {path.name for path in tmp_path.iterdir()} == {".arm.yaml.partial", live.path.name, "camera.yaml"}
    live.discard()


def test_a_file_swept_before_it_was_locked_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[Path] = []

    def lock_of(path: Path) -> int | None:
        if len(swept) < 2:
            swept.append(path)
            path.unlink()
            return None if len(swept) == 1 else staging.lock_of(path)
        return staging.lock_of(path)

    monkeypatch.setattr(files, "lock_of", lock_of)
    write_text("whole", tmp_path / "arm.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["arm.yaml"]
    assert (tmp_path / "arm.yaml").read_text() == "whole"
