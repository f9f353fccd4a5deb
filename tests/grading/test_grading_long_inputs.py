"""Long inputs: everything that reads a learner's text takes time in proportion to its length.

Each text is read at two lengths, and what is counted is the processor's time of the whole set: a regular expression
that is quadratic would take hours for one of these.
"""

import zipfile

import pytest
from fabricated import FROM_PIXELS, SET_UP, TO_PIXELS, cell, notebook, to_bytes, written, zipped

from course_lib.checks.errors import meanings
from course_lib.checks.python_text import Unparsable, plain_python, statements
from course_lib.grading import grade_learner, records
from course_lib.grading.marks import Mark
from course_lib.grading.plain_text import shown_name, visible
from course_lib.grading.reading import extraction, notebooks, places
from course_lib.grading.reading.catalogue import catalogue, tree_without_docstrings
from course_lib.grading.reading.notebooks import Budget, lesson_in, read_notebook, without_outputs
from course_lib.grading.reading.submissions import find_submissions
from course_lib.grading.reading.versions import version, without_copy_marks
from course_lib.grading.reading.whose import from_folder, from_platform
from course_lib.grading.reports.exported import read_table
from course_lib.grading.reports.gradebook import number_of
from course_lib.grading.reports.matching import fits_name
from course_lib.grading.reports.tables import guarded_cell, safe_cell
from course_lib.grading.similarity import fingerprint

ITEMS = catalogue(("00",))
# lengths for what reads each letter once in C, and for what takes text apart
LONG, SHORT = 100_000, 6_000
PIECES = [
    " ",
    "\t",
    "\n",
    "a",
    "1",
    "_",
    "-",
    ".",
    ",",
    "=",
    "%",
    "?",
    "(",
    "[",
    '"',
    "\\",
    "'",
    "#",
    "a ",
    " =",
    "a.",
    "; ",
    "_1",
    "0_a",
    "x (1)",
    " - Copy",
    "Copy of ",
    "%%time\n",
    "%x\n",
    "a?\n",
    "a = !x\n",
    "\\\n",
    "def ",
    "\u00a0",
    "\u202e",
    "\u0301",
    '"outputs":',
    '"outputs":[',
    "<<<<<<<\n",
    "00_welcome",
]


def unparsable(text):
    try:
        statements(text, 0)
    except Unparsable:
        return None


READERS = {
    "plain_python": plain_python,
    "statements": unparsable,
    "visible": visible,
    "shown_name": shown_name,
    "safe_cell": safe_cell,
    "guarded_cell": guarded_cell,
    "number_of": number_of,
    "from_platform": from_platform,
    "from_folder": lambda text: from_folder((text,), {"00_welcome"}, "root"),
    "version": lambda text: version((text, f"{text}.ipynb"), "00_welcome"),
    "without_copy_marks": without_copy_marks,
    "lesson_in": lesson_in,
    "fits_name": lambda text: fits_name(text, ["Ada L"], "canvas"),
    "tree": tree_without_docstrings,
    "fingerprint": lambda text: fingerprint(text, "f", ""),
    "same_name": lambda text: extraction.same_name(text, "from_pixels"),
    "by its look": lambda text: extraction.defines_by_its_look(text, ITEMS[0]),
    "conflict": lambda text: notebooks.CONFLICT.search(text),
    "no_code": lambda text: notebooks.DEFINITION.search(text),
    "without_outputs": lambda text: without_outputs(text.encode("utf-8")),
    "in outputs": lambda text: without_outputs(b'{"outputs":[' + text.encode("utf-8")),
}


TAKE_APART = ("plain_python", "statements", "tree", "fingerprint", "visible", "safe_cell", "version", "shown_name")


@pytest.mark.parametrize("name", READERS)
def test_whatever_reads_text_is_linear(name):
    """A quadratic one would need more than the budget for a single one of these."""
    read = READERS[name]
    length = SHORT if name in TAKE_APART else LONG
    with Budget(10).spent_on(name):
        for piece in PIECES:
            many = piece * (length // len(piece))
            for text in (f"a{many}a", f'"{many}'):
                read(text)


def test_the_signs_of_errors_are_linear_in_an_errors_text():
    """Their texts come from a learner's process."""
    with Budget(10).spent_on("them"):
        for one in meanings():
            for sign in (*one.signs, *filter(None, [one.called])):
                for piece in ("a", "stack", "1", " ", "(", "a.", "tensor ", "'"):
                    sign.search(piece * (40_000 // len(piece)))


def graded(folder, lessons=("00_welcome",)):
    (one,) = find_submissions(folder, lessons).submissions
    return grade_learner(one, ITEMS, lambda answers: [Mark(each.exercise, "passed") for each in answers])


LONG_CELLS = {
    "thirty thousand spaces": " " * 30_000 + "x",
    "spaces and an equals sign": "x" + " " * 150_000 + "=",
    "statements": "x = 1\n" * 30_000,
    "statements that are read": "x = 1\n" * 5_900,
    "statements that need each other": "".join(f"x{n} = x{n - 1}\n" for n in range(1, 5_900)),
    "definitions": "".join(f"def f{n}(): return f{n - 1}()\n" for n in range(1, 5_000)),
    "changes": "T = {}\n" + "T[0] = 1\n" * 5_900,
    "answers": "def from_pixels(x): return x\n" * 5_900,
    "checks": "from_pixels = check(from_pixels)\n" * 5_000,
    "magics": "%time x\n" * 20_000,
    "magics of magics": "%%time\n" * 5_900,
    "questions": "x?\n" * 5_900,
    "assigned magics": "a, b [c]. d = !x\n" * 5_900,
    "continued magics": "!x \\\n" * 30_000,
    "decorators": "@x\n" * 40_000 + "def f(): pass",
    "one name, bound and changed": "".join(f"y = {n}\ny += 1\n" for n in range(2_900)),
}


@pytest.mark.parametrize("name", LONG_CELLS)
def test_a_long_cell_costs_seconds_and_no_other_cell_anything(name, tmp_path):
    cells = [SET_UP, LONG_CELLS[name], cell(FROM_PIXELS, "from_pixels"), cell(TO_PIXELS, "to_pixels")]
    written(tmp_path / "eve" / "00_welcome.ipynb", notebook(*cells, lesson="00_welcome"))
    with Budget(25).spent_on(name):
        one = graded(tmp_path)
    assert {result.mark.status for result in one.results} == {"passed"}


def test_an_answer_that_needs_thousands_of_others_is_put_together(tmp_path):
    chain = "".join(f"x{n} = x{n - 1}\n" for n in range(1, 5_900))
    answer = "def from_pixels(pixels):\n    return x5899"
    cells = [SET_UP, "x0 = 1", chain, cell(answer, "from_pixels"), cell(TO_PIXELS, "to_pixels")]
    written(tmp_path / "eve" / "00_welcome.ipynb", notebook(*cells, lesson="00_welcome"))
    with Budget(25).spent_on("it"):
        assert {result.mark.status for result in graded(tmp_path).results} == {"passed"}


def test_what_takes_longer_than_the_clock_is_unreadable_and_says_so(tmp_path, monkeypatch):
    def endless(*arguments):
        while True:
            pass

    monkeypatch.setattr(notebooks, "MAX_SECONDS", 0.2)
    written(tmp_path / "eve" / "00_welcome.ipynb", notebook(SET_UP, lesson="00_welcome"))
    for module, name in ((notebooks, "read_notebook"), (extraction, "cells_of"), (extraction, "draft_of")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, endless)
            marks = [result.mark for result in graded(tmp_path).results]
        assert {mark.status for mark in marks} == {"unreadable"}
        assert all("longer than" in mark.message for mark in marks)


def test_a_class_zip_is_opened_once_and_hashed_for_nobody(tmp_path, monkeypatch):
    names = [f"Ada{n}_{n}_assignsubmission_file_/00_welcome.ipynb" for n in range(300)]
    root = written(tmp_path / "class.zip", zipped([(name, notebook(SET_UP, lesson="00_welcome")) for name in names]))
    found = find_submissions(root, ["00_welcome"]).submissions
    opened = []
    monkeypatch.setattr(
        places.zipfile, "ZipFile", lambda *a, **b: opened.append(a) or zipfile.ZipFile.__new__(zipfile.ZipFile)
    )
    monkeypatch.setattr(records, "file_digest", lambda path: pytest.fail("hashed"))
    assert len({records.digest_of(one, 1, ()) for one in found}) == 300
    assert not opened


def test_an_entry_of_a_zip_that_changed_is_marked_again(tmp_path):
    digests = set()
    for text in ("x = 1", "x = 2"):
        root = written(
            tmp_path / "class.zip",
            zipped({"ada/00_welcome.ipynb": notebook(text), "bob/00_welcome.ipynb": notebook("y")}),
        )
        ada, bob = find_submissions(root, ["00_welcome"]).submissions
        digests |= {records.digest_of(ada, 1, ()), records.digest_of(bob, 1, ())}
    assert len(digests) == 3


def test_long_tables_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("ID,Task\n" + "1,2\n" * 50_000)
    with Budget(10).spent_on("it"):
        assert len(read_table(path, "fill").rows) == 50_001
    assert read_notebook("x", to_bytes(notebook("x"))).cells
