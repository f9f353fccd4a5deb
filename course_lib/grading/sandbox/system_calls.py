"""A filter in the kernel (seccomp): a learner's process computes, and asks the system for nothing else.

What is not listed is refused: other processes and threads, programs, the network, signals to others, shared memory,
namespaces, and changing anything about a file that is there, such as its mode, owner or times. Works without
privileges, in containers too.
"""

import ctypes
import os
import platform

from course_lib.grading.sandbox.kernel import PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, prctl

# name: number on x86_64, number on aarch64 (None: does not exist there)
ALLOWED: dict[str, tuple[int | None, int]] = {
    # memory
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "brk": (12, 214),
    "madvise": (28, 233),
    "mincore": (27, 232),
    "msync": (26, 227),
    "membarrier": (324, 283),
    "get_mempolicy": (239, 236),
    # files that may be opened, and what is open
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "lseek": (8, 62),
    "close": (3, 57),
    "close_range": (436, 436),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fsync": (74, 82),
    "ftruncate": (77, 46),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    # the channel, which is open already
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "getsockname": (51, 204),
    "getsockopt": (55, 209),
    "shutdown": (48, 210),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    # time, and signals to itself that a clock gives
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    "alarm": (37, None),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    # itself
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getcpu": (309, 168),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "rseq": (334, 293),
    "arch_prctl": (158, None),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
# names in its own folder: for where other files cannot be reached
IN_ITS_FOLDER: dict[str, tuple[int | None, int]] = {
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
}
# those whose number among the arguments says what is meant, and what may be: is it a terminal, does it wait; copy a
# descriptor, is it inherited. Not who gets a signal when something arrives (F_SETOWN), not flags of files (FS_IOC_...)
BY_ARGUMENT: dict[str, tuple[tuple[int, int], int, tuple[int, ...]]] = {
    "ioctl": ((16, 29), 1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),
    "fcntl": ((72, 25), 1, (0, 1, 2, 3, 4, 1030)),
}
OPENING: dict[str, tuple[tuple[int | None, int], int]] = {"open": ((2, None), 1), "openat": ((257, 56), 2)}
TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

# kind of machine: its number for the kernel, column in the table above
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

LOAD, JUMP_IF_EQUAL, JUMP_IF_GREATER_OR_EQUAL, JUMP_IF_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, MACHINE_AT, ARGUMENTS_AT = 0, 4, 16
ALLOW, NOT_PERMITTED, KILL = 0x7FFF0000, 0x00050001, 0x80000000
# numbers from here on are x86_64's second table, x32, which nobody needs
SECOND_TABLE = 0x40000000


class Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    ]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(Instruction))]


def program(may_write: bool) -> list[tuple[int, int, int, int]]:
    """The filter for this machine, as instructions (code, steps if true, steps if false, value).

    Args:
        may_write: whether files may be opened to be written and names be changed; where other files are out of reach.
    Raises: OSError on a kind of machine whose calls are not in the table.
    """
    if platform.machine() not in MACHINES:
        raise OSError(f"no table of system calls for {platform.machine()}")
    machine, column = MACHINES[platform.machine()]
    found = [(LOAD, 0, 0, MACHINE_AT), (JUMP_IF_EQUAL, 1, 0, machine), (RETURN, 0, 0, KILL)]
    found += [(LOAD, 0, 0, NUMBER_AT), (JUMP_IF_GREATER_OR_EQUAL, 0, 1, SECOND_TABLE), (RETURN, 0, 0, NOT_PERMITTED)]
    plain = [*ALLOWED.values(), *(IN_ITS_FOLDER.values() if may_write else ())]
    plain += [numbers for numbers, _ in OPENING.values()] if may_write else []
    for numbers in plain:
        found += block(numbers[column], [(RETURN, 0, 0, ALLOW)])
    for numbers, argument, values in BY_ARGUMENT.values():
        allowing = [one for value in values for one in ((JUMP_IF_EQUAL, 0, 1, value), (RETURN, 0, 0, ALLOW))]
        found += block(numbers[column], [load_argument(argument), *allowing, (RETURN, 0, 0, NOT_PERMITTED)])
    for numbers, argument in OPENING.values():
        reading = [(JUMP_IF_ANY_BIT, 0, 1, TO_WRITE), (RETURN, 0, 0, NOT_PERMITTED), (RETURN, 0, 0, ALLOW)]
        found += block(numbers[column], [load_argument(argument), *reading])
    return [*found, (RETURN, 0, 0, NOT_PERMITTED)]


def block(number: int | None, instructions: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """These instructions for the call of this number; each of them ends with a return."""
    return [] if number is None else [(JUMP_IF_EQUAL, 0, len(instructions), number), *instructions]


def load_argument(number: int) -> tuple[int, int, int, int]:
    """The lower half of one of the call's arguments, where the kernel reads a whole number of four bytes."""
    return (LOAD, 0, 0, ARGUMENTS_AT + 8 * number)


def forbid_system_calls(may_write: bool) -> None:
    """From here on and for good, all other calls fail with "Operation not permitted".

    Args: see `program`.
    Raises: OSError if the system has no such filter.
    """
    instructions = [Instruction(*one) for one in program(may_write)]
    array = (Instruction * len(instructions))(*instructions)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, 2, ctypes.byref(Program(len(instructions), array)))
