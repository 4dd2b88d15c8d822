"""Whatever is wrong with an input: a code, an exit status, what to do next, and nothing left behind."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from cases.bad_inputs import BAD_INPUTS, BadInput
from cases.command import Run

# An option that lacks its value would take --json for it, and the guide has no JSON.
SEEN_IN_JSON = [bad for bad in BAD_INPUTS[::4] if not bad.command.endswith("--images") and "guide" not in bad.command]


def put(files: BadInput) -> set[Path]:
    """Write the files of a case into the current folder; all that is there then."""
    for name, content in files.files.items():
        path = Path(name)
        (path if content is None else path.parent).mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return set(Path().rglob("*"))


def test_there_are_many_and_each_is_named_once() -> None:
    assert len(BAD_INPUTS) >= 120
    assert len({bad.name for bad in BAD_INPUTS}) == len(BAD_INPUTS)


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=str)
def test_it_is_refused_with_a_code_and_what_to_do_next(run: Run, bad: BadInput) -> None:
    before = put(bad)
    result = run(*shlex.split(bad.command))
    lines = result.stderr.splitlines()
    errors = [line for line in lines if line.startswith("error [")]  # options from a calib.yaml are named before
    assert len(errors) == 1, result.output
    assert errors[0].startswith(f"error [{bad.code}]: "), result.output
    assert result.exit_code == bad.status
    assert result.stdout == ""
    following = [line for line in lines if line.startswith("  next: ")]
    assert len(following) == 1
    assert len(following[0]) > len("  next: ")
    assert set(Path().rglob("*")) == before


@pytest.mark.parametrize("bad", SEEN_IN_JSON, ids=str)
def test_in_json_it_says_the_same(run: Run, bad: BadInput) -> None:
    before = put(bad)
    result = run(*shlex.split(bad.command), "--json")
    document = json.loads(result.stdout)
    assert (document["code"], document["exit_status"], result.exit_code) == (bad.code, bad.status, bad.status)
    assert document["advice"][0]
    assert result.stderr == ""
    assert set(Path().rglob("*")) == before
