"""The few Linux calls that Python's library does not offer."""

import ctypes
import os
from typing import Any

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, PR_SET_SECCOMP = 4, 36, 38, 1, 22


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """Raises: OSError that names the call if it failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int, third: Any = None) -> None:
    checked(libc().prctl(option, ctypes.c_ulong(value), third, None, None), f"prctl {option}")


def system_call(number: int, *arguments: Any) -> int:
    return checked(libc().syscall(ctypes.c_long(number), *arguments), f"system call {number}")
