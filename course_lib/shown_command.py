"""Commands that we print, so that they run as they are printed."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path


def shown_command(*arguments: object) -> str:
    """`python -m course_lib ...` with the Python that runs now, quoted for a shell.

    Without an activated environment a bare "python" is another one, without torch. Below the current folder the path
    stays short, as in the guides: `.venv/bin/python`.

    Args:
        arguments: what stands behind `-m`: the module, and its own arguments.
    """
    running = Path(sys.executable)
    found = shutil.which("python")
    if found is not None and Path(found) == running:
        python = "python"
    elif running.is_relative_to(Path.cwd()):
        python = str(running.relative_to(Path.cwd()))
    else:
        python = str(running)
    return quoted([python, "-m", *map(as_argument, arguments)])


def as_argument(argument: object) -> str:
    """An argument as text; a path that begins with a dash would be taken for an option."""
    return f"./{argument}" if isinstance(argument, Path) and str(argument).startswith("-") else str(argument)


def quoted(words: Sequence[str]) -> str:
    """The words of a command as this system's shell has to be given them."""
    if os.name == "nt":
        return " ".join(f'"{word}"' if " " in word else word for word in words)
    return shlex.join(words)
