"""The one ending of every command: folder, terminal, exit status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from calib.cli.running.deliver import deliver
from calib.cli.running.reporting import Reporter
from calib.documents import heading
from calib.errors import UsageError
from calib.result import Output
from calib.storage.folder import reserve
from calib.verdict import Grade, Verdict


@dataclass(frozen=True)
class Weighed(Output):
    """A result; without a grade, a simulation."""

    grade: Grade | None = None

    @property
    def verdict(self) -> Verdict | None:
        return Verdict(self.grade, "12 kg") if self.grade else None

    def summary(self) -> str:
        return "weighed once\nand again"

    def document(self) -> dict[str, Any]:
        return heading("arm", self.verdict)

    def files(self) -> Mapping[str, str | bytes]:
        return {"b.yaml": "b: 1\n", "left/a.yaml": "a: 1\n", "left/c.bin": b"c"}


def deliver_to(folder: Path, result: Weighed, reporter: Reporter) -> None:
    with reserve(folder) as reserved:
        deliver(result, reserved, reporter)


def test_the_summary_comes_first_and_then_what_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deliver_to(tmp_path / "out", Weighed("good"), Reporter())
    told = capsys.readouterr()
    assert told.out == f"weighed once\nand again\nwritten: {tmp_path / 'out'} (b.yaml, left)\n"
    assert told.err == ""
    assert (tmp_path / "out" / "left" / "c.bin").read_bytes() == b"c"


def test_without_a_folder_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    deliver(Weighed("good"), None, Reporter())
    assert capsys.readouterr().out == "weighed once\nand again\n"


def test_json_is_the_document_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deliver_to(tmp_path / "out", Weighed("usable"), Reporter(as_json=True))
    told = capsys.readouterr()
    assert heading("arm", Verdict("usable", "12 kg")).items() <= json.loads(told.out).items()
    assert told.err == ""
    assert (tmp_path / "out").is_dir()


@pytest.mark.parametrize(("grade", "line"), [("usable", "verdict: usable: 12 kg\n"), (None, "")])
def test_quiet_leaves_the_verdict_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], grade: Grade | None, line: str
) -> None:
    deliver_to(tmp_path / "out", Weighed(grade), Reporter(quiet=True))
    assert capsys.readouterr().out == line
    assert (tmp_path / "out" / "b.yaml").is_file()


@pytest.mark.parametrize("reporter", [Reporter(), Reporter(as_json=True), Reporter(quiet=True)])
def test_a_result_not_to_be_used_is_written_and_ends_with_status_1(tmp_path: Path, reporter: Reporter) -> None:
    with pytest.raises(typer.Exit) as ended:
        deliver_to(tmp_path / "out", Weighed("do not use"), reporter)
    assert ended.value.exit_code == 1
    assert (tmp_path / "out" / "b.yaml").is_file()


def test_what_cannot_be_written_after_all_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The disk is full, or the folder is gone: the work is done, and its numbers are on the terminal."""
    with reserve(tmp_path / "out") as reserved:
        reserved.staging.rmdir()
        reserved.staging.write_text("in the way")
        with pytest.raises(UsageError) as caught:
            deliver(Weighed("good"), reserved, Reporter())
    assert caught.value.code == "output-unwritable"
    assert heading("arm", Verdict("good", "12 kg")).items() <= json.loads(capsys.readouterr().out).items()


def test_with_json_it_is_within_the_document_of_the_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with reserve(tmp_path / "out") as reserved:
        reserved.staging.rmdir()
        reserved.staging.write_text("in the way")
        with pytest.raises(typer.Exit) as ended:
            deliver(Weighed("good"), reserved, Reporter(as_json=True))
    assert ended.value.exit_code == 2
    document = json.loads(capsys.readouterr().out)
    assert document["code"] == "output-unwritable"
    assert heading("arm", Verdict("good", "12 kg")).items() <= document["result"].items()
