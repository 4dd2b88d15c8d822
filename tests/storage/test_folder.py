"""Result folders: reserved first, whole or not at all, never over something that is there, nothing left behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from calib import staging
from calib.errors import UsageError
from calib.storage import folder
from calib.storage.folder import INCOMPLETE, reserve


def names(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*"))


def write(output: Path, files: dict[str, str | bytes]) -> None:
    with reserve(output) as reserved:
        reserved.write(files)


def refused(output: Path) -> UsageError:
    with pytest.raises(UsageError) as caught, reserve(output):
        pass
    assert caught.value.exit_status == 2
    return caught.value


def killed_while_reserving(output: Path) -> None:
    """A run that reserves a folder and is killed before it writes."""
    code = "import sys, time; from pathlib import Path; from calib.storage.folder import reserve\n"
    code += "with reserve(Path(sys.argv[1])):\n    print('reserved', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(output)], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        run.stdout.readline()
        assert any(".calib-" in name for name in names(output.parent))
        run.send_signal(signal.SIGKILL)


def test_files_are_written_byte_for_byte_also_in_subfolders(tmp_path: Path) -> None:
    out = tmp_path / "result"
    write(out, {"a.txt": "ä\n", "images/b.png": b"\x00\xff"})
    assert (out / "a.txt").read_bytes() == "ä\n".encode()
    assert (out / "images/b.png").read_bytes() == b"\x00\xff"
    assert names(tmp_path) == ["result", "result/a.txt", "result/images", "result/images/b.png"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_who_may_read_the_folder_is_up_to_the_user(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "result", {"a.txt": "x"})
    finally:
        os.umask(before)
    assert (tmp_path / "result").stat().st_mode & 0o777 == 0o777 & ~mask


@pytest.mark.parametrize("place", ["new", "a/b/c"])
def test_what_is_reserved_and_not_written_leaves_no_trace(tmp_path: Path, place: str) -> None:
    with reserve(tmp_path / place) as reserved:
        assert reserved.path == tmp_path / place
        assert reserved.path.is_dir()
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["empty", "link", "dot"])
def test_an_empty_folder_that_is_there_is_filled_in_place(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    monkeypatch.chdir(tmp_path / "empty")
    before = (tmp_path / "empty").stat().st_ino
    write(Path(".") if kind == "dot" else tmp_path / kind, {"a.txt": "x", "sub/b.txt": "y"})
    assert names(tmp_path / "empty") == ["a.txt", "sub", "sub/b.txt"]
    assert (tmp_path / "empty").stat().st_ino == before
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("kind", ["folder", "file", "broken link"])
def test_what_is_there_is_never_overwritten(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "result"
    if kind == "folder":
        out.mkdir()
        (out / "precious.txt").write_text("mine")
    elif kind == "file":
        out.write_text("mine")
    else:
        out.symlink_to("nowhere")
    before = names(tmp_path)
    error = refused(out)
    assert error.code == "output-exists"
    assert str(out) in error.where
    assert names(tmp_path) == before


def test_the_default_counts_up_to_the_first_free_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for expected in ("result", "result-2", "result-3"):
        with reserve(None, "result") as reserved:
            assert reserved.path == Path(expected)
            reserved.write({"a.txt": expected})
    assert (tmp_path / "result/a.txt").read_text() == "result"


def test_two_runs_at_once_never_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with reserve(None, "result") as first, reserve(None, "result") as second:
        assert {first.path.name, second.path.name} == {"result", "result-2"}
        error = refused(first.path)
        assert error.code == "output-exists"
        assert "another run" in error.why
        second.write({"a.txt": "second"})
        first.write({"a.txt": "first"})
    assert (tmp_path / "result/a.txt").read_text() == "first"
    assert (tmp_path / "result-2/a.txt").read_text() == "second"


@pytest.mark.parametrize("out", ["file/result", "x" * 300, "file/a/b/c", "a\0b"])
def test_a_place_that_cannot_be_written_is_reported_before_the_work(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("no folder")
    error = refused(tmp_path / out)
    assert error.code == "output-unwritable"
    assert error.advice
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_reported(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    assert refused(locked / "result").code == "output-unwritable"


@pytest.mark.parametrize("there", [False, True])
def test_a_failure_midway_leaves_nothing(tmp_path: Path, there: bool) -> None:
    out = tmp_path / "result"
    if there:
        out.mkdir()
    with pytest.raises(UsageError) as caught:
        write(out, {"a.txt": "x", "n" * 300: "y"})
    assert caught.value.code == "output-unwritable"
    assert names(tmp_path) == (["result"] if there else [])


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("there", [False, True])
def test_an_interruption_midway_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException], there: bool
) -> None:
    out, replace, calls = tmp_path / "result", os.replace, []
    if there:
        out.mkdir()

    def interrupted(source: Path, target: Path) -> None:
        replace(source, target) if there else None
        calls.append(target)
        if len(calls) > there:  # the second of the files that are moved one by one
            raise failure

    monkeypatch.setattr(folder.os, "replace", interrupted)
    with pytest.raises(failure):
        write(out, {"a.txt": "x", "sub/b.txt": "y", "sub/c.txt": "z"})
    assert names(tmp_path) == (["result"] if there else [])


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM])
@pytest.mark.parametrize("there", [False, True])
def test_where_nothing_can_be_renamed_files_are_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, there: bool
) -> None:
    out = tmp_path / "result"
    if there:
        out.mkdir()

    def refuse(source: Path, target: Path) -> None:
        assert target == out or (out / INCOMPLETE).exists()
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(folder.os, "replace", refuse)
    write(out, {"a.txt": "x", "sub/b.txt": "y"})
    assert names(tmp_path) == ["result", "result/a.txt", "result/sub", "result/sub/b.txt"]
    assert (out / "sub/b.txt").read_text() == "y"


@pytest.mark.parametrize("there", [False, True])
def test_a_disk_that_fills_up_while_files_are_written_in_place_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    out, write_file = tmp_path / "result", folder._write_file
    if there:
        out.mkdir()

    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "not permitted")

    def fill_up(path: Path, content: bytes) -> None:
        write_file(path, content[:1])
        if path == out / "sub/b.txt":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder.os, "replace", refuse)
    monkeypatch.setattr(folder, "_write_file", fill_up)
    with pytest.raises(UsageError) as caught:
        write(out, {"a.txt": "xx", "sub/b.txt": "yy"})
    assert "No space" in caught.value.why
    assert names(tmp_path) == (["result"] if there else [])


@pytest.mark.parametrize("there", [False, True])
def test_an_interruption_waits_until_all_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    out, replace = tmp_path / "result", os.replace
    if there:
        out.mkdir()

    def interrupted(source: Path, target: Path) -> None:
        signal.raise_signal(signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr(folder.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), reserve(out) as reserved:
        reserved.write({"a.txt": "x", "b.txt": "y"})
    assert reserved.written
    assert names(tmp_path) == ["result", "result/a.txt", "result/b.txt"]


@pytest.mark.parametrize("there", [False, True])
def test_a_file_that_appeared_meanwhile_is_not_overwritten(tmp_path: Path, there: bool) -> None:
    out = tmp_path / "result"
    if there:
        out.mkdir()
    with reserve(out) as reserved:
        (out / "b.txt").write_text("mine")
        with pytest.raises(UsageError) as caught:
            reserved.write({"a.txt": "x", "b.txt": "y"})
    assert caught.value.code == "output-unwritable"
    assert names(tmp_path) == ["result", "result/b.txt"]
    assert (out / "b.txt").read_text() == "mine"


def test_a_folder_that_is_being_filled_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, replace = tmp_path / "result", os.replace
    out.mkdir()
    marked = []

    def watched(source: Path, target: Path) -> None:
        marked.append((out / INCOMPLETE).exists())
        replace(source, target)

    monkeypatch.setattr(folder.os, "replace", watched)
    write(out, {"a.txt": "x", "b.txt": "y"})
    assert marked == [True, True]
    assert names(out) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("there", [False, True])
def test_what_a_killed_run_leaves_is_removed_by_the_next(tmp_path: Path, there: bool) -> None:
    out = tmp_path / "result"
    if there:
        out.mkdir()
    killed_while_reserving(out)
    write(out, {"a.txt": "x"})
    assert names(tmp_path) == ["result", "result/a.txt"]


def test_a_run_killed_between_its_two_folders_leaves_nothing(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from calib.storage import folder\n"
    code += "Path.mkdir = lambda *_, **__: os.kill(os.getpid(), 9) if _[0].name == 'result' else None\n"
    code += "folder.reserve(Path(sys.argv[1])).__enter__()"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "result")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [name[:14] for name in names(tmp_path)] == [".calib-result."]
    write(tmp_path / "other", {})
    assert names(tmp_path) == ["other"]


@pytest.mark.parametrize("name", [".calib-config.d", ".calib-12345678", ".calib-a.B2345678"])
def test_hidden_folders_of_others_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    write(tmp_path / "result", {"a.txt": "x"})
    assert names(tmp_path) == [name, "result", "result/a.txt"]


def test_a_staging_folder_that_vanishes_or_is_closed_to_us_hinders_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".calib-other.abcd1234").mkdir()
    lock = staging.lock_of

    def refuse(path: Path) -> int | None:
        if path.name.startswith(".calib-other"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return lock(path)

    monkeypatch.setattr(staging, "lock_of", refuse)
    write(tmp_path / "result", {"a.txt": "x"})
    assert names(tmp_path) == [".calib-other.abcd1234", "result", "result/a.txt"]


@pytest.mark.parametrize(("first", "second"), [("res[1]", "res[1]"), ("*", "*"), ("result.2", "result")])
def test_runs_are_told_apart_by_the_whole_name(tmp_path: Path, first: str, second: str) -> None:
    (tmp_path / second).mkdir() if first != second else None
    with reserve(tmp_path / first) as reserved:
        if first == second:
            assert "another run" in refused(tmp_path / second).why
        else:
            write(tmp_path / second, {"a.txt": "x"})
        reserved.write({"b.txt": "y"})
    assert (tmp_path / first / "b.txt").exists()


def test_two_runs_into_one_folder_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real").mkdir()
    with reserve(tmp_path / "link"):
        assert "another run" in refused(tmp_path / "real").why


def test_a_folder_that_another_program_keeps_locked_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_CLAIM_S", 0.05)
    handle = staging.lock_of(tmp_path)
    assert handle is not None
    error = refused(tmp_path / "result")
    os.close(handle)
    assert "keeps" in error.why
    assert names(tmp_path) == []


def test_a_file_system_without_locks_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(staging.fcntl, "flock", refuse)
    (tmp_path / ".calib-other.abcd1234").mkdir()  # whether its run goes on cannot be told
    write(tmp_path / "result", {"a.txt": "x"})
    assert names(tmp_path) == [".calib-other.abcd1234", "result", "result/a.txt"]


def test_what_a_living_run_has_reserved_is_not_swept_away(tmp_path: Path) -> None:
    with reserve(tmp_path / "first") as first:
        write(tmp_path / "second", {"a.txt": "x"})
        first.write({"a.txt": "y"})
    assert names(tmp_path) == ["first", "first/a.txt", "second", "second/a.txt"]


def test_an_interrupted_filling_is_named(tmp_path: Path) -> None:
    out = tmp_path / "result"
    out.mkdir()
    (out / INCOMPLETE).touch()
    assert "stopped while it wrote" in refused(out).why


def test_files_are_flushed_before_they_are_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    replace, fsync = os.replace, os.fsync
    monkeypatch.setattr(folder.os, "fsync", lambda handle: (events.append("fsync"), fsync(handle)))
    monkeypatch.setattr(folder.os, "replace", lambda a, b: (events.append("replace"), replace(a, b)))
    write(tmp_path / "result", {"a.txt": "x", "b.txt": "y"})
    moved = events.index("replace")
    assert events[:moved].count("fsync") >= 3  # both files and their folder
    assert "fsync" in events[moved:]  # the folder that holds the result


@pytest.mark.parametrize("name", ["../escaped.txt", "/tmp/escaped.txt", "a/../../escaped.txt"])
def test_no_file_is_written_outside(tmp_path: Path, name: str) -> None:
    with reserve(tmp_path / "result") as reserved, pytest.raises(ValueError, match="leads out"):
        reserved.write({"a.txt": "x", name: "y"})
    assert names(tmp_path) == []
