"""Passed in the notebook means passed in the marking: odd but honest notebooks, run by both.

The notebook's side is IPython's own shell, cell after cell as a kernel runs them; the marking is all of it, sandbox
included.
"""

import contextlib
import io
import sys

import pytest
from fabricated import FROM_PIXELS, SET_UP, WITHOUT_SHIFT, cell, notebook, written, zipped
from IPython.core.interactiveshell import InteractiveShell

from course_lib import checks
from course_lib.checks import examine
from course_lib.grading import grade_learner
from course_lib.grading.marking import mark_answers
from course_lib.grading.reading.catalogue import catalogue, cells_by_exercise, lesson_names
from course_lib.grading.reading.submissions import find_submissions
from course_lib.grading.sandbox import Sandbox

ITEMS = catalogue()
SEED = 3
CHECK = "from_pixels = check(from_pixels)"
BLANK = cells_by_exercise()["from_pixels"][0]
BODY = "return pixels.float() / HALF - 1"
USES_HALF = f"def from_pixels(pixels):\n    {BODY}"
UPSAMPLE = """\
class Upsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
"""
GROW = 'def forward(self, x):\n    return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))'
BLANK_UPSAMPLE = cells_by_exercise()["Upsample"][0]


def mine(text=FROM_PIXELS):
    return cell(text, "from_pixels")


# what: cells after the set-up; passed in the notebook, and so in the marking
PASSED = {
    # put together from several cells
    "a setting by a call": [
        "def configure():\n    global HALF\n    HALF = 127.5",
        "configure()",
        mine(USES_HALF),
        CHECK,
    ],
    "a setting by a call behind the answer": [
        mine(USES_HALF),
        "def configure(half):\n    globals()['HALF'] = half",
        "configure(127.5)",
        CHECK,
    ],
    "a counter under global": [
        "calls = 0",
        mine("def from_pixels(pixels):\n    global calls\n    calls += 1\n    return pixels.float() / 127.5 - 1"),
        CHECK,
    ],
    "a table filled by a function": [
        "T = {}",
        "def put(name, value):\n    T[name] = value",
        "put('half', 127.5)",
        mine("def from_pixels(pixels):\n    return pixels.float() / T['half'] - 1"),
        CHECK,
    ],
    "a table filled in a loop": [
        "T = []",
        "for value in (127.5, 1):\n    T.append(value)",
        mine("def from_pixels(pixels):\n    return pixels.float() / T[0] - T[1]"),
        CHECK,
    ],
    "exec": ["exec('HALF = 127.5')", mine(USES_HALF), CHECK],
    "an object with settings": [
        "class Settings:\n    half = 3",
        "settings = Settings()",
        "settings.half = 127.5",
        mine("def from_pixels(pixels):\n    return pixels.float() / settings.half - 1"),
        CHECK,
    ],
    "settings changed by a method": [
        "class Settings:\n    def set(self, half):\n        self.half = half",
        "settings = Settings()",
        "settings.set(127.5)",
        mine("def from_pixels(pixels):\n    return pixels.float() / settings.half - 1"),
        CHECK,
    ],
    "unpacked": [
        "HALF, ONE = 127.5, 1",
        mine("def from_pixels(pixels):\n    return pixels.float() / HALF - ONE"),
        CHECK,
    ],
    "a walrus": ["print(HALF := 127.5)", mine(USES_HALF), CHECK],
    "a with block": ["import contextlib\nwith contextlib.suppress(OSError):\n    HALF = 127.5", mine(USES_HALF), CHECK],
    "a match": ["match 1:\n    case 1:\n        HALF = 127.5", mine(USES_HALF), CHECK],
    "a registry by a decorator": [
        "PARTS = {}",
        "def register(f):\n    PARTS[f.__name__] = f\n    return f",
        "@register\ndef scale(x):\n    return x / 127.5",
        mine("def from_pixels(pixels):\n    return PARTS['scale'](pixels.float()) - 1"),
        CHECK,
    ],
    "a decorator of their own": [
        "import functools\ndef as_float(f):\n    @functools.wraps(f)\n    def inner(x):\n        return f(x.float())\n"
        "    return inner",
        mine("@as_float\ndef from_pixels(pixels):\n    return pixels / 127.5 - 1"),
        CHECK,
    ],
    "partial": [
        "from functools import partial\ndef scaled(pixels, half):\n    return pixels.float() / half - 1",
        mine("from_pixels = partial(scaled, half=127.5)"),
        "from_pixels = check(from_pixels, 'from_pixels')",
    ],
    "a lambda": [mine("from_pixels = lambda pixels: pixels.float() / 127.5 - 1"), "check(from_pixels, 'from_pixels')"],
    "a factory": [
        "def make(half):\n    def from_pixels(x):\n        return x.float() / half - 1\n    return from_pixels",
        mine("from_pixels = make(127.5)"),
        CHECK,
    ],
    "a condition": [mine(f"if torch.__version__:\n    {FROM_PIXELS.replace(chr(10), chr(10) + '    ')}"), CHECK],
    "try and except": ["try:\n    HALF\nexcept NameError:\n    HALF = 127.5", mine(USES_HALF), CHECK],
    "annotated": ["HALF: float = 127.5", mine(f"def from_pixels(pixels: 'Tensor') -> Tensor:\n    {BODY}"), CHECK],
    "deleted in between": ["HALF = 3", "del HALF", "HALF = 127.5", mine(USES_HALF), CHECK],
    # a class in pieces
    "forward assigned": [cell(UPSAMPLE, "Upsample"), GROW, "Upsample.forward = forward", "check(Upsample)"],
    "forward by setattr": [
        cell(UPSAMPLE, "Upsample"),
        GROW,
        "setattr(Upsample, 'forward', forward)",
        "check(Upsample)",
    ],
    "forward by a decorator": [
        "def method_of(cls):\n    def put(f):\n        setattr(cls, f.__name__, f)\n        return f\n    return put",
        cell(UPSAMPLE, "Upsample"),
        f"@method_of(Upsample)\n{GROW}",
        "Upsample = check(Upsample)",
    ],
    "forward by a function": [
        cell(UPSAMPLE, "Upsample"),
        f"def finish(cls):\n    def grow(self, x):\n        {GROW.splitlines()[1].strip()}\n    cls.forward = grow",
        "finish(Upsample)",
        "Upsample = check(Upsample)",
    ],
    "forward put into the blank": [
        cell(BLANK_UPSAMPLE, "Upsample"),
        UPSAMPLE.split("\n", 1)[1]
        .replace("    def", "def", 1)
        .replace("\n    ", "\n")
        .replace("super()", "nn.Module")
        .replace("nn.Module.__init__()", "nn.Module.__init__(self)")
        + GROW,
        "Upsample.__init__ = __init__\nUpsample.forward = forward",
        "Upsample = check(Upsample)",
    ],
    "a class that inherits from itself": [
        cell(UPSAMPLE, "Upsample"),
        f"class Upsample(Upsample):\n    {GROW.replace(chr(10), chr(10) + '    ')}",
        "Upsample = check(Upsample)",
    ],
    "a base class in another cell": [
        UPSAMPLE.replace("Upsample", "WithConv"),
        cell(f"class Upsample(WithConv):\n    {GROW.replace(chr(10), chr(10) + '    ')}", "Upsample"),
        "Upsample = check(Upsample)",
    ],
    "methods in a loop": [
        cell(UPSAMPLE, "Upsample"),
        GROW,
        "for name, f in {'forward': forward}.items():\n    setattr(Upsample, name, f)",
        "Upsample = check(Upsample)",
    ],
    # where the answer stands, and how it is checked
    "a blank copy behind the check": [mine(), CHECK, mine(BLANK)],
    "a wrong copy behind the check": [mine(), CHECK, mine(WITHOUT_SHIFT)],
    "a broken copy behind the check": [mine(), CHECK, mine("def from_pixels(:")],
    "a later cell with a check of its own": [mine(WITHOUT_SHIFT), CHECK, FROM_PIXELS, CHECK],
    "no assignment": [mine(), "check(from_pixels)"],
    "no assignment, a second version": [mine(WITHOUT_SHIFT), CHECK, FROM_PIXELS, "check(from_pixels)"],
    "exercise=": [FROM_PIXELS.replace("from_pixels", "mine"), 'check(mine, exercise="from_pixels")'],
    "exercise= beside the blank": [
        mine(BLANK),
        FROM_PIXELS.replace("from_pixels", "mine"),
        'check(mine, exercise="from_pixels")',
    ],
    "obj=": [FROM_PIXELS.replace("from_pixels", "mine"), 'check(obj=mine, exercise="from_pixels")'],
    "examine": [mine(), "from course_lib.checks import examine\nexamine(from_pixels)"],
    "examine another name, printed": [
        mine(BLANK),
        FROM_PIXELS.replace("from_pixels", "mine"),
        'from course_lib.checks import examine\nprint(examine(mine, "from_pixels").status)',
    ],
    "examine in an assertion": [
        mine(),
        "from course_lib.checks import examine\nassert examine(from_pixels).status == 'passed'",
    ],
    "checks.check": [mine(), "from course_lib import checks\nfrom_pixels = checks.check(from_pixels)"],
    "the check in the answer's cell": [mine(f"{FROM_PIXELS}\n{CHECK}")],
    "no exercise in the metadata": [FROM_PIXELS, CHECK],
    "another name becomes it": [FROM_PIXELS.replace("from_pixels", "mine"), "from_pixels = check(mine, 'from_pixels')"],
    # what is left over
    "the raise behind the return": [
        mine(FROM_PIXELS + '\n    raise NotImplementedError("from_pixels is still blank")'),
        CHECK,
    ],
    "a raise in a branch": [
        mine(
            "def from_pixels(pixels):\n    if pixels is None:\n        raise NotImplementedError('no pixels')\n"
            "    return pixels.float() / 127.5 - 1"
        ),
        CHECK,
    ],
    "the raise as a comment": [mine(FROM_PIXELS + "\n    # raise NotImplementedError"), CHECK],
    "an old version in a string": [mine(f"'''\n{WITHOUT_SHIFT}\n'''\n{FROM_PIXELS}"), CHECK],
    # a notebook's own ways
    "display in the answer": [mine(FROM_PIXELS.replace("\n", "\n    display(pixels.shape)\n")), CHECK],
    "display imported": [
        "from IPython.display import display, clear_output",
        mine(FROM_PIXELS.replace("\n", "\n    display(pixels.shape)\n    clear_output()\n")),
        CHECK,
    ],
    "get_ipython": [mine("get_ipython().run_line_magic('who_ls', '')\n" + FROM_PIXELS), CHECK],
    "get_ipython in the answer": [mine(FROM_PIXELS.replace("\n", "\n    get_ipython().user_ns\n", 1)), CHECK],
    "a magic above": [mine("%precision 3\n" + FROM_PIXELS), CHECK],
    "a magic in the answer": [mine(FROM_PIXELS.replace("\n", "\n    %who_ls\n", 1)), CHECK],
    "a timed cell": [mine("%%time\n" + FROM_PIXELS), CHECK],
    "a captured cell": [mine("%%capture\n" + FROM_PIXELS), CHECK],
    "indented": [mine("    " + FROM_PIXELS.replace("\n", "\n    ")), CHECK],
    "indented by a tab": [mine("\t" + FROM_PIXELS.replace("\n", "\n\t")), CHECK],
    "pasted from a Python prompt": [mine(">>> " + FROM_PIXELS.replace("\n", "\n... ")), CHECK],
    "pasted from IPython": [mine("In [3]: " + FROM_PIXELS.replace("\n", "\n   ...: ")), CHECK],
    "semicolons": ["HALF = 3; HALF = 127.5;", mine(USES_HALF), CHECK],
    "empty lines first": [mine("\n\n  \n" + FROM_PIXELS), CHECK],
    "its own name is main": [mine("assert __name__ == '__main__'\n" + FROM_PIXELS), CHECK],
    # imports
    "a function of the course by its module's name": [
        "from course_lib import group_norm",
        mine(FROM_PIXELS.replace("\n", "\n    assert callable(group_norm)\n", 1)),
        CHECK,
    ],
    "the same, after its module": [
        "import course_lib.group_norm",
        "import course_lib",
        mine(FROM_PIXELS.replace("\n", "\n    assert callable(course_lib.group_norm)\n", 1)),
        CHECK,
    ],
    "a module that nobody has, tried": [
        "try:\n    import nobody_has_this as np2\nexcept ImportError:\n    import numpy as np2",
        mine(FROM_PIXELS.replace("127.5", "float(np2.float64(127.5))")),
        CHECK,
    ],
    "numpy": ["import numpy as np", mine(FROM_PIXELS.replace("127.5", "float(np.array(127.5))")), CHECK],
    "an import in the function": [mine(FROM_PIXELS.replace("\n", "\n    import math\n", 1)), CHECK],
    "everything of a module": ["from math import *", mine(FROM_PIXELS.replace("- 1", "- cos(0)")), CHECK],
    "a future import": [mine("from __future__ import annotations\n" + FROM_PIXELS), CHECK],
    "a dataclass": [
        "from dataclasses import dataclass\n@dataclass\nclass Range:\n    half: float = 127.5",
        mine("def from_pixels(pixels):\n    return pixels.float() / Range().half - 1"),
        CHECK,
    ],
    "a generator": [
        "def halves():\n    yield 127.5",
        mine("def from_pixels(pixels):\n    return pixels.float() / next(halves()) - 1"),
        CHECK,
    ],
    "a cache": [
        "from functools import lru_cache\n@lru_cache\ndef half():\n    return 127.5",
        mine("def from_pixels(pixels):\n    return pixels.float() / half() - 1"),
        CHECK,
    ],
    "names in other letters": [
        "hälfte = 127.5",
        mine("def from_pixels(pixels):\n    return pixels.float() / hälfte - 1"),
        CHECK,
    ],
    "a class with __call__": [
        "class Scale:\n    def __call__(self, pixels):\n        return pixels.float() / 127.5 - 1",
        mine("from_pixels = Scale()"),
        "check(from_pixels, 'from_pixels')",
    ],
}
# wrong in the notebook, and so in the marking
WRONG = {
    "wrong": [mine(WITHOUT_SHIFT), CHECK],
    "right first, then wrong": [mine(), CHECK, mine(WITHOUT_SHIFT), CHECK],
    "replaced by a decorator of theirs": [
        "def halve(f):\n    return lambda x: f(x) / 2",
        mine("@halve\n" + FROM_PIXELS),
        CHECK.replace(")", ", 'from_pixels')"),
    ],
    "a setting that is wrong": [
        "def configure():\n    global HALF\n    HALF = 128",
        "configure()",
        mine(USES_HALF),
        CHECK,
    ],
}
SECOND = FROM_PIXELS.replace("127.5", "half()")
HELPERS = b"def half():\n    return 127.5\n"
MODULES = {
    "a module beside the notebook": ({"helpers.py": HELPERS}, "from helpers import half"),
    "a package beside it": (
        {"parts/__init__.py": b"", "parts/numbers.py": HELPERS},
        "from parts.numbers import half",
    ),
    "a package with something in it": (
        {"parts/__init__.py": b"from .numbers import half\n", "parts/numbers.py": HELPERS},
        "from parts import half",
    ),
    "a module that imports another": (
        {"helpers.py": b"from numbers_of_mine import half\n", "numbers_of_mine.py": HELPERS},
        "from helpers import *",
    ),
    "%run": ({"helpers.py": HELPERS}, "%run helpers.py"),
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as made:
        yield made


def marked(folder, files, lessons, sandbox):
    submission = folder / "class" / "ada.zip"
    written(submission, zipped(files))
    written(folder / "class" / "bob" / "00_welcome.ipynb", notebook(BLANK))
    found = next(
        one for one in find_submissions(folder / "class", lesson_names().values()).submissions if one.notebooks
    )
    graded = grade_learner(found, ITEMS, lambda all_: mark_answers(all_, seed=SEED, sandbox=sandbox), lessons)
    return {result.mark.exercise: result.mark for result in graded.results}


@pytest.fixture(scope="module")
def shell():
    """One for all notebooks, emptied before each. A shell puts a module of its own in the program's place."""
    main = sys.modules["__main__"]
    made = InteractiveShell()
    yield made
    sys.modules["__main__"] = main
    made.history_manager.end_session()


def in_the_notebook(cells, monkeypatch, shell):
    """Statuses of all checks, in their order, as a kernel would come by them."""
    statuses = []

    def check(obj, exercise=None, **more):
        statuses.append(examine(obj, exercise, seed=SEED).status)
        return obj

    def looked_at(obj, exercise=None, **more):
        result = examine(obj, exercise, seed=SEED)
        statuses.append(result.status)
        return result

    monkeypatch.setattr(checks, "check", check)
    monkeypatch.setattr(checks, "examine", looked_at)
    shell.reset(new_session=False)
    main = sys.modules["__main__"]
    try:
        for one in cells:
            source = one if isinstance(one, str) else "".join(one["source"])
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                shell.run_cell(source)
    finally:
        sys.modules["__main__"] = main
    return statuses


@pytest.mark.parametrize("what", [*PASSED, *WRONG])
def test_the_mark_is_what_the_check_said(what, sandbox, shell, tmp_path, monkeypatch):
    cells = [SET_UP, *(PASSED.get(what) or WRONG[what])]
    exercise = "Upsample" if "Upsample" in str(cells) else "from_pixels"
    lesson = "04_resampling" if exercise == "Upsample" else "00_welcome"
    expected = "passed" if what in PASSED else "failed"
    assert in_the_notebook(cells, monkeypatch, shell)[-1] == expected
    mark = marked(tmp_path, {f"{lesson}.ipynb": notebook(*cells)}, (lesson[:2],), sandbox)[exercise]
    assert mark.status == expected, mark


@pytest.mark.parametrize("what", MODULES)
def test_own_modules_come_along(what, sandbox, tmp_path):
    files, line = MODULES[what]
    made = notebook(SET_UP, line, mine(SECOND), CHECK)
    mark = marked(tmp_path, {"00_welcome.ipynb": made, **files}, ("00",), sandbox)["from_pixels"]
    assert mark.status == "passed", mark


def test_a_right_answer_in_a_later_cell_counts_and_is_said(sandbox, tmp_path):
    made = notebook(SET_UP, mine(WITHOUT_SHIFT), CHECK, FROM_PIXELS)
    mark = marked(tmp_path, {"00_welcome.ipynb": made}, ("00",), sandbox)["from_pixels"]
    assert (mark.status, mark.remark) == ("passed", "taken from cell 4, as from_pixels")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["import nobody_has_this", mine(FROM_PIXELS.replace("\n", "\n    nobody_has_this\n", 1))], "nobody_has_this"),
        ([mine("from nobody.has.this import x\n" + FROM_PIXELS.replace("- 1", "- x"))], "nobody"),
        ([mine(FROM_PIXELS.replace("\n", "\n    import nobody_has_this\n", 1))], "nobody_has_this"),
        (["%run other.ipynb", mine(USES_HALF)], "%run other.ipynb"),
        (["%store -r HALF", mine(USES_HALF)], "%store"),
    ],
)
def test_what_cannot_be_followed_is_said_to_be_so(cells, reason, sandbox, tmp_path):
    mark = marked(tmp_path, {"00_welcome.ipynb": notebook(SET_UP, *cells, CHECK)}, ("00",), sandbox)["from_pixels"]
    assert mark.status == "not followed"
    assert reason in mark.message


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it")
@pytest.mark.parametrize(
    "text",
    [
        "type Pixels = Tensor\n" + FROM_PIXELS,
        FROM_PIXELS.replace("from_pixels(", "from_pixels[T]("),
        FROM_PIXELS.replace("\n", '\n    print(f"{ {1: 2}[int("1")] }")\n', 1),
    ],
)
def test_newer_python_is_no_mistake(text, sandbox, tmp_path):
    marks = marked(tmp_path, {"00_welcome.ipynb": notebook(SET_UP, mine(text), CHECK)}, ("00",), sandbox)
    assert marks["from_pixels"].status == "not followed"
    assert "needs Python 3.12" in marks["from_pixels"].message
    helper = "def half[T](x: T) -> T:\n    return x"
    made = notebook(SET_UP, helper, mine(FROM_PIXELS.replace("127.5", "half(127.5)")), CHECK)
    mark = marked(tmp_path / "helper", {"00_welcome.ipynb": made}, ("00",), sandbox)["from_pixels"]
    assert mark.status == "not followed"
    assert "needs Python 3.12" in mark.message


def test_all_of_them_are_tried():
    assert len(PASSED) + len(WRONG) + len(MODULES) >= 75
