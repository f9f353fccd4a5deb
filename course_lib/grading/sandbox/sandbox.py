"""The marking process's side of the sandbox: starts the process that forks, hands out one fresh process an answer."""

import contextlib
import json
import os
import site
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

import psutil

from course_lib.grading.sandbox.channel import Channel
from course_lib.grading.sandbox.isolation import LEVELS
from course_lib.grading.sandbox.library import PACKAGE, write_machinery
from course_lib.grading.sandbox.limits import scrubbed_environment
from course_lib.grading.sandbox.zygote import FirstWords

START_SECONDS = 180.0
END_SECONDS = 10.0
BOOT = (
    "import json, sys; settings = json.load(sys.stdin); sys.path[:] = settings['path']; "
    "from course_lib.grading.sandbox.zygote import main; main(settings)"
)
# folders beside the package that learners' code must not see either; a build of the package holds it once more
BESIDE = ("solutions", "notebooks", "tests", "my_work", "build", ".git")
# where Pythons keep what is installed, below their own folder: also environments and packages of conda's
PACKAGES = ("lib*/python*/site-packages", "lib*/python*/dist-packages", "lib*/python*/site-packages/*.egg")
INSTALLED = (*PACKAGES, *(f"{place}/*/{pattern}" for place in ("envs", "pkgs") for pattern in PACKAGES))


class IsolationError(RuntimeError):
    """The system does not offer the isolation that was asked for."""


class Sandbox:
    """Runs learners' code out of reach. Use it in a with statement; one serves any number of learners in turn.

    Args:
        at_least: the lowest level of isolation to accept, a key of `isolation.LEVELS`.
        at_most: the highest one to try; lower than the best only in tests.
    Attributes:
        level: the level in force.
        refusals: why it is not a better one.
    Raises: ValueError for an unknown level; IsolationError if the system offers less than `at_least`.
    """

    def __init__(self, at_least: str = "limits", at_most: str = "namespaces") -> None:
        order = list(LEVELS)
        for name, level in (("at_least", at_least), ("at_most", at_most)):
            if level not in LEVELS:
                raise ValueError(f"{name} is {level!r}; allowed: {', '.join(LEVELS)}")
        self._wanted = order[order.index(at_least) : order.index(at_most) + 1][::-1]
        self._folder = tempfile.TemporaryDirectory(prefix="marking-")
        write_machinery(Path(self._folder.name))
        (Path(self._folder.name) / "root").mkdir()
        self._zygote: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self.level, self.refusals = "", []
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._stop()
        self._folder.cleanup()

    @contextlib.contextmanager
    def process(self) -> Iterator["AnswerProcess"]:
        """A fresh process that waits for an answer; it is gone, with all it started, when the block ends."""
        if self._zygote is None or self._zygote.poll() is not None:
            self._stop()
            self._start()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
            except OSError:  # ended just now, by the answer before
                self._stop()
                self._start()
                socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
        process = AnswerProcess(Channel(ours), self)
        try:
            yield process
        finally:
            process.end(b"stop")

    def why_it_ended(self, word: bytes) -> str:
        """Ask for the end of the process that was handed out last. Returns the reason, see `zygote`."""
        try:
            self._control.sendall(word)
            told, why = self._heard(END_SECONDS)
            if told == "ended":
                return why
        except (OSError, ValueError):
            pass
        self._stop()  # the forking process itself was harmed; the next answer starts another
        return "harmed"

    def _start(self) -> None:
        for level in self._wanted:
            self._launch(level)
            try:
                word, text = self._heard(START_SECONDS)
            except (OSError, ValueError):
                word, text = "refused", self._errors()
            if word == "ready":
                self.level, self._wanted = level, [level]
                return
            self.refusals.append(f"{level}: {text}")
            self._stop()
        raise IsolationError("; ".join(self.refusals))

    def _launch(self, level: str) -> None:
        ours, theirs = socket.socketpair()
        settings = FirstWords(
            control=theirs.fileno(),
            level=level,
            folder=os.path.realpath(self._folder.name),
            path=(os.path.realpath(self._folder.name), *python_path()),
            hidden=hidden_folders(),
        )
        with theirs, open(f"{self._folder.name}/errors", "wb") as errors:
            self._zygote = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", BOOT],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=self._folder.name,
                env=scrubbed_environment(tempfile.gettempdir()),
                start_new_session=True,
            )
            # not among the arguments, which every user of the machine can read
            with contextlib.suppress(OSError), self._zygote.stdin as first_words:
                first_words.write(json.dumps(asdict(settings)).encode())
        self._control = ours

    def _errors(self) -> str:
        return (Path(self._folder.name) / "errors").read_text(errors="replace").strip()[-500:]

    def _heard(self, seconds: float) -> tuple[str, str]:
        """One message of the forking process. Raises: OSError or ValueError if none comes."""
        deadline, text = time.monotonic() + seconds, b""
        while not text.endswith(b"]"):
            self._control.settimeout(max(0.01, deadline - time.monotonic()))
            piece = self._control.recv(4096)
            if not piece:
                raise ConnectionError("the forking process is gone")
            text += piece
        word, why = json.loads(text)
        return word, why

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._zygote is not None:
            # by itself, so that it waits for its own and what they used is counted; else by force
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._zygote.wait(1)
            with contextlib.suppress(psutil.Error):
                for one in (*psutil.Process(self._zygote.pid).children(recursive=True), self._zygote):
                    one.kill()
            self._zygote.wait()
        self._control = self._zygote = None


class AnswerProcess:
    """One fresh process: `channel` leads to it."""

    def __init__(self, channel: Channel, sandbox: Sandbox) -> None:
        self.channel = channel
        self.ended_by = ""
        self._sandbox = sandbox

    def end(self, word: bytes) -> str:
        """End it, if it has not ended by itself. Returns why it ended."""
        self.channel.close()
        self.ended_by = self.ended_by or self._sandbox.why_it_ended(word)
        return self.ended_by


def hidden_folders() -> tuple[str, ...]:
    """The course's own: the package, with its checks and every lesson's files, and what lies beside it; and whatever
    other copy of it is installed among the files that Python needs, for another Python too."""
    copies = {PACKAGE}
    for entry in (*sys.path, *site.getsitepackages(), site.getusersitepackages()):
        copies.add(Path(entry or ".").absolute() / PACKAGE.name)
    for prefix in {sys.prefix, sys.base_prefix, "/usr", "/usr/local"}:
        for pattern in INSTALLED:
            copies |= {found / PACKAGE.name for found in Path(prefix).glob(pattern)}
    copies = {copy for copy in copies if (copy / "checks").is_dir()}
    folders = {folder for copy in copies for folder in (copy, *(copy.parent / name for name in beside(copy)))}
    return tuple(sorted(str(folder) for folder in folders if folder.is_dir()))


def beside(copy: Path) -> tuple[str, ...]:
    """What else of a checkout lies beside a copy of the package; nothing beside one that is installed."""
    return BESIDE if (copy.parent / "pyproject.toml").is_file() else ()


def python_path() -> list[str]:
    """Where this Python finds its own library, torch and what torch needs; nothing else that is on the path."""
    needed = ("torch", "numpy", "psutil")
    prefixes = tuple(f"{os.path.realpath(prefix)}{os.sep}" for prefix in (sys.prefix, sys.base_prefix))
    found = []
    for entry in filter(os.path.exists, sys.path):
        packages = any(os.path.isdir(os.path.join(entry, name)) for name in needed)
        of_python = os.path.realpath(entry).startswith(prefixes)
        if packages or (of_python and not os.path.isdir(os.path.join(entry, "course_lib"))):
            found.append(os.path.abspath(entry))
    return found
