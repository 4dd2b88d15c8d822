"""How a command ends that does not end well: what was raised becomes an error with a code, a message and a status."""

from __future__ import annotations

import errno
from typing import Any

import typer

from calib.cli.running.terminal import BROKEN_PIPE, STDOUT_UNWRITABLE, abandon, say, stdout_unwritable
from calib.cli.running.usage import WrongUsage, error_of_usage
from calib.errors import CalibError, InputError, UsageError
from calib.text import one_line

_MEMORY = "free memory, or give fewer or smaller images, fewer rows, or --jobs 1"
_BY_ERRNO = {
    errno.ENOSPC: "free space on that disk; TMPDIR names another for temporary files",
    errno.EDQUOT: "free space within your quota; TMPDIR names another disk for temporary files",
    errno.EMFILE: "allow more open files (ulimit -n 4096), or start fewer processes: --jobs 1",
}


def show_ending(error: BaseException | None, as_json: bool = False) -> int:
    """Report what ended a command, and return its exit status. What is no fault of the input or the machine is raised
    again: it is a fault of calib, and its traceback is wanted."""
    if isinstance(error, BrokenPipeError):
        abandon()
        return BROKEN_PIPE
    if isinstance(error, WrongUsage) and type(error).__name__ == "NoArgsIsHelpError":
        say(error.format_message(), err=True)  # the help is its message
        return 2
    if isinstance(error, OSError):  # while help was printed: commands themselves report their own
        abandon()
        error = stdout_unwritable(error)
    found = error_of_usage(error) if isinstance(error, WrongUsage) else error_of(error)
    if found is None:
        assert error is not None
        raise error
    show_error(found, as_json)
    return found.exit_status


def show_error(error: CalibError, as_json: bool) -> None:
    """The error's document on stdout, or its message on stderr."""
    if as_json and error.code != STDOUT_UNWRITABLE:
        from calib.documents import error_document, to_json

        try:
            say(to_json(error_document(error)), end="")
            return
        except (CalibError, typer.Exit):
            pass  # where stdout takes nothing, stderr may
    lines = [("", f"error [{error.code}]: {f'{one_line(error.where)}: ' if error.where else ''}{one_line(error.what)}")]
    lines += [("  why: ", error.why)] if error.why else []
    lines += [("  next: ", error.advice)]
    # continued lines are indented: none of them can pass for a message of its own
    say("\n".join(label + text.replace("\n", "\n    ") for label, text in lines), err=True)


def error_of(error: BaseException | None) -> CalibError | None:
    """The error that a user is told of: itself, or what the machine lacks; None for a fault of calib."""
    if isinstance(error, CalibError):
        return error
    if isinstance(error, MemoryError) or _is_out_of_memory(error):
        return InputError("the memory does not suffice", code="out-of-memory", why=str(error), advice=_MEMORY)
    if isinstance(error, ImportError):
        return UsageError(
            "a part of the installation cannot be loaded",
            code="installation",
            why=str(error),
            advice="give the process more memory if that is limited, else: pip install --force-reinstall calib",
        )
    if isinstance(error, OSError):
        advice = _BY_ERRNO.get(error.errno or 0, "check that the files and folders named exist and may be read")
        where = str(error.filename) if error.filename is not None else ""
        why = error.strerror or str(error)
        return InputError("the operating system refuses", code="system", where=where, why=why, advice=advice)
    return None


def _is_out_of_memory(error: Any) -> bool:
    """Whether an error stands for too little memory without being a MemoryError: OpenCV's, and of a new process."""
    of_opencv = type(error).__module__.partition(".")[0] == "cv2" and "nsufficient memory" in str(error)
    return of_opencv or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
