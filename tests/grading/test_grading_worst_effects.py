"""What the worst that an answer can do comes to, at each level of isolation, and at none of them to more than one mark.

Each attempt is made by an answer that would be told in its message if it had worked.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from course_lib.checks.result import CheckResult
from course_lib.grading import marking
from course_lib.grading.marking import mark_answers
from course_lib.grading.marks import Answer
from course_lib.grading.sandbox import IsolationError, Sandbox
from course_lib.grading.sandbox import sandbox as sandbox_module
from course_lib.grading.sandbox.library import PACKAGE, write_machinery
from course_lib.grading.sandbox.sandbox import hidden_folders

slow = pytest.mark.skipif(
    not os.environ.get("COURSE_SLOW_TESTS"), reason="starts a sandbox of its own: set COURSE_SLOW_TESTS=1 to run it"
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="these levels are Linux's")
RIGHT = """\
def conv_output_size(size, kernel_size, stride=1, padding=0):
    return (size + 2 * padding - kernel_size) // stride + 1
"""
BEGINNING = """\
import ctypes, fcntl, os, signal, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)

def errno_of(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")

def f_setown(victim):
    fcntl.fcntl(CHANNEL, fcntl.F_SETOWN, victim)
    fcntl.fcntl(CHANNEL, 10, signal.SIGKILL)
    fcntl.fcntl(CHANNEL, fcntl.F_SETFL, fcntl.fcntl(CHANNEL, fcntl.F_GETFL) | os.O_ASYNC)

CHANNEL = 3
worked = []

def attempt(name, act):
    try:
        act()
    except BaseException:
        return
    worked.append(name)

"""
# on files of the user that marks; and on processes of theirs
ON_FILES = {
    "read": "open(FILE).read()",
    "write": "open(FILE, 'w')",
    "append": "os.open(FILE, os.O_RDWR)",
    "create": "open(FOLDER + '/made', 'w')",
    "make a folder": "os.mkdir(FOLDER + '/folder')",
    "remove": "os.remove(FILE)",
    "rename": "os.rename(FILE, FILE + '2')",
    "truncate": "os.truncate(FILE, 0)",
    "link": "os.link(FILE, FOLDER + '/link')",
    "symlink": "os.symlink(FILE, FOLDER + '/symlink')",
    "chmod": "os.chmod(FILE, 0)",
    "chmod of the folder": "os.chmod(FOLDER, 0o777)",
    "fchmod": "os.fchmod(os.open(SEEN, os.O_RDONLY), 0o644)",
    "chown": "os.chown(FILE, os.getuid(), os.getgid())",
    "lchown": "os.lchown(FILE, -1, -1)",
    "utime": "os.utime(FILE)",
    "utimes": "errno_of(libc.utimes(FILE.encode(), None))",
    "futimens": "errno_of(libc.futimens(os.open(SEEN, os.O_RDONLY), None))",
    "setxattr": "os.setxattr(FILE, 'user.x', b'1')",
    "removexattr": "os.removexattr(FILE, 'user.there')",
    "mknod": "os.mkfifo(FOLDER + '/fifo')",
    "flags": "fcntl.ioctl(os.open(SEEN, os.O_RDONLY), 0x40086602, struct.pack('l', 0))",
    "lock": "fcntl.flock(os.open(SEEN, os.O_RDONLY), fcntl.LOCK_EX)",
    "lease": "fcntl.fcntl(os.open(SEEN, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)",
}
ON_PROCESSES = {
    "kill": "os.kill(VICTIM, 9)",
    "kill a group": "os.killpg(VICTIM, 9)",
    "queue": "errno_of(libc.sigqueue(VICTIM, 9, None))",
    "by the owner of a socket": "f_setown(VICTIM)",
    "by the owner, of a descriptor": "[fcntl.fcntl(n, fcntl.F_SETOWN, VICTIM) for n in (0, 1, 2)]",
    "by a longer owner": "fcntl.fcntl(0, 15, struct.pack('ii', 1, VICTIM))",
    "by ioctl": "fcntl.ioctl(0, 0x8901, struct.pack('i', VICTIM))",
    "priority": "os.setpriority(os.PRIO_PROCESS, VICTIM, 19)",
    "limits": "__import__('resource').prlimit(VICTIM, 0, (1, 1))",
    "trace": "errno_of(libc.ptrace(16, VICTIM, 0, 0))",
    "its memory": "open(f'/proc/{VICTIM}/mem', 'rb').read(1)",
    "its words": "open(f'/proc/{VICTIM}/environ', 'rb').read(1)",
    "fork": "os.fork() == 0 and os._exit(0)",
    "thread": "__import__('_thread').start_new_thread(print, ())",
    "program": "os.posix_spawn('/bin/true', ['true'], {})",
    "socket": "socket.socket()",
    "socket pair": "socket.socketpair()",
    "memory without a name": "os.memfd_create('x')",
    "a capability": "errno_of(libc.sethostname(b'x', 1))",
    "another root": "os.chroot('/')",
    "another user": "os.setuid(65534)",
}
# what a level leaves open, told to instructors
OPEN = {"namespaces": set(), "filters": set(), "limits": {"read", "its words"}}


def answer(code):
    return Answer("conv_output_size", "conv_output_size", code, code)


def without_landlock(folder):
    """As on a system that has none: its call fails, and the other filter is to stay."""
    write_machinery(folder)
    path = folder / "course_lib" / "grading" / "sandbox" / "landlock.py"
    path.write_text(path.read_text().replace("= 444,", "= 9999,"))


def open_sandbox(level):
    try:
        return Sandbox(at_least=level, at_most=level)
    except IsolationError as error:
        pytest.skip(str(error))


@pytest.fixture
def victim():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


@linux
@pytest.mark.parametrize("level", ["namespaces", "filters", "limits"])
def test_the_worst_effects_of_an_answer(level, tmp_path, victim, monkeypatch):
    if level == "limits":
        monkeypatch.setattr(sandbox_module, "write_machinery", without_landlock)
    file = tmp_path / "file"
    file.write_text("alive")
    before = (file.stat(), tmp_path.stat(), sorted(os.listdir(tmp_path)))
    names = f"FILE, FOLDER, VICTIM, SEEN = {str(file)!r}, {str(tmp_path)!r}, {victim.pid}, {os.__file__!r}\n"
    seen = "SEEN = FILE if os.access(FILE, os.R_OK) else SEEN\n"
    acts = "".join(f"attempt({name!r}, lambda: {act})\n" for name, act in {**ON_FILES, **ON_PROCESSES}.items())
    ending = "def conv_output_size(*a, **k):\n    raise RuntimeError('worked: ' + ', '.join(sorted(worked)) + '.')\n"
    with open_sandbox(level) as sandbox:
        bad, right = mark_answers(
            [answer(BEGINNING + names + seen + acts + ending), answer(RIGHT)], seed=1, sandbox=sandbox
        )
    assert right.status == "passed"
    assert bad.status == "failed", bad
    told = bad.message.split("worked: ")[1].split(".")[0]
    worked = set(filter(None, told.split(", ")))
    assert victim.poll() is None
    assert file.read_text() == "alive"
    after = (file.stat(), tmp_path.stat(), sorted(os.listdir(tmp_path)))
    for old, new in zip(before[:2], after[:2], strict=True):
        assert (old.st_mode, old.st_uid, old.st_mtime_ns) == (new.st_mode, new.st_uid, new.st_mtime_ns)
    assert before[2] == after[2]
    assert worked <= OPEN[level], worked - OPEN[level]


@slow
@linux
def test_root_has_no_powers_left():
    """Of a process that is sealed, at each level; there are none to lose for anybody else."""
    for level in ("namespaces", "filters", "limits"):
        with open_sandbox(level) as sandbox, sandbox.process():
            assert powers_of_the_sealed(sandbox) == 0, level


def powers_of_the_sealed(sandbox):
    """The effective capabilities of the process that waits for an answer, once it is sealed."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for child in psutil.Process(sandbox._zygote.pid).children(recursive=True):
            status = Path(f"/proc/{child.pid}/status").read_text()
            if "Seccomp:\t2" in status:
                return int(status.split("CapEff:")[1].split()[0], 16)
        time.sleep(0.01)
    raise AssertionError("no process was sealed")


@slow
@linux
def test_the_settings_of_a_run_are_no_arguments():
    with Sandbox() as sandbox:
        family = [psutil.Process(sandbox._zygote.pid), *psutil.Process(sandbox._zygote.pid).children(recursive=True)]
        words = " ".join(word for one in family for word in one.cmdline())
        assert str(PACKAGE.parent) not in words.replace(sys.executable, "")
        assert "hidden" not in words


def test_every_installed_copy_is_hidden(tmp_path, monkeypatch):
    """Another Python's, an egg, one by another entry of the path."""
    places = [
        tmp_path / "prefix" / "lib" / "python3.12" / "site-packages",
        tmp_path / "prefix" / "lib" / "python3" / "dist-packages",
        tmp_path / "prefix" / "lib" / "python3.11" / "site-packages" / "unet-1.egg",
        tmp_path / "prefix" / "envs" / "other" / "lib" / "python3.13" / "site-packages",
        tmp_path / "somewhere",
    ]
    for place in places:
        (place / "course_lib" / "checks").mkdir(parents=True)
    checkout = tmp_path / "checkout"
    (checkout / "course_lib" / "checks").mkdir(parents=True)
    (checkout / "solutions").mkdir()
    (checkout / "pyproject.toml").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(places[-1]), str(checkout)])
    hidden = hidden_folders()
    assert {str(place / "course_lib") for place in places} <= set(hidden)
    assert str(checkout / "solutions") in hidden
    assert str(PACKAGE) in hidden


# what is too much, or of another kind than asked for: name -> the line that returns it
ODD_REPLIES = {
    "a tensor where a tuple is expected": "torch.zeros(2**22)",
    "a tensor without numbers and millions of rows": "torch.zeros(2**26, 0)",
    "a tensor that is as large as allowed": "torch.zeros(2**19)",
    "a long text": "'x' * 500_000",
    "a long tuple": "(1,) * 100_000",
    "a long list": "[0.5] * 100_000",
    "a tuple of tensors": "(torch.zeros(2**18),) * 30",
    "many small tensors": "tuple(torch.zeros(1) for _ in range(5_000))",
    "a number that is none": "float('nan')",
    "infinity": "float('inf')",
    "the largest number": "2**63 - 1",
    "a longer one": "2**4000",
    "a complex one": "torch.tensor(1j)",
    "nothing in it": "torch.zeros(0)",
    "no axis": "torch.tensor(1)",
    "sixteen axes": "torch.zeros((1,) * 16)",
    "seventeen axes": "torch.zeros((1,) * 17)",
    "a truth": "torch.tensor(True)",
    "half precision": "torch.zeros(3, dtype=torch.float16)",
    "a dict": "{'a': 1}",
    "a dict of numbers": "{1: torch.ones(2)}",
    "a set": "{1, 2}",
    "bytes": "b'x'",
    "a type": "int",
    "a function": "print",
    "a module": "torch",
    "an exception": "ValueError('x')",
    "a generator": "(x for x in range(3))",
    "a layer": "torch.nn.Linear(1, 1)",
    "a dtype": "torch.float32",
    "a device": "torch.device('meta')",
    "a shape": "torch.Size([1, 2])",
    "an empty tuple": "()",
    "nested": "((((1,),),),)",
    "a lone surrogate": "'\\udc80'",
    "not implemented": "NotImplemented",
    "ellipsis": "...",
    "a range": "range(10**9)",
}
ASKED = {
    "conv_output_size": "def conv_output_size(*a, **k):\n    return {}\n",
    "from_pixels": "def from_pixels(*a, **k):\n    return {}\n",
    "parameter_budget": "def parameter_budget(*a, **k):\n    return {}\n",
    "Upsample": (
        "class Upsample(torch.nn.Module):\n"
        "    def __init__(self, channels):\n"
        "        super().__init__()\n"
        "        self.conv = torch.nn.Conv2d(channels, channels, 3, padding=1)\n"
        "    def forward(self, *a, **k):\n"
        "        return {}\n"
    ),
}


@slow
def test_no_reply_is_a_marking_error_or_fills_the_memory():
    answers = [
        Answer(exercise, exercise, "import torch\n" + form.format(odd), "")
        for number, odd in enumerate(ODD_REPLIES.values())
        for exercise, form in [list(ASKED.items())[number % len(ASKED)]]
    ]
    process = psutil.Process()
    with Sandbox() as sandbox:
        mark_answers(answers[:2], seed=1, sandbox=sandbox)
        before = process.memory_info().rss
        marks = mark_answers(answers, seed=1, sandbox=sandbox)
    assert {mark.status for mark in marks} <= {"failed", "crashed", "memory", "timeout"}, [
        (mark, one.code) for mark, one in zip(marks, answers, strict=True) if mark.status == "marking error"
    ]
    assert process.memory_info().rss - before < 1.5 * 2**30


@slow
@linux
def test_a_process_that_marks_has_a_limit_of_its_own():
    code = "from course_lib.grading.sandbox.limits import limit_worker; limit_worker(); x = bytearray(8 * 2**30)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert "MemoryError" in done.stderr


@slow
def test_each_way_to_read_the_parameters_has_a_process_of_its_own(monkeypatch):
    """A class that switches to another formula each time that it is asked again begins each time as at the first."""
    starts = []
    first = marking.Processes.first
    monkeypatch.setattr(marking.Processes, "first", lambda self: starts.append(1) or first(self))
    monkeypatch.setattr(marking, "examine_answer", lambda exercise, handle, seed, afresh: asked_three_times(afresh))
    code = "asked = []\ndef from_pixels(x):\n    asked.append(1)\n    return len(asked)\n"
    seen = []

    def asked_three_times(afresh):
        seen.extend(afresh().call(None, (torch.zeros(1),), {}) for _ in range(3))
        return CheckResult("passed", "")

    with Sandbox() as sandbox:
        mark_answers([Answer("from_pixels", "from_pixels", code, "")], seed=1, sandbox=sandbox)
    assert len(starts) == 4
    assert seen == [1, 1, 1]
