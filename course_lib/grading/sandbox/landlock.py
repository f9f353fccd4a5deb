"""A rule in the kernel (Landlock, Linux 5.13 and later) about which files a learner's process can open.

Works without privileges. Used where namespaces, which hide files altogether, are not to be had.
"""

import ctypes
import os
import stat
from collections.abc import Iterable

from course_lib.grading.sandbox.kernel import PR_SET_NO_NEW_PRIVS, prctl, system_call

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
# how many kinds of access to files each version of the interface knows
KINDS_BY_VERSION = (0, 13, 14, 15, 15, 16)


class Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64)]


class Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"  # what _pack_ means; from Python 3.14 on it is to be said
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def restrict_files(readable: Iterable[str]) -> None:
    """From here on and for good, only `readable` can be read, and nothing be written.

    Raises: OSError if the system has no such rules.
    """
    version = system_call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    everything = (1 << KINDS_BY_VERSION[min(version, len(KINDS_BY_VERSION) - 1)]) - 1
    ruleset = Ruleset(everything)
    rules = system_call(CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(8), ctypes.c_uint32(0))
    for path in readable:
        allow(rules, path, EXECUTE | READ_FILE | READ_DIR)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    system_call(RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    os.close(rules)


def allow(rules: int, path: str, access: int) -> None:
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(folder).st_mode):
            access &= EXECUTE | READ_FILE
        rule = Beneath(access, folder)
        system_call(ADD_RULE, ctypes.c_int(rules), ctypes.c_int(1), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(folder)
