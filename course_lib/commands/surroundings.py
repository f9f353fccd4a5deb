"""Commands in any surroundings: another encoding, a reader that goes away, a full drive, no terminal at all."""

import contextlib
import os
import sys
from collections.abc import Callable

# what a shell reports of a program that was ended because nobody read it any more
NOBODY_READS = 128 + 13


def in_any_terminal(command: Callable[[], int]) -> int | str | None:
    """Run a command's `main`.

    A character that the output's encoding does not have becomes a question mark, and `| head` is no error. Where the
    output cannot be written, as on a full drive, that is said in a sentence.

    Returns: what `sys.exit` is to be given: the exit status.
    """
    replace_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    status: int | str | None = 0
    try:
        try:
            status = command()
        except SystemExit as end:  # argparse, after --help or a request that it does not understand
            status = end.code
        sys.stdout.flush()
    except BrokenPipeError:
        status = NOBODY_READS
    except OSError as error:
        status = status or complain(f"the output could not be written ({error.strerror})")
    for stream in (sys.stdout, sys.stderr):
        let_go(stream)
    return status


def replace_what_is_closed() -> None:
    """Open the null device in place of each stream that Python was started without (`>&-`).

    Else the next file that is opened would take its number, and get what subprocesses and libraries print.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def let_go(stream: object) -> None:
    """Lead what could not be written to the null device: it would raise once more when Python ends."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def complain(text: str) -> int:
    """Say what was wrong, where anybody can still read it, and give the exit status."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        print(f"error: {text}", file=sys.stderr, flush=True)
    return 2
