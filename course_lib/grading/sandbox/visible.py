"""Which files a learner's process can see, where the system can hide the others: what Python and torch consist of."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def visible_paths(hidden: Iterable[str] = ()) -> list[str]:
    """Existing files and folders, each once; none lies in another. No link adds one that holds a `hidden` folder."""
    wanted = [*SYSTEM, sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, *sys.path]
    linked = behind_links(path for path in sys.path if os.path.isdir(path))
    held = [os.path.realpath(path) for path in hidden]
    wanted += [path for path in linked if not any(f"{other}/".startswith(f"{path}/") for other in held)]
    existing = sorted({os.path.abspath(path) for path in wanted if path and os.path.exists(path)} - {"/"})
    return [path for path in existing if not any(path.startswith(f"{other}/") for other in existing)]


def behind_links(folders: Iterable[str]) -> list[str]:
    """Where packages really lie that an environment only links to, whole or file by file, as some installers do."""
    found = []
    for folder in folders:
        for entry in os.scandir(folder):
            first = os.path.join(entry.path, "__init__.py")
            if entry.is_symlink():
                found.append(os.path.realpath(entry.path))
            elif os.path.islink(first):
                found.append(os.path.dirname(os.path.realpath(first)))
    return found


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
