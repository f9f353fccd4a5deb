"""Hostile answers: each loses, with a clear verdict, and nothing else changes."""

import ast
import dataclasses
import inspect
import linecache
import os
import socket
import struct
import sys
from pathlib import Path

import psutil
import pytest
import torch
from hostile_answers import MORE_HOSTILE

from course_lib.checks import examine
from course_lib.checks.guard import Failure
from course_lib.checks.registry import exercises
from course_lib.checks.seam import Constructed, Gradients
from course_lib.grading.marking import mark_answers
from course_lib.grading.marks import Answer
from course_lib.grading.sandbox import LEVELS, IsolationError, Sandbox
from course_lib.grading.sandbox import channel as wire
from course_lib.grading.sandbox.channel import Channel, ChannelClosed, ChannelError
from course_lib.grading.sandbox.library import MACHINERY, PACKAGE, library_for, withheld
from course_lib.grading.sandbox.remote_handle import AnswerEnded, RemoteHandle, checked_failure
from course_lib.grading.sandbox.sandbox import hidden_folders
from course_lib.grading.sandbox.visible import visible_paths, without

slow = pytest.mark.skipif(
    not os.environ.get("COURSE_SLOW_TESTS"), reason="waits for a time limit: set COURSE_SLOW_TESTS=1 to run it"
)

ROOT = Path(__file__).resolve().parents[2]
SEED = 20

RIGHT = """
def conv_output_size(size, kernel_size, stride=1, padding=0):
    return (size + 2 * padding - kernel_size) // stride + 1
"""
BEGINNING = "import ctypes, gc, importlib, inspect, json, os, signal, socket, struct, sys, threading, time, torch\n"
HEAD = "def conv_output_size(size, kernel_size, stride=1, padding=0):\n    "
FAILED = {"failed"}
ENDED = {"crashed", "memory"}


def acting(*lines):
    """An answer that does something bad, and would be right otherwise: what is bad must not be needed to fail."""
    return BEGINNING + HEAD + "\n    ".join(lines) + "\n    return None"


# name: code, statuses that say what happened
HOSTILE = {
    "endless loop": (acting("while True: pass"), {"timeout"}),
    "loop that catches everything": (
        acting("while True:", "    try:", "        while True: pass", "    except BaseException: pass"),
        {"timeout"},
    ),
    "loop with the alarm taken away": (
        acting(
            "signal.signal(signal.SIGALRM, signal.SIG_IGN)", "signal.setitimer(signal.ITIMER_REAL, 0)", "while 1: 1"
        ),
        {"timeout"},
    ),
    "loop in C": (acting("sum(iter(int, 1))"), {"timeout"}),
    "loop at the top": (BEGINNING + "while True: pass\n" + RIGHT, {"timeout"}),
    "sleep": (acting("time.sleep(10**6)"), {"timeout"}),
    "fork bomb": (acting("while True: os.fork()"), FAILED | ENDED),
    "fork bomb that goes on": (
        acting("while True:", "    try: os.fork()", "    except OSError: pass"),
        {"timeout"} | ENDED,
    ),
    "daemon": (acting("if os.fork() == 0:", "    os.setsid()", "    time.sleep(600)"), FAILED | ENDED),
    "other program": (acting("import subprocess", "subprocess.run(['sleep', '600'])"), FAILED | ENDED),
    "exec": (acting("os.execv('/bin/sleep', ['sleep', '600'])"), FAILED | ENDED),
    "shell": (acting("os.system('sleep 600 &')"), FAILED | ENDED),
    "background thread": (acting("threading.Thread(target=time.sleep, args=(600,)).start()"), FAILED | ENDED),
    "memory bomb": (acting("x = []", "while True: x.append(torch.ones(30_000_000))"), {"memory", "timeout"}),
    "one huge tensor": (acting("return torch.zeros(10**13)"), {"memory"}),
    "one huge list": (acting("return [0] * 10**10"), {"memory"}),
    "huge result": (acting("return torch.zeros(10**8)"), FAILED | {"timeout"}),
    "long text": (acting("return 'x' * 10**8"), FAILED | {"timeout"}),
    "long number": (acting("return 10**5000"), FAILED),
    "deep recursion": (
        acting("sys.setrecursionlimit(10**9)", "return conv_output_size(size, kernel_size, stride, padding)"),
        {"crashed", "memory", "timeout"},
    ),
    "plain recursion": (acting("return conv_output_size(size, kernel_size, stride, padding)"), FAILED),
    "sys.exit": (acting("sys.exit(0)"), FAILED),
    "sys.exit at the top": ("import sys\nsys.exit(0)\n" + RIGHT, FAILED),
    "os._exit": (acting("os._exit(0)"), {"crashed"}),
    "os._exit at the top": ("import os\nos._exit(0)\n", {"crashed"}),
    "abort": (acting("os.abort()"), {"crashed"}),
    "kills its parent": (acting("os.kill(os.getppid(), 9)"), FAILED),
    "kills everybody": (acting("os.kill(-1, 9)"), FAILED),
    "segmentation fault": (acting("ctypes.string_at(0)"), {"crashed"}),
    "gigabytes of output": (acting("while True: print('x' * 10**7)"), {"timeout"}),
    "gigabytes past sys.stdout": (acting("while True: os.write(1, b'x' * 10**7)"), {"timeout"}),
    "deletes files": (
        acting("import shutil", "shutil.rmtree('/work', True)", "os.remove({canary!r})"),
        FAILED | {"timeout"},
    ),
    "overwrites files": (acting("open({canary!r}, 'w').write('gone')"), FAILED),
    "fills the disk": (
        acting("for i in range(1000):", "    with open(f'f{{i}}', 'wb') as f: f.write(b'x' * 10**7)"),
        FAILED,
    ),
    "fills shared memory": (acting("open('/dev/shm/hostile', 'wb').write(b'x' * 10**7)"), FAILED),
    "memory without a name": (acting("os.memfd_create('x')"), FAILED),
    "opens a socket": (acting("socket.create_connection(('127.0.0.1', {port}), 2)"), FAILED),
    "opens a unix socket": (acting("socket.socketpair()"), FAILED),
    "reads the checks": (acting("importlib.import_module('course_lib.checks.examination')"), FAILED),
    "reads what holds": (acting("importlib.import_module('course_lib.lessons.lesson04.conv_output_size')"), FAILED),
    "reads the reference": (
        acting("from course_lib import warm_ups", "inspect.getsource(warm_ups.Missing)"),
        FAILED,
    ),
    "reads the file": (acting("raise RuntimeError(open({source!r}).read()[:100])"), FAILED),
    "reads the folder": (acting("raise RuntimeError(str(os.listdir({root!r})))"), FAILED),
    "takes the path along": (
        acting(
            "sys.path.insert(0, {root!r})",
            "sys.modules.clear()",
            "sys.meta_path.pop(0)",
            "import course_lib.lessons.lesson04.conv_output_size",
        ),
        FAILED | ENDED,
    ),
    "imports the reference": ("from course_lib.warm_ups import conv_output_size", {"not attempted"}),
    "wraps the reference": (
        "import course_lib.warm_ups as r\ndef conv_output_size(*a):\n    return r.conv_output_size(*a)",
        {"not attempted"},
    ),
    "executes the reference's source": (
        acting(
            "import course_lib.warm_ups as r",
            "names = {{}}",
            "exec(inspect.getsource(r), names)",
            "return names['conv_output_size'](size, kernel_size, stride, padding)",
        ),
        FAILED | {"not attempted"},
    ),
    "looks through memory": (
        acting(
            "for one in gc.get_objects():",
            "    f = getattr(one, '__dict__', {{}}).get('conv_output_size') if type(one) is type(os) else None",
            "    if f is not None and f.__module__ == 'course_lib.warm_ups':",
            "        return f(size, kernel_size, stride, padding)",
        ),
        FAILED | {"not attempted"},
    ),
    "patches torch": (
        BEGINNING
        + "torch.allclose = torch.equal = lambda *a, **k: True\ntorch.Tensor.__eq__ = lambda *a: True\n"
        + HEAD
        + "return 0",
        FAILED | ENDED,
    ),
    "patches the checks that are there": (
        BEGINNING
        + "from course_lib.checks import compare, guard, handle\n"
        + "compare.difference = lambda *a, **k: ''\nhandle.to_data = lambda value: 7\n"
        + HEAD
        + "return 0",
        FAILED,
    ),
    "equal to everything": (
        acting(
            "class Same(int):",
            "    __eq__ = lambda self, other: True",
            "    __ne__ = lambda self, other: False",
            "    __sub__ = __rsub__ = lambda self, other: 0",
            "return Same(0)",
        ),
        FAILED,
    ),
    "evil object": (
        acting(
            "class Evil:",
            "    __class__ = int",
            "    def __repr__(self): os._exit(1)",
            "    def __reduce__(self): return os._exit, (1,)",
            "return Evil()",
        ),
        FAILED | ENDED,
    ),
    "tensor that lies": (
        acting(
            "class Liar(torch.Tensor):",
            "    shape = property(lambda self: (10**9,))",
            "    __torch_function__ = classmethod(lambda *a, **k: 3)",
            "return torch.zeros(4).as_subclass(Liar)",
        ),
        FAILED | ENDED,
    ),
    "writes to every open file": (
        acting("for number in range(64):", "    try: os.write(number, b'{{}}' * 50)", "    except OSError: pass"),
        {"crashed"},
    ),
    "forges a reply": (
        acting(
            "text = json.dumps({{'tuple': [2, 7, '', 0]}}).encode()",
            "for number in range(3, 64):",
            "    try: os.write(number, struct.pack('>IQ', len(text), 0) + text)",
            "    except OSError: pass",
        ),
        {"crashed"} | FAILED,
    ),
    "closes every open file": (acting("os.closerange(0, 1000)"), {"crashed"}),
    "replaces builtins": (
        "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.len = lambda *a: 0\n" + HEAD + "return 0",
        FAILED | ENDED,
    ),
    "traces": (
        "import sys\ndef trace(*a): raise SystemExit\nsys.settrace(trace)\n" + HEAD + "return 0",
        FAILED | ENDED,
    ),
    "at exit": ("import atexit, time\natexit.register(time.sleep, 600)\n" + HEAD + "return 0", FAILED),
    "raises its limits": (acting("import resource", "resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))"), FAILED),
    "new namespaces": (acting("assert ctypes.CDLL(None).unshare(0x10000000) == 0"), FAILED),
    "traces another process": (acting("assert ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0"), FAILED),
    "changes its environment": (acting("os.environ.clear()", "os.environ['PYTHONPATH'] = {root!r}"), FAILED),
    "changes its folder away": (acting("os.rmdir(os.getcwd())"), FAILED),
    "result in itself": (acting("x = []", "x.append(x)", "return x"), FAILED),
    "deep result": (acting("x = ()", "for _ in range(500): x = (x,)", "return x"), FAILED),
    "result on no device": (acting("return torch.zeros(2, device='meta')"), FAILED),
    "sparse result": (acting("return torch.zeros(2).to_sparse()"), FAILED),
    "complex result": (acting("return torch.zeros(2, dtype=torch.complex64)"), FAILED),
    "raises something odd": (
        acting("raise type('Odd', (BaseException,), {{'__str__': lambda self: 1}})"),
        FAILED | ENDED,
    ),
    "no definition": ("print('hello')", {"missing"}),
    "a number instead": ("conv_output_size = 3", FAILED),
    "no Python": ("def conv_output_size(:", FAILED),
    "a null byte": ("x = '\0'", FAILED),
    "very deep source": ("x = " + "(" * 5000 + ")" * 5000, FAILED | ENDED),
}

ALL_HOSTILE = {**HOSTILE, **MORE_HOSTILE}
# what may run into a limit of seconds takes that long; of these, one of each kind is always tried
ALWAYS = {"endless loop", "loop with the alarm taken away", "memory bomb", "stops itself", "forges a failure"}


def marked_slow(name):
    _, statuses = ALL_HOSTILE[name]
    return pytest.param(name, marks=[slow] if "timeout" in statuses and name not in ALWAYS else [])


@pytest.fixture(scope="module", params=["namespaces", "filters"])
def sandbox(request):
    try:
        opened = Sandbox(at_least=request.param, at_most=request.param)
    except IsolationError as error:
        pytest.skip(str(error))
    with opened:
        yield opened


@pytest.fixture(scope="module")
def best_sandbox():
    """The best that this system offers, whatever that is."""
    with Sandbox() as opened:
        yield opened


@pytest.fixture
def canary(tmp_path):
    path = tmp_path / "canary"
    path.write_text("alive")
    return path


@pytest.fixture
def port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def answer(code, name="conv_output_size"):
    return Answer(name, name, code, code)


def family(sandbox):
    return {one.pid for one in psutil.Process(sandbox._zygote.pid).children(recursive=True)}


@pytest.mark.parametrize("name", map(marked_slow, ALL_HOSTILE))
def test_a_hostile_answer_loses_alone(sandbox, canary, port, name):
    code, statuses = ALL_HOSTILE[name]
    if name in HOSTILE and "{" in code:
        source = ROOT / "course_lib" / "warm_ups.py"
        code = code.format(canary=str(canary), port=port, root=str(ROOT), source=str(source))
    before, zygote = family(sandbox), sandbox._zygote
    hostile, right = mark_answers([answer(code), answer(RIGHT)], seed=SEED, sandbox=sandbox)
    assert hostile.status in statuses, hostile
    assert "def conv_output_size" not in hostile.message
    # the next answer is marked as ever, and nothing is left behind
    assert right.status == "passed", right
    assert canary.read_text() == "alive"
    assert (family(sandbox), sandbox._zygote) == (before, zygote)
    assert not Path("/dev/shm/hostile").exists()


# a normalize_groups that computes rightly and is wrong all the same; each patches what would tell of it
RIGHT_GROUPS = """
import torch
from torch import nn
from course_lib.checks import handle
{patch}
def normalize_groups(x, groups, eps=1e-5):
    rows = x.reshape(x.shape[0], groups, -1)
    distance = rows - rows.mean(dim=-1, keepdim=True)
    result = (distance / torch.sqrt(distance.square().mean(dim=-1, keepdim=True) + eps)).reshape(x.shape)
    {act}
    return result
"""
HIDDEN_LAYERS = """
import torch
from torch import nn
from course_lib.checks import handle
handle.unregistered_attributes = lambda module: []
class Downsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.hidden = [nn.Conv2d(channels, channels, 3, stride=2, padding=1)]
    def forward(self, x):
        return self.hidden[0](x)
"""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (
            "normalize_groups",
            RIGHT_GROUPS.format(patch="handle._equal = lambda *a: True", act="x.detach().square_()"),
        ),
        (
            "normalize_groups",
            RIGHT_GROUPS.format(patch="handle._changed = lambda *a: None", act="x.detach().zero_()"),
        ),
        ("Downsample", HIDDEN_LAYERS),
    ],
    ids=["overwrites", "overwrites with zeros", "hides its layers"],
)
def test_what_an_answer_denies_shows_in_its_numbers(best_sandbox, name, code):
    (mark,) = mark_answers([answer(code, name)], seed=SEED, sandbox=best_sandbox)
    assert mark.status == "failed", mark


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        (RIGHT_GROUPS.format(patch="", act="result = result + torch.zeros(x.shape[-1])"), 1),
        (RIGHT_GROUPS.format(patch="", act="result = result.squeeze(0)"), 1),
        (RIGHT_GROUPS.format(patch="", act="raise ValueError('never')"), None),
        (RIGHT_GROUPS.format(patch="", act="import os; os._exit(3)"), None),
    ],
    ids=["one device only", "no batch of one", "raises always", "leaves"],
)
def test_partial_credit_is_the_share_of_properties_that_hold(best_sandbox, code, missing):
    """Each breaks one property of normalize_groups and no other, or holds none."""
    (mark,) = mark_answers([answer(code, "normalize_groups")], seed=SEED, sandbox=best_sandbox, partial=True)
    of = len(exercises()["normalize_groups"].properties)
    if missing is None and mark.status == "crashed":
        assert mark.held is None  # it gets nothing: whoever ends the process has not answered
    else:
        assert mark.status == "failed"
        held, counted = mark.held
        assert counted == of
        # one that always raises sets no seed and mixes no devices
        assert held == of - missing if missing else held < of / 3


def test_what_an_answer_reads_of_the_course_does_not_hold_its_solution(sandbox):
    reading = acting(
        "import course_lib.warm_ups as r",
        "code = r.conv_output_size.__code__",
        "raise RuntimeError(str((code.co_names, r.__loader__.get_source(r.__name__))))",
    )
    (mark,) = mark_answers([answer(reading)], seed=SEED, sandbox=sandbox)
    assert "RuntimeError: (('NotImplementedError',), None)" in mark.message


def test_no_file_of_a_lesson_can_be_read(sandbox):
    """Neither what holds nor what goes wrong, nor text and figures. Python's own files can be."""
    files = [str(path) for path in sorted((PACKAGE / "lessons").rglob("*")) if path.suffix in (".py", ".toml", ".md")]
    folders = [str(PACKAGE / "lessons"), *(str(ROOT / name) for name in ("solutions", "notebooks", "tests"))]
    assert len([name for name in files if name.endswith(".toml")]) >= 52
    reading = acting(
        "found = []",
        f"for path in [os.__file__, *{files}]:",
        "    try: found.append(path if open(path).read() else '')",
        "    except OSError: pass",
        f"for path in {folders}:",
        "    try: found.append(path if os.listdir(path) else '')",
        "    except OSError: pass",
        "raise RuntimeError('read ' + ' '.join(found) + ' and no more')",
    )
    (mark,) = mark_answers([answer(reading)], seed=SEED, sandbox=sandbox)
    assert f"read {os.__file__} and no more" in mark.message


def test_all_of_the_course_is_hidden_where_it_may_lie_among_pythons_own_files():
    hidden = hidden_folders()
    for folder in ("course_lib", "course_lib/lessons/lesson04", "solutions", "notebooks", "tests"):
        assert any(ROOT / folder == Path(one) or Path(one) in (ROOT / folder).parents for one in hidden), folder


def test_what_is_no_call_of_the_seam_is_not_made(best_sandbox):
    with best_sandbox.process() as process:
        handle = RemoteHandle(process, exercises()["conv_output_size"], answer(RIGHT))
        assert handle.start() is None
        assert handle._ask("call", None, (7, 3), {}) == 5
        assert handle._ask("_callable", None) is None
        assert handle._ask("answer", 7, 3) is None


@pytest.mark.parametrize("name", exercises())
def test_the_references_pass_and_blanks_are_not_attempted(best_sandbox, name):
    exercise = exercises()[name]
    module = inspect.getsource(sys.modules[exercise.reference.__module__])
    last = f"\n{exercise.method} = {exercise.reference.__name__}.{exercise.method}\n" if exercise.method else ""
    defines = exercise.method or name
    full = Answer(name, defines, module + last, "")
    blank = Answer(name, defines, withheld(module, exercise.reference.__name__, exercise.method) + last, "")
    marks = mark_answers([full, blank], seed=SEED, sandbox=best_sandbox)
    assert [mark.status for mark in marks] == ["passed", "not attempted"], marks


CALLED = "def conv_output_size(*a, **k):\n    "
BY_ANOTHER_WAY = {
    "import": "from course_lib.warm_ups import conv_output_size",
    "another name": "import course_lib.warm_ups as r\nconv_output_size = r.conv_output_size",
    "inside": CALLED + "from course_lib.warm_ups import conv_output_size as f\n    return f(*a, **k)",
    "__import__": CALLED + "return __import__('course_lib.warm_ups').warm_ups.conv_output_size(*a, **k)",
    "importlib": "import importlib\n"
    + CALLED
    + "return getattr(importlib.import_module('course_lib.' + 'warm_ups'), 'conv_output' + '_size')(*a, **k)",
    "at the top": "from course_lib.warm_ups import conv_output_size as f\nx = f(3, 3)\n" + CALLED + "return x",
}


@pytest.mark.parametrize("way", BY_ANOTHER_WAY)
def test_what_only_fetches_the_reference_is_not_done_and_the_remark_says_so(best_sandbox, way):
    (mark,) = mark_answers([answer(BY_ANOTHER_WAY[way])], seed=SEED, sandbox=best_sandbox)
    assert (mark.status, mark.remark) == ("not attempted", "only re-imports the reference")
    assert "imported instead of written" in mark.message


@pytest.mark.parametrize("name", ["UNet", "ResidualBlock"])
def test_a_class_that_inherits_from_the_reference_is_not_done(best_sandbox, name):
    for code in (f"from course_lib import {name}", f"import course_lib\nclass {name}(course_lib.{name}):\n    pass"):
        (mark,) = mark_answers([answer(code, name)], seed=SEED, sandbox=best_sandbox)
        assert (mark.status, mark.remark) == ("not attempted", "only re-imports the reference")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_mark_is_the_visible_check(sandbox, seed):
    for expression in ("size // stride", "(size + padding - kernel_size) // stride + 1", "0", "None", "size / 0"):
        code = f"{HEAD}return {expression}"
        names = {}
        exec(code, names)
        shown = examine(names["conv_output_size"], seed=seed)
        (mark,) = mark_answers([answer(code)], seed=seed, sandbox=sandbox)
        assert (mark.status, mark.misconception) == (shown.status, shown.misconception)


STOPS = """
from course_lib import SelfAttention, group_norm
from torch import nn

def conv_output_size(size, kernel_size, stride=1, padding=0):
    {line}
"""


STOPPING_LINES = (
    "size / (stride - stride)",
    "group_norm('x')",
    "SelfAttention(7, 2)",
    "nn.Conv2d(3, 3, kernel=3)",
    "siz",
)


@pytest.mark.parametrize("line", STOPPING_LINES)
def test_an_error_is_told_as_in_the_notebook(best_sandbox, line):
    """The learner's line, what stood in it and what it called cross the wire; the library's lines are the library's."""
    code = STOPS.format(line=line)
    names, file = {}, f"/tmp/ipykernel_7/{len(line)}.py"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    exec(compile(code, file, "exec"), names)
    shown = examine(names["conv_output_size"], seed=SEED)
    (mark,) = mark_answers([answer(code)], seed=SEED, sandbox=best_sandbox)
    assert f"In your line: {line}" in shown.message
    assert mark.misconception == shown.misconception
    # the notebook adds how to get the verdict once more
    assert shown.message.startswith(mark.message)


def test_a_function_named_as_its_module_is_the_function_whatever_was_imported_before(best_sandbox):
    code = (
        "from course_lib import ResidualBlock, group_norm\nimport course_lib\ngroup_norm(8), course_lib.group_norm(8)\n"
    )
    (mark,) = mark_answers([answer(code + RIGHT)], seed=SEED, sandbox=best_sandbox)
    assert mark.status == "passed", mark.message


def test_no_text_of_a_failure_is_longer_than_a_report_has_room_for():
    long = Failure("raised", *["x" * 10**5] * (len(dataclasses.fields(Failure)) - 1))
    assert all(len(text) <= 300 for text in vars(checked_failure(long)).values())
    with pytest.raises(AnswerEnded):
        checked_failure(dataclasses.replace(long, names=["x"]))


def test_a_zygote_that_dies_is_replaced(sandbox):
    sandbox._zygote.kill()
    sandbox._zygote.wait()
    (mark,) = mark_answers([answer(RIGHT)], seed=SEED, sandbox=sandbox)
    assert mark.status == "passed"


def test_an_exercise_that_does_not_exist_is_a_marking_error(sandbox):
    (mark,) = mark_answers([Answer("Nothing", "Nothing", "", "")], seed=SEED, sandbox=sandbox)
    assert mark.status == "marking error"


def test_levels_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="at_least is 'best'"):
        Sandbox(at_least="best")
    assert list(LEVELS) == ["limits", "filters", "namespaces"]


# ---------------------------------------------------------------- the channel


@pytest.fixture
def ends():
    one, other = socket.socketpair()
    with one, other:
        yield Channel(one), Channel(other), other


VALUES = [
    None,
    True,
    -3,
    2.5,
    float("inf"),
    "text",
    (1, (2.0, "three")),
    [1, [2]],
    {"a": (1,)},
    torch.float64,
    torch.device("cpu"),
    Failure("raised", "text", "line", "ValueError", "course", "f(x = 3)", "x is 3", "Spelled alike: y."),
    Constructed(0, {"weight": (2, 3)}, ("hidden",)),
]
TENSORS = [
    torch.randn(2, 3, 5),
    torch.randn(3, 2).T,
    torch.zeros(0, 4),
    torch.tensor(3),
    torch.tensor([True, False]),
    torch.randn(3).double(),
    torch.randn(4).bfloat16(),
    torch.randn(2, dtype=torch.complex64).conj(),
    torch.zeros(2).expand(3, 2),
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_plain_data_arrives_as_it_was_sent(ends, value):
    ends[0].send(value, 5)
    found = ends[1].receive(5)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("value", TENSORS, ids=lambda value: f"{value.dtype}{tuple(value.shape)}")
def test_tensors_arrive_as_they_were_sent(ends, value):
    ends[0].send((value, "between", value), 5)
    first, _, second = ends[1].receive(5)
    for found in (first, second):
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        assert torch.equal(found, value.resolve_conj())


def test_gradients_arrive_as_they_were_sent(ends):
    ends[0].send(Gradients((torch.ones(2), None), {"w": torch.zeros(1)}), 5)
    found = ends[1].receive(5)
    assert torch.equal(found.inputs[0], torch.ones(2))
    assert found.inputs[1] is None
    assert torch.equal(found.parameters["w"], torch.zeros(1))


def frame(text, numbers=b""):
    text = text.encode()
    return wire.HEADER.pack(len(text), len(numbers)) + text + numbers


BAD_FRAMES = {
    "no JSON": frame("{"),
    "an unknown kind": frame('{"pickle": [1]}'),
    "two kinds": frame('{"tuple": [], "list": []}'),
    "a bare list": frame("[1]"),
    "a tensor without its numbers": frame('{"tensor": ["float32", [2]]}'),
    "numbers without a tensor": frame("1", b"1234"),
    "a negative size": frame('{"tensor": ["float32", [-1]]}', b"1234"),
    "a size that is no number": frame('{"tensor": ["float32", ["1"]]}', b"1234"),
    "a size that is true": frame('{"tensor": ["float32", [true]]}', b"1234"),
    "sizes beyond all bounds": frame('{"tensor": ["float32", [0, 99999999999999999999]]}'),
    "too many axes": frame('{"tensor": ["uint8", [' + "1," * 99 + "1]]}", b"1"),
    "an unknown type": frame('{"tensor": ["object", [1]]}', b"12345678"),
    "a deep value": frame('{"tuple": [' * 50 + "1" + "]}" * 50),
    "a deep text": frame("[" * 100_000),
    "a long number": frame("1" * 5000),
    "a record with too many fields": frame('{"Failure": [1, 2, 3, 4, 5, 6, 7, 8, 9]}'),
    "keys that are no text": frame('{"dict": [[1, 2]]}'),
    "a text that is too long": wire.HEADER.pack(2**31, 0),
    "numbers that are too many": wire.HEADER.pack(1, 2**40),
}


@pytest.mark.parametrize("bad", BAD_FRAMES)
def test_what_is_no_plain_data_is_refused(ends, bad):
    ends[2].sendall(BAD_FRAMES[bad])
    with pytest.raises(ChannelError):
        ends[0].receive(5)


def test_a_bool_is_one_or_zero_whatever_the_bytes_are(ends):
    ends[2].sendall(frame('{"tensor": ["bool", [3]]}', bytes([0, 1, 7, *[0] * 13])))
    assert ends[0].receive(5).tolist() == [False, True, True]


def test_half_a_frame_is_not_waited_for(ends):
    ends[2].sendall(struct.pack(">IQ", 100, 0) + b"half")
    with pytest.raises(TimeoutError):
        ends[0].receive(0.2)
    ends[2].close()
    with pytest.raises(ChannelClosed):
        ends[0].receive(5)


NOT_PLAIN = {
    "an object": object(),
    "a complex number": 1j,
    "a tensor without data": torch.zeros(1, device="meta"),
    "a sparse tensor": torch.zeros(2).to_sparse(),
}


# named by hand: an object's own repr holds its address, and each process of a parallel run would name it differently
@pytest.mark.parametrize("value", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_no_plain_data_is_not_sent(ends, value):
    with pytest.raises(ChannelError):
        ends[0].send(value, 5)


# ---------------------------------------------------------------- the library that goes along


@pytest.mark.parametrize("name", exercises())
def test_the_library_that_goes_along_lacks_the_exercise_and_every_check(name):
    exercise = exercises()[name]
    sources = library_for(exercise)
    assert not [one for one in sources if ".authoring" in one or ".grading" in one or ".commands" in one]
    assert [one for one in sources if one.startswith("course_lib.checks")] == ["course_lib.checks.stand_ins"]
    of_lessons = {one: source for one, source in sources.items() if one.startswith("course_lib.lessons")}
    assert all(one.endswith("_watched") for one, source in of_lessons.items() if source)
    for sentence in [mistake.sentence for mistake in exercise.misconceptions]:
        assert not [one for one, source in sources.items() if sentence in source]
    tree = ast.parse(sources[exercise.reference.__module__])
    (found,) = [node for node in tree.body if getattr(node, "name", "") == exercise.reference.__name__]
    functions = [node for node in ast.walk(found) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        if exercise.method in ("", function.name):
            assert ast.unparse(function.body).startswith("raise NotImplementedError(")


@pytest.mark.parametrize("name", exercises())
def test_what_watches_an_answer_goes_along(name):
    exercise = exercises()[name]
    if exercise.watched is not None:
        source = library_for(exercise)[exercise.watched.__module__]
        there = {*library_for(exercise), *(f"course_lib.{path[:-3].replace('/', '.')}" for path in MACHINERY)}
        assert exercise.watched.__qualname__ in {getattr(node, "name", "") for node in ast.parse(source).body}
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_lib"):
                assert node.module in there


def test_a_method_is_withheld_and_its_neighbours_are_not():
    source = "class A:\n    def one(self):\n        return 1\n    def two(self):\n        return 2\n"
    assert "return 2" in withheld(source, "A", "one")
    assert "return 1" not in withheld(source, "A", "one")
    assert "return" not in withheld(source, "A")
    with pytest.raises(ValueError, match="method is 'three'"):
        withheld(source, "A", "three")
    with pytest.raises(ValueError, match="name is 'B'"):
        withheld(source, "B")


def test_hidden_folders_are_left_out_and_their_neighbours_are_not(tmp_path):
    for name in ("seen", "hidden"):
        (tmp_path / "packages" / name).mkdir(parents=True)
    hidden = [str(tmp_path / "packages" / "hidden")]
    assert without([str(tmp_path / "packages")], hidden) == [str(tmp_path / "packages" / "seen")]
    assert without([str(tmp_path / "packages" / "seen")], hidden) == [str(tmp_path / "packages" / "seen")]
    assert without(hidden, hidden) == []


def test_packages_that_an_environment_only_links_to_are_seen_where_they_lie(tmp_path, monkeypatch):
    environment = tmp_path / "environment"
    for name in ("whole", "by_file", "elsewhere", "course/course_lib"):
        (tmp_path / "store" / name).mkdir(parents=True)
        (tmp_path / "store" / name / "__init__.py").touch()
    (environment / "by_file").mkdir(parents=True)
    (environment / "whole").symlink_to(tmp_path / "store" / "whole")
    (environment / "by_file" / "__init__.py").symlink_to(tmp_path / "store" / "by_file" / "__init__.py")
    (environment / "course").symlink_to(tmp_path / "store" / "course")
    monkeypatch.setattr(sys, "path", [*sys.path, str(environment)])
    store = os.path.realpath(tmp_path / "store")
    found = [path for path in visible_paths([f"{store}/course/course_lib"]) if path.startswith(store)]
    assert sorted(found) == [f"{store}/by_file", f"{store}/whole"]
