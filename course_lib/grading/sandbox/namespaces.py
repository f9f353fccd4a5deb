"""A private view of the system for learners' processes (Linux namespaces): Python's own files, no network, nobody else.

Needs no privileges where the system allows unprivileged user namespaces.
"""

import ctypes
import os
import platform
from collections.abc import Iterable
from pathlib import Path

from course_lib.grading.sandbox.kernel import checked, libc, system_call
from course_lib.grading.sandbox.visible import DEVICES, visible_paths

NEW_MOUNTS, NEW_HOST_NAME, NEW_IPC, NEW_USERS = 0x00020000, 0x04000000, 0x08000000, 0x10000000
NEW_PROCESSES, NEW_NETWORK = 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, BIND, RECURSIVE, PRIVATE, DETACH = 1, 2, 4, 8, 4096, 16384, 1 << 18, 2
AT_FDCWD, AT_RECURSIVE, MOUNT_SETATTR = -100, 0x8000, 442
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
CAPSET = {"x86_64": 126, "aarch64": 91}
CAPABILITIES_VERSION_3 = 0x20080522

INSIDE_ID = 1000
WORK_FOLDER = "/answer"
WORK_SIZE = "size=32m,nr_inodes=2000,mode=700"


def enter_private_world(empty_folder: str, hidden: Iterable[str]) -> None:
    """Move this process into a world of its own, whose processes and files are all there is.

    Returns in a new process, number 1 of that world; the old one waits for it and ends.

    Args:
        empty_folder: an existing empty folder, where the new world's root is put together.
        hidden: folders that must not be seen, should they lie in one that is.
    Raises: OSError if the system does not allow it.
    """
    user, group = os.geteuid(), os.getegid()
    unshare(NEW_USERS | NEW_MOUNTS | NEW_PROCESSES | NEW_NETWORK | NEW_IPC | NEW_HOST_NAME)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INSIDE_ID} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{INSIDE_ID} {group} 1")
    pid = os.fork()
    if pid:
        os.closerange(3, 256)
        os.waitpid(pid, 0)
        os._exit(0)
    mount(None, "/", None, RECURSIVE | PRIVATE)
    put_together(empty_folder, [*visible_paths(hidden), *DEVICES], hidden)
    mount("proc", f"{empty_folder}/proc", "proc", NO_SUID | NO_DEVICES | NO_PROGRAMS)
    change_root(empty_folder)
    mount("tmpfs", WORK_FOLDER, "tmpfs", NO_SUID | NO_DEVICES | NO_PROGRAMS, WORK_SIZE)


def put_together(root: str, paths: Iterable[str], hidden: Iterable[str]) -> None:
    """Make `root` an empty file system in which only `paths` stand, at the places where they stand now."""
    mount("tmpfs", root, "tmpfs", NO_SUID | NO_DEVICES, "size=1m")
    for name in ("proc", "old", WORK_FOLDER.strip("/")):
        os.mkdir(f"{root}/{name}")
    for path in sorted(paths, key=len):
        real, place = os.path.realpath(path), f"{root}{path}"
        if not os.path.lexists(f"{root}{real}"):
            show(real, f"{root}{real}")
        if not os.path.lexists(place):  # a link: /lib is one to /usr/lib on many systems
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.symlink(real, place)
    for folder in hidden:
        if os.path.isdir(f"{root}{folder}"):
            mount("tmpfs", f"{root}{folder}", "tmpfs", READ_ONLY, "size=4k")


def show(path: str, place: str) -> None:
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if os.path.isdir(path):
        os.mkdir(place)
    else:
        Path(place).touch()
    mount(path, place, None, BIND | RECURSIVE)


def change_root(root: str) -> None:
    """Make `root` the only file system there is, and read-only with all that is mounted in it."""
    system_call(PIVOT_ROOT[platform.machine()], root.encode(), f"{root}/old".encode())
    os.chdir("/")
    checked(libc().umount2(b"/old", DETACH), "umount2")
    os.rmdir("/old")
    attributes = (ctypes.c_uint64 * 4)(READ_ONLY | NO_SUID, 0, 0, 0)  # to set, to clear, propagation, user namespace
    where = (ctypes.c_int(AT_FDCWD), b"/", ctypes.c_uint(AT_RECURSIVE))
    system_call(MOUNT_SETATTR, *where, attributes, ctypes.c_size_t(ctypes.sizeof(attributes)))


def fork_into_own_numbers() -> int:
    """As os.fork, but the new process is number 1 of a process namespace: when it ends, all it started has ended."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    unshare(NEW_PROCESSES)
    pid = os.fork()
    if pid:
        checked(libc().setns(own, NEW_PROCESSES), "setns")
    os.close(own)
    return pid


def take_empty_folder() -> None:
    """Give this process an empty work folder of limited size that vanishes with it, and take /proc away."""
    unshare(NEW_MOUNTS | NEW_IPC)
    mount("tmpfs", WORK_FOLDER, "tmpfs", NO_SUID | NO_DEVICES | NO_PROGRAMS, WORK_SIZE)
    mount("tmpfs", "/proc", "tmpfs", READ_ONLY, "size=4k")


def drop_privileges() -> None:
    """Give up what this process may do as the owner of its namespaces, or as root.

    Raises: OSError or KeyError if that is not to be had.
    """
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION_3, 0)
    system_call(CAPSET[platform.machine()], header, (ctypes.c_uint32 * 6)())


def unshare(flags: int) -> None:
    checked(libc().unshare(flags), "unshare")


def mount(source: str | None, place: str, kind: str | None, flags: int, options: str | None = None) -> None:
    encoded = [text.encode() if text is not None else None for text in (source, place, kind, options)]
    source, place, kind, options = encoded
    checked(libc().mount(source, place, kind, ctypes.c_ulong(flags), options), f"mount at {place}")
