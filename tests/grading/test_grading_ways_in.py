"""An answer whose text touches the machinery carries a remark, however it writes it; no ordinary answer does."""

import ast
import contextlib
import inspect
import json
import textwrap

import pytest
from fabricated import FROM_PIXELS, ROOT, SET_UP
from test_grading_as_in_the_notebook import PASSED

from course_lib.checks.registry import exercises
from course_lib.grading import marking
from course_lib.grading.marks import Answer, Mark
from course_lib.grading.reading.ways_in import machinery_touched

TOUCHES = {
    "sys.modules": [
        "import sys\nsys.modules",
        "import sys as s\ns.modules['x']",
        "from sys import modules",
        "from sys import modules as m",
        "def f():\n    import sys\n    return sys.modules",
        "import os\nos.sys.modules",
        "from os import sys as s\ns.modules",
        "import torch\ntorch.sys.modules",
        "import sys\ngetattr(sys, 'modules')",
        "import sys\ngetattr(sys, 'mod' + 'ules')",
        "import sys\ngetattr(sys, 'mod' 'ules')",
        "exec('import sys; sys.modules')",
        "eval(f'{\"sys\"}.modules')",
    ],
    "sys": ["import sys\nvars(sys)['modu' + x]", "import sys\ngetattr(sys, name)", "import sys as s\nt = s\nt.modules"],
    "sys.__dict__": ["import sys\nsys.__dict__['modules']"],
    "_getframe": [
        "import sys\nsys._getframe(1)",
        "from sys import _getframe as g",
        "import sys\ngetattr(sys, '_getframe')",
    ],
    "sys.*": ["from sys import *"],
    "sys.settrace": ["from sys import settrace"],
    "inspect": [
        "import inspect\ninspect.currentframe()",
        "import inspect as i\ni.stack()",
        "from inspect import currentframe",
        "from inspect import stack as s",
        "import importlib\nimportlib.import_module('inspect')",
    ],
    "f_back": ["frame.f_back", "getattr(frame, 'f_back')", "getattr(frame, 'f_' + 'back')", "exec('frame.f_back')"],
    "tb_frame": ["try:\n    x\nexcept Exception as e:\n    e.__traceback__.tb_frame"],
    "gc": [
        "import gc",
        "import gc as g",
        "from gc import get_objects",
        "import torch, gc",
        "__import__('gc')",
        "import importlib\nimportlib.import_module('gc')",
        "from importlib import import_module as load\nload('gc')",
    ],
    "ctypes": ["import ctypes", "import ctypes.util", "from ctypes import pythonapi", "__import__('ctypes').pythonapi"],
    "course_lib.checks": [
        "import course_lib.checks",
        "import course_lib.checks.guard as g",
        "from course_lib import checks",
        "from course_lib import checks as c",
        "from course_lib.checks import guard",
        "from course_lib.checks.handle import Handle",
        "import course_lib\ncourse_lib.checks",
        "import course_lib as c\nc.checks.guard",
        "import course_lib\ngetattr(course_lib, 'checks')",
        "import importlib\nimportlib.import_module('course_lib.checks.guard')",
        "__import__('course_lib.checks')",
        "__import__('course_lib.' + 'checks')",
        "def f():\n    from course_lib.checks import check\n    return check",
        "modules['course_lib.checks']",
    ],
    "course_lib.grading": [
        "from course_lib.grading.sandbox import child",
        "import course_lib.grading.sandbox.child",
        "from importlib import import_module\nimport_module('course_lib.grading')",
    ],
    "importlib": ["import importlib", "from importlib import import_module", "from importlib.util import find_spec"],
    "__import__": ["__import__('x')", "getattr(b, '__import__')"],
    "__globals__": ["f.__globals__"],
    "__subclasses__": ["object.__subclasses__()"],
    "exec": ["exec(text)", "exec(''.join(parts))"],
    "torch.manual_seed (changed)": [
        "import torch\ntorch.manual_seed = f",
        "import torch as t\nt.manual_seed = f",
        "import torch\nsetattr(torch, 'manual_seed', f)",
        "import torch\ndel torch.manual_seed",
    ],
    "torch.nn.Module.__call__ (changed)": ["from torch import nn\nnn.Module.__call__ = f"],
}
ORDINARY = [
    "import sys\nsys.version_info >= (3, 12)",
    "import sys\nprint(x, file=sys.stderr)",
    "import sys\nsys.float_info.eps, sys.maxsize",
    "for m in self.modules():\n    m",
    "getattr(self, 'modules')",
    "torch.stack([x, x])",
    "model.eval()",
    "import re\nre.compile('x')",
    "exec('HALF = 127.5')",
    "globals()['HALF'] = 3",
    "import torch\ntorch.backends.cudnn.deterministic = True",
    "import torch\ntorch.manual_seed(0)",
    "import torch.nn.functional as F\nF = nn.Linear(2, 3)\nF.bias = None",
    "from course_lib.checks import check",
    "from course_lib.checks import check, examine",
    "import course_lib\ncourse_lib.group_norm",
    "from course_lib import group_norm",
    "'gc' in words\n'modules'\n'inspect it'",
    "import functools\nfunctools.wraps(f)\nf.__name__, f.__doc__",
    "setattr(Upsample, 'forward', forward)",
    "self.frame = 3\nself.inspect()",
    "def (:",
    "",
]


@pytest.mark.parametrize("way", TOUCHES)
def test_what_touches_the_machinery_is_found(way):
    for text in TOUCHES[way]:
        assert way in " ".join(machinery_touched(text)), text
        inside = "def answer(x):\n" + textwrap.indent(text, "    ")
        assert way in " ".join(machinery_touched(inside)), inside


def test_nothing_is_found_in_what_is_ordinary():
    for text in ORDINARY:
        assert machinery_touched(text) == [], text


def test_nothing_is_found_in_any_right_answer_of_the_course():
    tried = 0
    for exercise in exercises().values():
        for answer in (exercise.answer, *(one.right for one in exercise.alternatives)):
            with contextlib.suppress(OSError, TypeError):
                text = textwrap.dedent(inspect.getsource(answer))
                if text.startswith('"""'):  # Python 3.13 gives the whole file for a class that was edited
                    continue
                assert machinery_touched(text) == [], text
                tried += 1
    assert tried > 200
    for path in sorted((ROOT / "solutions").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["metadata"].get("exercise"):
                assert machinery_touched(f"{SET_UP}\n{''.join(cell['source'])}") == []


def test_nothing_is_found_in_odd_and_honest_notebooks():
    for what, cells in PASSED.items():
        if what == "checks.check":  # a cell that only checks, which no answer holds
            continue
        code = [one if isinstance(one, str) else "".join(one["source"]) for one in cells]
        with contextlib.suppress(SyntaxError):
            for one in [SET_UP, *code]:
                ast.parse(one)
                assert machinery_touched(one) == [], what


def test_the_mark_carries_the_remark_only_where_it_counts(monkeypatch):
    """A wrong answer that looks around has gained nothing."""
    answer = Answer("from_pixels", "from_pixels", f"import gc\n{FROM_PIXELS}", "")
    for status, said in (("passed", True), ("failed", False)):
        monkeypatch.setattr(marking, "tried_in", lambda *_, status=status: Mark("from_pixels", status))
        remark = marking.mark_answer(answer, seed=1, sandbox=None).remark
        assert (remark == "its text touches gc: read it before the mark counts") is said
    monkeypatch.setattr(marking, "tried_in", lambda *_: Mark("from_pixels", "passed"))
    assert marking.mark_answer(Answer("from_pixels", "from_pixels", FROM_PIXELS, ""), seed=1, sandbox=None).remark == ""


def test_long_texts_take_no_longer_than_they_are():
    for text in ("x = " + "'a' + " * 3000 + "'b'", "a" + ".b" * 900, "import sys\n" * 20_000, "x = " + "'a'," * 50_000):
        machinery_touched(text)
