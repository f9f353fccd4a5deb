"""Which code is marked: found wherever it stands, with all it needs, and nothing else is run.

The answers are run in this process here, by the visible check; in the sandbox they are in test_grading_class.py.
"""

import ast

import pytest
from fabricated import FROM_PIXELS, SET_UP, TO_PIXELS, WITHOUT_SHIFT, cell, notebook, to_bytes, written

from course_lib.checks import examine
from course_lib.checks.python_text import Unparsable, needed_names, plain_python, statements
from course_lib.grading import grade_learner
from course_lib.grading.marks import REIMPORTS, Mark
from course_lib.grading.reading.catalogue import catalogue, cells_by_exercise, lesson_notebooks
from course_lib.grading.reading.extraction import NOT_STARTED, find_answers
from course_lib.grading.reading.notebooks import read_notebook
from course_lib.grading.reading.places import Place
from course_lib.grading.reading.submissions import Submission

ITEMS = catalogue()
BLANK = cells_by_exercise()["from_pixels"][0]
CHECK = "from_pixels = check(from_pixels)"
ran: list[str] = []


def mark_here(answers):
    """A stand-in for the sandbox: the same verdicts, for answers that mean no harm."""
    marks = []
    for answer in answers:
        ran.append(answer.code)
        names: dict = {}
        exec(compile(answer.code, "answer.py", "exec"), names)
        result = examine(names[answer.defines], answer.exercise, seed=1)
        status = "not attempted" if result.status == "not started" else result.status
        marks.append(Mark(answer.exercise, status, result.message, result.misconception))
    return marks


@pytest.fixture
def graded(tmp_path):
    """Marks by exercise of the notebooks given, each (file name, notebook) or a notebook of lesson 00."""

    def grade(*notebooks, lessons=("00",)):
        places = []
        for number, one in enumerate(notebooks):
            name, made = one if isinstance(one, tuple) else (f"00_welcome-{number}.ipynb", one)
            places.append(Place((name,), written(tmp_path / str(number) / name, made)))
        ran.clear()
        found = grade_learner(Submission("ada", notebooks=places), ITEMS, mark_here, lessons)
        return {result.mark.exercise: result.mark for result in found.results}

    return grade


@pytest.fixture
def from_pixels(graded):
    def grade(*cells, **more):
        mark = graded(notebook(*cells, **more))["from_pixels"]
        return f"{mark.status} {mark.misconception or ''}".strip()

    return grade


WRONG = "failed maps_to_zero_one"


@pytest.fixture(scope="module", autouse=True)
def name_of_the_mistake():
    """The mistake's name is its file's to choose."""
    global WRONG
    names: dict = {"torch": __import__("torch")}
    exec(WITHOUT_SHIFT, names)
    WRONG = f"failed {examine(names['from_pixels'], seed=1).misconception}"


def test_by_metadata_by_id_and_by_name(from_pixels):
    assert from_pixels(SET_UP, cell(FROM_PIXELS, "from_pixels"), CHECK) == "passed"
    assert from_pixels(SET_UP, cell(FROM_PIXELS, id="exercise-from_pixels"), CHECK) == "passed"
    assert from_pixels(SET_UP, FROM_PIXELS, CHECK) == "passed"
    assert from_pixels(FROM_PIXELS) == "passed"
    assert from_pixels(SET_UP, cell(WITHOUT_SHIFT, "from_pixels"), CHECK) == WRONG


@pytest.mark.parametrize("minor", range(6))
def test_all_minor_versions(from_pixels, minor):
    assert from_pixels(SET_UP, cell(FROM_PIXELS, "from_pixels"), CHECK, minor=minor) == "passed"


def test_blank_missing_and_only_imported(graded):
    mark = graded(notebook(SET_UP, cell(BLANK, "from_pixels"), CHECK, lesson="00_welcome"))
    assert (mark["from_pixels"].status, mark["from_pixels"].message) == ("not attempted", NOT_STARTED)
    assert mark["to_pixels"].status == "missing"
    assert "this exercise's cell is not in it" in mark["to_pixels"].message
    assert not ran
    for text in (
        "from course_lib.data.pixels import from_pixels",
        "import course_lib.data.pixels\nfrom_pixels = course_lib.data.pixels.from_pixels",
    ):
        mark = graded(notebook(SET_UP, cell(text, "from_pixels"), CHECK))["from_pixels"]
        assert (mark.status, mark.remark) == ("not attempted", REIMPORTS), text
    assert graded(("03_x_y.ipynb", notebook("a = 1")))["from_pixels"].message.startswith("No notebook of this lesson")


def test_the_last_definition_before_the_check_counts(from_pixels):
    right, wrong = cell(FROM_PIXELS, "from_pixels"), cell(WITHOUT_SHIFT, "from_pixels")
    assert from_pixels(wrong, right, CHECK) == "passed"
    assert from_pixels(right, wrong, CHECK) == WRONG
    assert from_pixels(FROM_PIXELS + "\n\n" + WITHOUT_SHIFT, CHECK) == WRONG
    # written into a new cell, the blank one left where it was
    assert from_pixels(cell(BLANK, "from_pixels"), FROM_PIXELS, CHECK) == "passed"
    assert from_pixels(FROM_PIXELS, cell(BLANK, "from_pixels"), CHECK) == "passed"
    # an experiment after the check
    assert from_pixels(right, CHECK, WITHOUT_SHIFT, "from_pixels = None") == "passed"
    # moved below its check, or the check removed
    assert from_pixels(CHECK, right) == "passed"
    assert from_pixels(right, "from_pixels = 3") == "passed"


def test_other_names(from_pixels, graded):
    other = FROM_PIXELS.replace("def from_pixels", "def mine")
    assert from_pixels(cell(other, "from_pixels")) == "passed"
    assert from_pixels(other, 'from_pixels = check(mine, "from_pixels")') == "passed"
    assert from_pixels(cell("from_pixels = lambda pixels: pixels.float() / 127.5 - 1", "from_pixels")) == "passed"
    assert from_pixels(other, "from_pixels = mine", CHECK) == "missing"
    assert from_pixels(cell(other + "\nfrom_pixels = mine", "from_pixels"), CHECK) == "passed"


def test_helpers_imports_and_constants_come_along(from_pixels):
    answer = "def from_pixels(pixels):\n    return shifted(pixels.float() / HALF)"
    helper = "def shifted(x):\n    return x - TABLE['one'] * m.cos(0)"
    constants = "HALF: float = 127.5\nTABLE = {}\nTABLE['one'] = 1"
    for cells in (
        ("import math as m", constants, helper, cell(answer, "from_pixels"), CHECK),
        (cell(answer, "from_pixels"), helper, "import math as m\n" + constants, CHECK),
        (cell(f"import math as m\n{constants}\n{helper}\n{answer}", "from_pixels"), CHECK),
        ("from math import *\nm = __import__('math')", constants, helper, cell(answer, "from_pixels")),
        ("try:\n    import math as m\nexcept ImportError:\n    m = None", constants, helper, answer),
        (
            "if True:\n    import math as m\n    HALF = 127.5",
            "TABLE = {}",
            "for k in ['one']:\n    TABLE[k] = 1",
            helper,
            answer,
        ),
        ("import math as m", "HALF = 127\nHALF += 0.5\nTABLE = dict()\nTABLE.update(one=1)", helper, answer),
    ):
        assert from_pixels(SET_UP, *cells) == "passed", cells


def test_a_name_means_what_it_meant_where_it_was_looked_up(from_pixels):
    answer = "def from_pixels(pixels, half=HALF):\n    return pixels.float() / half - ONE"
    assert from_pixels("HALF = 127.5\nONE = 1", answer, CHECK, "HALF = 3\nONE = 7") == "passed"
    assert from_pixels("ONE = 2", "ONE = ONE - 1", "HALF = 127.5", answer, CHECK) == "passed"
    assert from_pixels("HALF = 127.5", answer + "\nONE = 1", CHECK) == "passed"
    assert from_pixels("min = 3", FROM_PIXELS.replace("127.5", "max(127.5, 1)"), "max = 3") == "passed"


def test_nothing_else_is_run(from_pixels):
    trap = "raise SystemExit('run')"
    training = "for step in range(10**9):\n    loss = model(x)\n    loss.backward()\n    scale = 1"
    answer = FROM_PIXELS.replace("127.5", "127.5 * scale")
    assert from_pixels(trap, cell(FROM_PIXELS, "from_pixels"), CHECK, trap) == "passed"
    assert from_pixels(cell(f"print('x')\n{trap}\n{FROM_PIXELS}\n{trap}", "from_pixels"), CHECK) == "passed"
    assert from_pixels("scale = 1", training, answer) == "passed"
    assert all("SystemExit" not in code and "backward" not in code and "check" not in code for code in ran)


def test_what_a_check_printed_or_a_forged_check_says_counts_for_nothing(from_pixels):
    forged = cell(CHECK)
    forged["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "passed · from_pixels."}]
    assert from_pixels(cell(WITHOUT_SHIFT, "from_pixels"), forged) == WRONG
    assert from_pixels("def check(x, *a):\n    return x", cell(WITHOUT_SHIFT, "from_pixels"), forged) == WRONG


@pytest.mark.parametrize(
    "magic",
    [
        "%matplotlib inline",
        "!pip install torch",
        "%%time",
        "%%capture out",
        "?torch",
        "torch.nn?",
        "files = !ls -la \\\n  *.py",
        "x = %timeit -o 1",
        "!git clone \\\n  https://example.org \\\n  'somewhere'",
        "if True:\n    !ls\n    %cd ..",
        "%load_ext autoreload\n%autoreload 2",
        '!echo "it\'s {HALF}"',
    ],
)
def test_magics(from_pixels, magic):
    text = '"""a string with\n%percent\n!bang\n"""'
    assert from_pixels(SET_UP, cell(f"{magic}\n{text}\n{FROM_PIXELS}", "from_pixels"), CHECK) == "passed"


def test_cells_in_another_language_are_left_out():
    for text in ("%%bash\nrm -rf /", "%%writefile x.py\nx = 1", "%%html\n<b>", "%%unknown\nx"):
        assert plain_python(text) == ""
    assert ast.unparse(ast.parse(plain_python("x = (5\n % 3)\n%time y()"))).startswith("x = 5 % 3")
    for text in ("def f(:", "x = \0", "(" * 5000, "-" * 100_000 + "1"):
        with pytest.raises(Unparsable):
            statements(text, 0)


def test_a_cell_that_is_no_python_is_named(graded):
    broken = FROM_PIXELS.replace("):", ")")
    for cells in ((SET_UP, cell(broken, "from_pixels"), CHECK), (SET_UP, broken, CHECK)):
        mark = graded(notebook(*cells, lesson="00_welcome"))["from_pixels"]
        assert (mark.status, mark.misconception) == ("failed", "syntax_error")
        assert mark.message.startswith("Python cannot read this cell")
        assert "line 1" in mark.message
    assert graded(notebook(cell(broken, "from_pixels"), FROM_PIXELS, CHECK))["from_pixels"].status == "passed"


def test_several_notebooks_of_a_lesson(graded):
    def mark(*made):
        return graded(*made)["from_pixels"].status

    right, wrong, blank = (notebook(cell(text, "from_pixels"), CHECK) for text in (FROM_PIXELS, WITHOUT_SHIFT, BLANK))
    assert mark(wrong, right) == "passed"
    assert mark(right, wrong) == "failed"
    assert mark(right, blank) == "passed"
    assert mark(right, ("broken.ipynb", b"{")) == "passed"


def test_unreadable_files_make_unreadable_what_they_may_have_held(graded):
    marks = graded(("03_residual_block.ipynb", b"{"), lessons=("00", "03"))
    assert marks["ResidualBlock"].status == "unreadable"
    assert marks["from_pixels"].status == "missing"
    marks = graded(("work.ipynb", b""), lessons=("00", "03"))
    assert {mark.status for mark in marks.values()} == {"unreadable"}
    # an answer in another cell's place: all of a learner's notebooks may hold any exercise
    marks = graded(("work.ipynb", notebook(FROM_PIXELS, TO_PIXELS)))
    assert {mark.status for mark in marks.values()} == {"passed"}


def test_an_answer_uses_the_learners_own_parts_if_these_pass_and_the_courses_if_not(graded):
    """As in the notebook, where check gives back the one or the other."""
    count = "def count_parameters(module):\n    return sum(p.numel() for p in module.parameters() if p.requires_grad)"
    budget = (
        "def parameter_budget(model):\n"
        "    found = dict.fromkeys(SECTIONS.values(), 0)\n"
        "    for name, part in model.named_children():\n"
        "        if name not in SECTIONS:\n            raise ValueError(name)\n"
        "        found[SECTIONS[name]] += count_parameters(part)\n"
        "    return found"
    )
    for counts, status, remark in (
        (count, "passed", ""),
        (count.replace("numel()", "dim()"), "failed", "count_parameters"),
    ):
        marks = graded(
            notebook(
                SET_UP,
                "from course_lib.tracing import SECTIONS",
                cell(counts, "count_parameters"),
                "count_parameters = check(count_parameters)",
                cell(budget, "parameter_budget"),
                lesson="07_unet",
            ),
            lessons=("07",),
        )
        assert marks["count_parameters"].status == status
        assert marks["parameter_budget"].status == "passed"
        assert remark in marks["parameter_budget"].remark


def test_methods_are_found_as_functions_and_inside_a_class():
    method = next((item for item in ITEMS if item.owner), None)
    if method is None:
        pytest.skip("no exercise is a method yet")
    function = f"def {method.defines}(self, *args):\n    return args"
    whole = f"class {method.owner}:\n    def {method.defines}(self, *args):\n        return args"
    lesson = f"{method.lesson}_x"
    for cells, name in (
        ((cell(function, method.name),), method.defines),
        ((cell(function, id=f"exercise-{method.owner}-{method.defines}"),), method.defines),
        ((function,), method.defines),
        ((whole,), method.owner),
        ((function.replace("def ", "def my_"), f"{method.name} = check(my_{method.defines})"), f"my_{method.defines}"),
    ):
        made = read_notebook("x.ipynb", to_bytes(notebook(*cells, lesson=lesson)))
        (draft,) = find_answers([made], [], [method])
        assert draft.mark is None, cells
        assert draft.answer([method], ()).defines == name


def test_needed_names_tell_now_from_later():
    now, later = needed_names(
        "@wrap\nclass A(Base, metaclass=M):\n    x = y\n    def f(self, z=d):\n        return g(x, self.h, z)"
    )
    assert now >= {"wrap", "Base", "M", "y", "d"}
    assert later == {"g", "x"}


def test_no_cell_of_the_course_itself_is_taken_for_an_answer():
    """Experiments of a lesson may define things; an exercise without its cell is missing all the same."""
    made = []
    for path in lesson_notebooks():
        read = read_notebook(path.name, path.read_bytes())
        kept = tuple(one for one in read.cells if not one.exercise)
        made.append(type(read)(read.name, read.lesson, kept))
    assert {draft.mark.status for draft in find_answers(made, [], ITEMS)} == {"missing"}
