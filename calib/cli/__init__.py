"""The command line: parse, call, deliver. One file per command; nothing heavy is imported before it runs.

This file imports next to nothing: what is interrupted before `main` is called ends in Python's traceback.
"""

import sys


def main() -> None:
    """Entry point of the `calib` command."""
    try:
        from calib.cli import interrupt

        interrupt.end_from_now_on()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)  # as of `interrupt`, which may not be there yet
    from calib.cli.commands import app

    app()


def __getattr__(name: str) -> object:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from calib.cli.commands import app

    return app
