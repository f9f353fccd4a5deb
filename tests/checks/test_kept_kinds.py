"""What an answer uses of other cells is kept with it, whatever it is, and what was kept runs in a fresh Python.

Each case is a little notebook: cells that define things, then the answer. It has to pass, and to pass again from its
file alone; the last test tries all files in a process of its own.
"""

import json
import linecache
import os
import subprocess
import sys
import types

import pytest

from course_lib.checks import check
from course_lib.checks.kept_trial import why_it_does_not_run
from course_lib.checks.my_work import work_folder
from course_lib.checks.registry import exercises

SET_UP = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\nimport math\nimport numpy as np"
CELLS = iter(range(100_000))


def run_cell(source, names):
    name = f"<kept cell {next(CELLS)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), names)


def notebook(*cells):
    names = vars(types.ModuleType("__main__"))
    for source in (SET_UP, *cells):
        run_cell(source, names)
    return names


# ---- values: one line of another cell, and how an answer uses it ----

TO_PIXELS = "def to_pixels(images):\n    {before}return ((images.clamp(-1, 1) + 1) * 127.5{times}).round().to({to})"


def pixels(before="", times="", to="torch.uint8"):
    return "to_pixels", TO_PIXELS.format(before=before and before + "\n    ", times=times, to=to)


def from_pixels(expression):
    return "from_pixels", f"def from_pixels(pixels):\n    return {expression}"


def down(init="", forward="self.conv(x)", base="nn.Module"):
    return "Downsample", (
        f"class Downsample({base}):\n    def __init__(self, channels):\n        super().__init__()\n"
        f"        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1){init}\n"
        f"    def forward(self, x):\n        return {forward}"
    )


def accuracy(expression):
    return "class_accuracy", f"def class_accuracy(predicted, wanted):\n    return {expression}"


RIGHT = "(predicted == wanted)"
LINE_OF = "def interpolate(self, clean, t, noise):\n    t = t.reshape(-1, 1, 1, 1)\n    return {}"
VALUES = {
    # numbers
    "infinity": ("HIGH = float('inf')", *pixels("images = images.clamp(-HIGH, HIGH)")),
    "not a number": (
        "NOTHING = float('nan')",
        *from_pixels("pixels.float() / 127.5 - (1 if NOTHING != NOTHING else 0)"),
    ),
    "minus infinity in a tuple": ("ENDS = (-math.inf, 1.0)", *pixels("images = images.clamp(*ENDS)")),
    "a fraction": (
        "from fractions import Fraction\nHALF = Fraction(255, 2)",
        *from_pixels("pixels.float() / float(HALF) - 1"),
    ),
    "a complex number": ("UNIT = complex(0, 1)", *from_pixels("pixels.float() / 127.5 + (UNIT * UNIT).real")),
    "numpy's number": ("HALF = np.float64(127.5)", *from_pixels("pixels.float() / float(HALF) - 1")),
    "a range": ("STEPS = range(2, 4)", *from_pixels("pixels.float() / 127.5 - len(STEPS) / 2")),
    "an enumeration's member": (
        "import enum\nclass Range(enum.Enum):\n    LOW = -1\n    HIGH = 1\nTOP = Range.HIGH",
        *pixels("images = images.clamp(Range.LOW.value, TOP.value)"),
    ),
    # torch's own
    "a device": ("DEVICE = torch.device('cpu')", *from_pixels("pixels.to(DEVICE).float() / 127.5 - 1")),
    "a device that was asked for": (
        "device = 'cuda' if torch.cuda.is_available() else 'cpu'\nplace = torch.device(device)",
        *accuracy(f"{RIGHT}.to(place).float().mean().item()"),
    ),
    "a dtype": ("BYTE = torch.uint8", *pixels(to="BYTE")),
    "dtypes in a dict": ("TYPES = {'small': torch.uint8, 'large': torch.float64}", *pixels(to="TYPES['small']")),
    "a tensor": ("SCALE = torch.tensor([127.5])", *from_pixels("pixels.float() / SCALE.to(pixels.device) - 1")),
    "a number in a tensor": ("HALF = torch.tensor(127.5)", *from_pixels("pixels.float() / HALF.item() - 1")),
    "a parameter": ("HALF = nn.Parameter(torch.full((1,), 127.5))", *from_pixels("pixels.float() / HALF.item() - 1")),
    "a large tensor": (
        "TABLE = torch.linspace(0, 255, 5000)",
        *from_pixels("pixels.float() * 2 / TABLE[-1].item() - 1"),
    ),
    "an array": (
        "SCALE = np.array([[127.5, 1.0]], dtype='float32')",
        *from_pixels("pixels.float() / float(SCALE[0, 0]) - 1"),
    ),
    "a size": ("ONE = torch.zeros(1, 2).shape", *from_pixels("pixels.float() * ONE[1] / 255 - ONE[0]")),
    "a layer": ("same = nn.Identity()", *down(forward="same(self.conv(x))")),
    "a chain of layers": ("same = nn.Sequential(nn.Identity(), nn.Flatten(0, 0))", *down(forward="same(self.conv(x))")),
    "a settings object": (
        "from types import SimpleNamespace\nCONFIG = SimpleNamespace(kernel=3, kind=torch.uint8)",
        *pixels(to="CONFIG.kind"),
    ),
    "a dataclass's object": (
        "from dataclasses import dataclass\n@dataclass\nclass Range:\n    low: float\n    high: float = 1.0",
        "RANGE = Range(-1.0)",
        *pixels("images = images.clamp(RANGE.low, RANGE.high)"),
    ),
    # functions
    "an alias": ("mean = torch.mean", *accuracy(f"mean({RIGHT}.float()).item()")),
    "an alias of a method": ("mean = Tensor.mean", *accuracy(f"mean({RIGHT}.float()).item()")),
    "an alias of a class": ("Convolution = nn.Conv2d", "Downsample", down()[1].replace("nn.Conv2d", "Convolution")),
    "an alias of a module": ("ops = torch.nn.functional", *down(forward="ops.dropout(self.conv(x), 0.0)")),
    "a built-in's alias": ("number = float", *accuracy(f"number({RIGHT}.float().mean())")),
    "a shadowed built-in": (
        "def round(x):\n    return x.round()",
        *("to_pixels", "def to_pixels(images):\n    return round((images.clamp(-1, 1) + 1) * 127.5).to(torch.uint8)"),
    ),
    "a partial": (
        "from functools import partial\nConv = partial(nn.Conv2d, kernel_size=3, stride=2, padding=1)",
        "Downsample",
        down()[1].replace("nn.Conv2d(channels, channels, 3, stride=2, padding=1)", "Conv(channels, channels)"),
    ),
    "a partial of an own function": (
        "import functools\ndef scaled(x, by):\n    return x / by\nhalved = functools.partial(scaled, by=127.5)",
        *from_pixels("halved(pixels.float()) - 1"),
    ),
    "a lambda": ("scale = lambda x: x / 127.5", *from_pixels("scale(pixels.float()) - 1")),
    "lambdas in a dict": (
        "WAYS = {'up': lambda x: x * 127.5, 'down': lambda x: x / 127.5}",
        *from_pixels("WAYS['down'](pixels.float()) - 1"),
    ),
    "functions in a list": (
        "def first(x):\n    return x.float()\ndef second(x):\n    return x / 127.5 - 1\nWAY = [first, second]",
        *from_pixels("WAY[1](WAY[0](pixels))"),
    ),
    "what a function made": (
        "def dividing(by):\n    def divide(x):\n        return x / by\n    return divide\ndivide = dividing(127.5)",
        *from_pixels("divide(pixels.float()) - 1"),
    ),
    "a helper of a helper": (
        "BY = 127.5\ndef divide(x):\n    return x / BY",
        "def scale(x):\n    return divide(x.float())",
        *from_pixels("scale(pixels) - 1"),
    ),
    # classes
    "an empty base class": ("class Part(nn.Module):\n    pass", *down(base="Part")),
    "an empty base with a docstring": ("class Part(nn.Module):\n    '''Of mine.'''", *down(base="Part")),
    "a base with an attribute": (
        "class Part(nn.Module):\n    stride = 2",
        *down(base="Part", forward="self.conv(x) * (self.stride - 1)"),
    ),
    "a mixin": (
        "class Plain:\n    def plain(self, x):\n        return x\nclass Part(Plain, nn.Module):\n    ...",
        *down(base="Part", forward="self.plain(self.conv(x))"),
    ),
    "two bases in one line": ("class A(nn.Module): pass\nclass B(A): pass", *down(base="B")),
    # made in several steps
    "a table filled later": ("TABLE = {}", "TABLE['half'] = 127.5", *from_pixels("pixels.float() / TABLE['half'] - 1")),
    "a counter": ("COUNT = 1", "COUNT += 1", *from_pixels("pixels.float() * COUNT / 255 - 1")),
    "a loop's list": (
        "HALVES = []\nfor number in range(3):\n    HALVES.append(127.5)",
        *from_pixels("pixels.float() / HALVES[-1] - 1"),
    ),
    "a dotted import": (
        "import xml.etree.ElementTree",
        *from_pixels("pixels.float() / float(xml.etree.ElementTree.fromstring('<a>127.5</a>').text) - 1"),
    ),
}

# ---- methods: attached in a second cell ----

EMPTY = "class Downsample(nn.Module):\n    pass"
INIT = """
def __init__(self, channels):
    nn.Module.__init__(self)
    self.conv = nn.Conv2d(channels, channels, 3, 2, 1)
"""
HALF = """
class Downsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 2, 1)
""".rstrip()
BLANK = HALF + "\n    def forward(self, x):\n        raise NotImplementedError('Downsample.forward is still blank')"
FORWARD = "def forward(self, x):\n    return self.conv(x)"
ATTACH = """
def attach(owner):
    def mark(function):
        setattr(owner, function.__name__, function)
        return function
    return mark
"""
ATTACHED = {
    "assigned": (BLANK, FORWARD, "Downsample.forward = forward", "Downsample"),
    "setattr": (BLANK, FORWARD, "setattr(Downsample, 'forward', forward)", "Downsample"),
    "a decorator": (BLANK, ATTACH, "@attach(Downsample)\n" + FORWARD, "Downsample"),
    "a lambda": (BLANK, "Downsample.forward = lambda self, x: self.conv(x)", "Downsample"),
    "under another name": (HALF, "def go(self, x):\n    return self.conv(x)", "Downsample.forward = go", "Downsample"),
    "everything": (
        EMPTY,
        INIT + "\n" + FORWARD,
        "Downsample.__init__ = __init__\nDownsample.forward = forward",
        "Downsample",
    ),
    "a name taken twice": (
        BLANK,
        FORWARD,
        "Downsample.forward = forward",
        "def forward(x):\n    return 0",
        "Downsample",
    ),
    "a helper method": (
        HALF + "\n    def forward(self, x):\n        return self.run(x)",
        "FACTOR = torch.tensor(1.0)\ndef run(self, x):\n    return self.conv(x) * FACTOR",
        "Downsample.run = run",
        "Downsample",
    ),
    "a static method": (
        HALF + "\n    def forward(self, x):\n        return self.same(self.conv(x))",
        "def same(x):\n    return x\nDownsample.same = staticmethod(same)",
        "Downsample",
    ),
    "a property": (
        HALF + "\n    def forward(self, x):\n        return self.conv(x) * self.one",
        "Downsample.one = property(lambda self: 1)",
        "Downsample",
    ),
    "an attribute": (
        HALF + "\n    def forward(self, x):\n        return self.conv(x) * self.ONE",
        "Downsample.ONE = 1",
        "Downsample",
    ),
    "an attribute changed": (
        HALF + "\n    ONE = 2\n    def forward(self, x):\n        return self.conv(x) * self.ONE",
        "Downsample.ONE = 1",
        "Downsample",
    ),
    "built upon itself": (
        BLANK,
        "class Downsample(Downsample):\n    def forward(self, x):\n        return self.conv(x)",
        "Downsample",
    ),
    "a mixed-in parent": (
        HALF,
        "class Forward:\n    def forward(self, x):\n        return self.conv(x)",
        "class Downsample(Forward, Downsample):\n    pass",
        "Downsample",
    ),
    "a guarded method": (
        BLANK,
        "@torch.autocast('cpu', enabled=False)\n" + FORWARD,
        "Downsample.forward = forward",
        "Downsample",
    ),
    "upon the course's own": (
        "from course_lib import Upsample",
        "class Upsample(Upsample):\n    def forward(self, x): return self.conv(F.interpolate(x, scale_factor=2))",
        "Upsample",
    ),
}

# ---- answers that are no plain definition under the exercise's name ----

SHAPES = {
    "under another name": (
        "def mine(images):\n    return ((images.clamp(-1, 1) + 1) * 127.5).round().byte()",
        "to_pixels",
        "mine",
    ),
    "a lambda": (
        "to_pixels = lambda images: ((images.clamp(-1, 1) + 1) * 127.5).round().byte()",
        "to_pixels",
        "to_pixels",
    ),
    "made by a function": (
        "def making(by):\n    def to_pixels(images):\n        return ((images.clamp(-1, 1) + 1) * by).round().byte()"
        "\n    return to_pixels",
        "to_pixels = making(127.5)",
        "to_pixels",
        "to_pixels",
    ),
    "decorated": (
        "@torch.no_grad()\ndef to_pixels(images):\n    return ((images.clamp(-1, 1) + 1) * 127.5).round().byte()",
        "to_pixels",
        "to_pixels",
    ),
    "an own decorator": (
        "def plain(f):\n    def inner(*args):\n        return f(*args)\n    return inner",
        "@plain\ndef interleave(embedding):\n    return embedding.unflatten(1, (2, -1)).transpose(1, 2).flatten(1)",
        "interleave",
        "interleave",
    ),
    "a method as a function": (
        LINE_OF.format("(1 - t) * clean + t * noise"),
        "FlowMatching.interpolate",
        "interpolate",
    ),
    "a method in its class": (
        "from course_lib import FlowMatching\nclass Mine(FlowMatching):\n    "
        + LINE_OF.format("clean + t * (noise - clean)").replace("\n", "\n    "),
        "FlowMatching.interpolate",
        "Mine",
    ),
    "annotations of the future": (
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
        "def num_groups(channels: Whole) -> Whole:\n"
        "    return next((g for g in range(min(32, channels // 4), 1, -1) if channels % g == 0), 1)",
        "num_groups",
        "num_groups",
    ),
    "inside an if": (
        "if True:\n    def euler_step(velocity_at, x, t, t_next, v):\n        return x + (t_next - t) * v",
        "euler_step",
        "euler_step",
    ),
}
CASES = {
    **{f"value: {key}": (cells[:-2], cells[-1], cells[-2], cells[-2]) for key, cells in VALUES.items()},
    **{f"attached: {key}": (cells[:-2], cells[-2], cells[-1], cells[-1]) for key, cells in ATTACHED.items()},
    **{f"shape: {key}": (cells[:-3], cells[-3], cells[-2], cells[-1]) for key, cells in SHAPES.items()},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.mark.parametrize("case", CASES)
def test_what_was_kept_passes_again(case, folders, monkeypatch, capsys):
    before, last, exercise, name = CASES[case]
    monkeypatch.setenv("UNET_COURSE_WORK", str(folders / case))
    names = notebook(*before, last)
    assert check(names[name], exercise) is names[name], capsys.readouterr().out
    said = capsys.readouterr().out
    assert f"passed · {exercise}" in said
    assert "not enough" not in said
    assert "could not be kept" not in said
    text = (work_folder() / f"{exercise}.py").read_text(encoding="utf-8")
    assert why_it_does_not_run(exercises()[exercise]) == "", text
    assert "CELLS" not in text


TRY_ALL = """
import json, os, sys, pathlib
from course_lib.checks.kept_trial import why_it_does_not_run
from course_lib.checks.registry import exercises
found = {}
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    os.environ["UNET_COURSE_WORK"] = str(folder)
    for file in folder.glob("*.py"):
        found[f"{folder.name} {file.name}"] = why_it_does_not_run(exercises()[file.name.removesuffix(".py")])
print(json.dumps(found))
"""


def test_all_of_it_runs_in_a_fresh_python(folders):
    if not any(folders.iterdir()):
        pytest.skip("the cases were not run here")
    ran = subprocess.run(
        [sys.executable, "-c", TRY_ALL, str(folders)], capture_output=True, text=True, timeout=120, env={**os.environ}
    )
    found = json.loads(ran.stdout)
    assert len(found) == len(list(folders.iterdir()))
    assert {case: why for case, why in found.items() if why} == {}
