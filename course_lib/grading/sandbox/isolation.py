"""How far a learner's process is shut in, best first as far as the system allows.

Whatever the level, a learner's code runs in a process of its own, with limits, and no verdict is ever found there.
"""

import contextlib
import os
import sys
from collections.abc import Sequence

from course_lib.grading.sandbox import kernel, landlock, namespaces, system_calls
from course_lib.grading.sandbox.limits import data_held, set_limits, settle

# what each level adds to the one before, in words for the instructor
LEVELS = {
    "limits": "limits of time, memory and output; files, network and other processes are NOT protected",
    "filters": (
        "besides limits, no network, programs, threads, signals or writing; only Python's and the system's files can "
        "be read"
    ),
    "namespaces": (
        "besides limits and filters, a private view: Python's and the system's files read-only, no network, nobody else"
    ),
}


def enter(level: str, empty_folder: str, hidden: Sequence[str]) -> None:
    """Shut in the process that will fork those of the learners.

    Raises: OSError if the system does not offer the level.
    """
    if level == "namespaces":
        namespaces.enter_private_world(empty_folder, hidden)
    if sys.platform == "linux":
        # what a learner's process leaves behind becomes ours, and our memory is not to be read by it
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)


def fork(level: str) -> int:
    """As os.fork."""
    return namespaces.fork_into_own_numbers() if level == "namespaces" else os.fork()


def seal(level: str, folder: str, readable: Sequence[str]) -> None:
    """Shut in this process, before it sees a learner's code: it starts in `folder` and can read `readable`.

    Raises: OSError if something the level promises is not to be had.
    """
    data = data_held()
    if level == "namespaces":
        namespaces.take_empty_folder()
    settle(folder)
    set_limits(data)
    if sys.platform != "linux":
        return
    reach_nothing = level == "namespaces"
    # at the lowest level too, each by itself: one of them may be there and not the other
    with contextlib.suppress(OSError, KeyError) if level == "limits" else contextlib.nullcontext():
        namespaces.drop_privileges()
    with contextlib.suppress(OSError) if level == "limits" else contextlib.nullcontext():
        if level != "namespaces":
            landlock.restrict_files(readable)
            reach_nothing = True
    with contextlib.suppress(OSError) if level == "limits" else contextlib.nullcontext():
        system_calls.forbid_system_calls(may_write=reach_nothing)
