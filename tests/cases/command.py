"""`calib` as a user types it; whatever documents it prints or writes are held against their schema."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from typer.testing import CliRunner, Result

from calib.cli import app
from cases.documents import require_valid

Run = Callable[..., Result]


def invoke(arguments: Sequence[object]) -> Result:
    """Run a command; a traceback fails at once, and so does a document that departs from the schema."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(app, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    if "--json" in words and result.stdout:
        require_valid(json.loads(result.stdout))
    for folder in re.findall(r"^written: (.*) \([^()]*result\.json[^()]*\)$", result.stdout, re.MULTILINE):
        require_valid(json.loads(Path(folder, "result.json").read_text(encoding="utf-8")))
    return result


def run(*arguments: object) -> Result:
    """`run("camera", "--images", folder)`."""
    return invoke(arguments)
