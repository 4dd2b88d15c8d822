"""`calib`, or `python -m calib`. Imports next to nothing itself: Ctrl-C is answered from the first import on."""

import sys


def main() -> None:
    """Entry point of the `calib` command."""
    try:
        from calib import interrupt

        interrupt.end_at_once()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)  # as of `interrupt`, which may not be there yet
    from calib.cli import run

    run()


if __name__ == "__main__":
    main()
