"""`calib show`: the summary of a result once more."""

from __future__ import annotations

from pathlib import Path

import typer

from calib.cli.arguments.options import AsJson
from calib.cli.running.reporting import reporting
from calib.cli.running.terminal import say

HELP = """Show the summary of an earlier result again.

\b
Examples:
  calib show calib_camera_result
  calib show my_arm/result.json --json

Prints what the command printed when it wrote the result, or with --json its document. The exit status is 0 whatever
the verdict was: `calib show` did what it was asked. It is 2 where a folder holds no result, 3 where it cannot be
read."""


def command(
    result: Path = typer.Argument(..., help="Result folder, or the result.json in it."), as_json: AsJson = False
) -> None:
    """See HELP."""
    with reporting(as_json):
        from calib.documents import to_json
        from calib.storage.result_folder import read_result

        document = read_result(result)
        if as_json:
            say(to_json(document), end="")
        else:
            say("\n".join(document["summary"]))
