"""A process that has imported torch and forks a fresh one for every answer, so that no answer waits for an import.

It never sees an exercise. It watches the process it forked: its memory, what it starts, its end.
"""

import contextlib
import gc
import json
import math
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass

import psutil

from course_lib.grading.sandbox import isolation
from course_lib.grading.sandbox.large_pages import take_large_pages
from course_lib.grading.sandbox.limits import CPU_SECONDS, MEMORY, MOST_PROCESSES
from course_lib.grading.sandbox.namespaces import WORK_FOLDER
from course_lib.grading.sandbox.visible import DEVICES, visible_paths, without

# seconds between two looks at a process: each costs about a millisecond, and most answers are done before the first
BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class FirstWords:
    """What the marking process says once, at the start.

    Attributes:
        control: number of the inherited socket over which channels arrive.
        level: see `isolation.LEVELS`.
        folder: holds this package's machinery, and an empty folder "root".
        path: where modules are imported from.
        hidden: the course's own folders.
    """

    control: int
    level: str
    folder: str
    path: tuple[str, ...]
    hidden: tuple[str, ...]


def main(first_words: dict) -> None:
    """Shut this process in, import torch, and serve until the marking process ends."""
    settings = FirstWords(**first_words)
    control = socket.socket(fileno=settings.control)
    # an editable installation would lead to the real library
    sys.meta_path[:] = [finder for finder in sys.meta_path if "__editable__" not in getattr(finder, "__module__", "")]
    try:
        isolation.enter(settings.level, f"{settings.folder}/root", settings.hidden)
        os.environ["TMPDIR"] = WORK_FOLDER if settings.level == "namespaces" else tempfile.gettempdir()
        # the same for every answer, and it looks through all folders that Python imports from
        files = readable(settings)
        try_out(settings, files)
        import_everything()
    except Exception as error:
        tell(control, "refused", f"{type(error).__name__}: {error}")
        return
    tell(control, "ready")
    serve(control, settings.level, files)


def import_everything() -> None:
    """What an answer may need, so that no fork has to load it again."""
    import numpy.random  # noqa: F401 (numpy loads it when it is first asked for)
    import torch
    import torch.nn.functional as F
    import torch.utils.flop_counter  # what the library needs of torch and `import torch` leaves out

    import course_lib.grading.sandbox.child  # noqa: F401

    if torch.distributed.is_available():
        import torch.distributed.nn.jit.instantiator  # in older torch it makes a folder, which an answer may not

    torch.set_num_threads(1)
    # first uses load more than imports do
    layer = torch.nn.Conv2d(1, 1, 1)
    F.group_norm(layer(torch.zeros(1, 1, 2, 2)), 1).sum().backward()
    gc.collect()
    gc.freeze()
    take_large_pages()


def try_out(settings: FirstWords, files: list[str]) -> None:
    """Fork once, so that what the level promises and the system does not keep is known at the start.

    Raises: OSError with what was refused.
    """
    reader, writer = os.pipe()
    folder = work_folder(settings.level)
    pid = isolation.fork(settings.level)
    if pid == 0:
        try:
            isolation.seal(settings.level, folder, files)
        except BaseException as error:
            os.write(writer, f"{type(error).__name__}: {error}".encode()[:500])
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    refused = os.read(reader, 500).decode(errors="replace")
    os.close(reader)
    remove(folder, settings.level)
    if refused:
        raise OSError(refused)


def tell(control: socket.socket, word: str, text: str = "") -> None:
    control.sendall(json.dumps([word, text[:500]]).encode())


def serve(control: socket.socket, level: str, files: list[str]) -> None:
    """For each channel that arrives, fork a process that answers on it, and say why it ended."""
    while True:
        word, descriptors, *_ = socket.recv_fds(control, 16, 1)
        if descriptors:
            folder = work_folder(level)
            pid = fork_answering(socket.socket(fileno=descriptors[0]), control, level, folder, files)
            why = watched_until_its_end(pid, control)
            remove(folder, level)
            tell(control, "ended", why)
        elif not word:
            return


def work_folder(level: str) -> str:
    return WORK_FOLDER if level == "namespaces" else os.path.realpath(tempfile.mkdtemp(prefix="answer-"))


def remove(folder: str, level: str) -> None:
    if level != "namespaces":
        shutil.rmtree(folder, ignore_errors=True)


def readable(settings: FirstWords) -> list[str]:
    """The files that remain readable where they cannot be hidden."""
    return without([*visible_paths(settings.hidden), *DEVICES], [*settings.hidden, settings.folder])


def fork_answering(channel: socket.socket, control: socket.socket, level: str, folder: str, files: list[str]) -> int:
    pid = isolation.fork(level)
    if pid == 0:
        try:
            control.close()
            isolation.seal(level, folder, files)
            from course_lib.grading.sandbox.channel import Channel
            from course_lib.grading.sandbox.child import serve_answer

            serve_answer(Channel(channel))
        finally:
            os._exit(0)
    channel.close()
    return pid


def watched_until_its_end(pid: int, control: socket.socket) -> str:
    """Wait until the process ends, takes too much, or is not wanted any more: the marking process says so, or is gone.

    Returns: "exit N", "signal N", "time", "memory", "processes" or "stopped". Nothing it started is left.
    """
    shared, wait, no_longer_than = held(os.getpid()), BETWEEN_LOOKS, math.inf
    try:
        while True:
            if select.select([control], [], [], wait)[0]:
                if control.recv(16) != b"died":
                    return "stopped"
                # its end of the channel closed: how it ended is known soon
                wait, no_longer_than = 0.005, time.monotonic() + 1
            gone, status, used = os.wait4(pid, os.WNOHANG)
            if gone:
                if used.ru_utime + used.ru_stime > CPU_SECONDS - 1:
                    return "time"
                return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
            family = psutil.Process().children(recursive=True)
            if sum(max(0, held(one.pid) - shared) for one in family) > MEMORY:
                return "memory"
            if len(family) > MOST_PROCESSES:
                return "processes"
            if time.monotonic() > no_longer_than:
                return "stopped"
    finally:
        kill_family(pid)


def held(pid: int) -> int:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).memory_info().rss
    return 0


def kill_family(pid: int) -> None:
    """End every process that stems from this one, also those that moved to a session of their own."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        for one in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                one.kill()
        time.sleep(0.001)
