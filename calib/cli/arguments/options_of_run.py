"""The options of an earlier run, from the result that it wrote: what `--config RESULT` takes.

Commands and contexts are typer's, which publishes no types of them: they are `Any` here.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from calib.cli.running.invocation import names_of
from calib.cli.running.usage import WrongUsage
from calib.errors import UsageError
from calib.storage.result_folder import RESULT_FILE, read_result

OF_THE_RUN = ("help", "version", "stamp", "output", "json")  # where it went, and how; not what was calibrated


def options_of_run(result: Path, context: Any) -> dict[str, Any]:
    """What was typed when a result was written, by the command's parameter; files are looked for where they were then.

    Raises InputError `result-unreadable`; UsageError `config-of-another-command`, for a result of another command or of
    a version whose options are no longer these.
    """
    typed = str(read_result(result).get("provenance", {}).get("command", ""))
    name = ["calib", *names_of(context)]
    try:
        words = shlex.split(typed)
        if words[: len(name)] != name:
            raise ValueError(f"it was written by: {typed}")
        options = context.command.make_parser(context).parse_args(args=words[len(name) :])[0]
    except (ValueError, WrongUsage) as error:  # ValueError: no command, or another one
        advice = f"give the folder of a result of `{' '.join(name)}`, or a file of options"
        raise UsageError(
            "the result holds no options of this command",
            code="config-of-another-command",
            where=str(result / RESULT_FILE),
            why=str(error),
            advice=advice,
        ) from None
    return {key: value for key, value in options.items() if key not in OF_THE_RUN}
