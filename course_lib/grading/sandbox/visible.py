"""Which files a learner's process can see, where the system can hide the others: what Python and torch consist of."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def visible_paths() -> list[str]:
    """Existing files and folders, each once; none lies in another."""
    wanted = [*SYSTEM, sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, *sys.path]
    existing = sorted({os.path.abspath(path) for path in wanted if path and os.path.exists(path)} - {"/"})
    return [path for path in existing if not any(path.startswith(f"{other}/") for other in existing)]


def without(paths: Iterable[str], hidden: Iterable[str]) -> list[str]:
    """The same files, without those in `hidden`: a folder that holds some of them is replaced by what is in it."""
    hidden, found = {os.path.realpath(path) for path in hidden}, []
    for path in paths:
        real = os.path.realpath(path)
        if real in hidden:
            continue
        if any(other.startswith(f"{real}/") for other in hidden):
            found += without((str(entry) for entry in Path(real).iterdir()), hidden)
        else:
            found.append(path)
    return found
