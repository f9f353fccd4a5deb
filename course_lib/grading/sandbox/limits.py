"""What one learner's process may use, and what is left to it of the surroundings."""

import contextlib
import os
import resource
import signal
import sys

import psutil

# beyond what torch itself holds; a UNet of the checks needs a few dozen MiB
MEMORY = 2**30
# of a process that marks, beyond what it holds at its start; it holds 0.7 GB after a class
WORKER_MEMORY = 4 * 2**30
# the longest right answer needs about three
CPU_SECONDS = 20
FILE_BYTES = 16 * 2**20
OPEN_FILES = 64
# an answer starts no other process; where the system cannot forbid it, more than these end it
MOST_PROCESSES = 3


def data_held() -> int:
    """Bytes that count for RLIMIT_DATA in this process; 0 where the system does not tell."""
    return getattr(psutil.Process().memory_info(), "data", 0)


def set_limits(data: int) -> None:
    """Limit this process for good: memory, processor time, size and number of files, no core dump, no processes.

    RLIMIT_DATA and not RLIMIT_AS: torch reserves gigabytes of addresses that it never uses.

    Args:
        data: bytes that the process holds already, see `data_held`.
    """
    limits = {
        "RLIMIT_DATA": data + MEMORY,
        "RLIMIT_CPU": CPU_SECONDS,
        "RLIMIT_FSIZE": FILE_BYTES,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    for name, most in limits.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # macOS knows some of them by name only
            continue


def limit_worker() -> None:
    """Limit the memory of this process, which marks: what no answer should bring about must not fill the machine.

    A soft limit, since the processes of the answers have their own.
    """
    kind = getattr(resource, "RLIMIT_DATA", None)
    if kind is None:
        return
    hard = resource.getrlimit(kind)[1]
    most = data_held() + WORKER_MEMORY
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def scrubbed_environment(home: str) -> dict[str, str]:
    """What a learner's process finds in os.environ: nothing of the instructor's."""
    return {
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONHASHSEED": "0",
    }


def settle(folder: str) -> None:
    """In a new process: a session of its own, nothing to read from or print to, an empty folder to work in."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    if nothing > 2:
        os.close(nothing)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(scrubbed_environment(folder))
    sys.argv = [""]
