"""Commands in any surroundings: another encoding, a reader that goes away, a `~` that no shell replaced."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

# what a shell reports of a program that was ended because nobody read it any more
NOBODY_READS = 128 + 13


def in_any_terminal(command: Callable[[], int]) -> int:
    """Run a command's `main` and return its exit status.

    A character that the output's encoding does not have becomes a question mark, and `| head` is no error.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = command()
        sys.stdout.flush()
    except BrokenPipeError:
        # what is still in the buffer would raise once more when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    return status


def expand_home(options: argparse.Namespace, names: tuple[str, ...] = ("run_folder", "data_dir", "out")) -> None:
    """Replace a leading `~` in every path, and in the texts `names`, which are paths too.

    A shell does so itself, but not in `--out=~/runs`, and Windows' command line never does.
    """
    for name, value in vars(options).items():
        if isinstance(value, Path) or (name in names and isinstance(value, str)):
            setattr(options, name, type(value)(os.path.expanduser(value)))
