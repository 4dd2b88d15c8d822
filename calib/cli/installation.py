"""`calib doctor`: whether this installation works."""

from __future__ import annotations

from calib.cli.arguments.options import AsJson, Quiet
from calib.cli.running.deliver import deliver
from calib.cli.running.invocation import Invocation
from calib.cli.running.reporting import reporting

HELP = """Check the installation: versions and a self-test.

\b
Examples:
  calib doctor
  calib doctor --json

Prints the versions of Python and of every package needed, names wheels of OpenCV that overwrite each other, finds a
board in a shipped image and calibrates a camera from shipped corners. Exit status: 0 works, 1 does not."""


def command(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """See HELP."""
    with reporting(as_json, quiet, invocation=Invocation(("calib", "doctor"), {}, {}, stamp=False)) as reporter:
        from calib.installation import examine_installation

        deliver(examine_installation(), None, reporter)
