"""`calib show`: the summary of a result once more, or its verdict for another need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from calib.cli.arguments.options import AsJson, At, Need
from calib.cli.arguments.values import stated_need
from calib.cli.running.reporting import reporting
from calib.cli.running.terminal import say

if TYPE_CHECKING:
    from collections.abc import Mapping

HELP = """Show a result again, or judge it by a need.

\b
Examples:
  calib show calib_camera_result
  calib show my_arm/result.json --json
  calib show my_arm --need 0.5mm --at 0mm,0mm,150mm

Prints what the command printed when it wrote the result, or with --json its document. The exit status is 0 whatever
the verdict was: `calib show` did what it was asked. With --need it is that of the verdict: 0 good, 1 do not use. It is
2 where a folder holds no result, 3 where it cannot be read or does not state what it is good for."""


def command(
    result: Path = typer.Argument(..., help="Result folder, or the result.json in it."),
    need: Need = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """See HELP."""
    with reporting(as_json):
        from calib.documents import to_json
        from calib.need import rejudge
        from calib.storage.result_folder import read_result

        wanted = stated_need(need, at)
        document = read_result(result)
        if wanted is not None:
            document = rejudge(document, wanted, str(result))
        if as_json:
            say(to_json(document), end="")
        else:
            say("\n".join(document["summary"] if wanted is None else _verdict_lines(document)))
        if wanted is not None and document["verdict"] == "do not use":
            raise typer.Exit(1)


def _verdict_lines(document: Mapping[str, Any]) -> list[str]:
    """What the result is, and the verdict by the need."""
    from calib.text import wrap
    from calib.verdict import Verdict

    verdict = Verdict(document["verdict"], document["reason"], tuple(document["advice"]))
    return [document["summary"][0], *map(wrap, verdict.lines())]
