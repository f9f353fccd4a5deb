"""Files made to stop the marking process itself: each costs what it holds, and nothing else of its learner."""

import json

import pytest
from fabricated import FROM_PIXELS, SET_UP, TO_PIXELS, cell, notebook, to_bytes, written

from course_lib.grading import grade_learner, records
from course_lib.grading.judging import Wishes, judge
from course_lib.grading.marks import Mark
from course_lib.grading.reading.catalogue import catalogue
from course_lib.grading.reading.extraction import find_answers
from course_lib.grading.reading.notebooks import MAX_CODE_CHARACTERS, read_notebook
from course_lib.grading.reading.submissions import find_submissions
from course_lib.grading.reports.grades_table import write_grades_csv
from course_lib.grading.reports.learner_page import learner_page

ITEMS = catalogue(("00",))


def all_pass(answers):
    return [Mark(answer.exercise, "passed") for answer in answers]


def graded(folder):
    (found,) = find_submissions(folder, ["00_welcome"]).submissions
    return grade_learner(found, ITEMS, all_pass)


def statuses(one):
    return {result.mark.exercise: result.mark.status for result in one.results}


# a first cell that is made to harm -> what becomes of the exercises in the cells after it
HARMFUL_CELLS = {
    "a chain of ten thousand attributes": "x = a" + ".b" * 10_000,
    "a chain just short of what Python bears": "from_pixels = a" + ".b" * 900,
    "a sum of fifty thousand": "x = 1" + " + 1" * 50_000,
    "a sum just short of what Python bears": "x = 1" + " + 1" * 900,
    "signs": "x = " + "-" * 3000 + "1",
    "brackets": "(" * 5000,
    "calls of calls": "check(" * 90 + "1" + ")" * 90,
    "nested functions": "".join(f"{' ' * depth}def f():\n" for depth in range(95)) + " " * 95 + "pass",
    "a decorator inside a decorator": "@(" * 60 + "x" + ")" * 60 + "\ndef f(): pass",
    "a long line of statements": "x = 1;" * 10_000,
    "code with thousands of magics behind it": "y = [1]\n" * 3_000 + "!x\n" * 2_000,
    "magics without end": "%x\n" * 20_000,
    "one line of 200,000 characters": f"x = '{'y' * 199_000}'",
    "null bytes": "x = '\0'",
    "halves of characters": "x = '\ud800'",
    "a loop": "while True: pass",
    "an alias of an alias": "from_pixels = to_pixels = check(check(from_pixels))",
    "a name of 100,000 letters": "x" * 100_000 + " = 1",
}


@pytest.mark.parametrize("name", HARMFUL_CELLS)
def test_a_cell_that_means_harm_costs_no_other_cell_anything(tmp_path, name):
    made = notebook(
        SET_UP, HARMFUL_CELLS[name], cell(FROM_PIXELS, "from_pixels"), cell(TO_PIXELS, "to_pixels"), lesson="00_welcome"
    )
    written(tmp_path / "eve" / "00_welcome.ipynb", made)
    one = graded(tmp_path)
    assert statuses(one) == {"from_pixels": "passed", "to_pixels": "passed"}
    # and all of it can be written down
    records.save(tmp_path / "marks" / "eve.json", one, "")
    learner_page(one, ITEMS, {}).encode("utf-8")
    write_grades_csv(tmp_path / "grades.csv", judge([one], ITEMS, Wishes(), 0), ITEMS)


@pytest.mark.parametrize("name", [name for name, code in HARMFUL_CELLS.items() if "check(check" not in code])
def test_an_answer_that_means_harm_is_that_answer_only(name):
    code = HARMFUL_CELLS[name]
    made = notebook(SET_UP, cell(code, "from_pixels"), cell(TO_PIXELS, "to_pixels"), lesson="00_welcome")
    found = find_answers([read_notebook("00_welcome.ipynb", to_bytes(made))], [], ITEMS)
    assert [one.item.name for one in found if one.candidate is not None][-1] == "to_pixels"


GOOD = notebook(SET_UP, cell(FROM_PIXELS, "from_pixels"), cell(TO_PIXELS, "to_pixels"), lesson="00_welcome")
HARMFUL_FILES = {
    "lists in lists": b"[" * 200_000,
    "cells in cells": b'{"cells":' * 50_000,
    "not a number": b'{"cells": [], "metadata": {"x": NaN, "y": Infinity}, "nbformat": 4}',
    "a number of a million digits": b'{"cells": [], "x": ' + b"9" * 1_000_000 + b"}",
    "a million cells": b'{"cells": [' + b"0," * 1_000_000 + b"0]}",
    "cells of every kind but cells": json.dumps({"cells": [None, 1, "x", [], {}, {"cell_type": "code"}]}).encode(),
    "cells that are a text": b'{"cells": "code"}',
    "code beyond all bounds": to_bytes(notebook(*["x = 1\n" * 30_000] * (MAX_CODE_CHARACTERS // 180_000 + 1))),
    "keys twice": b'{"cells": [], "cells": [{"cell_type": "code", "source": 7}]}',
    "null bytes": b"\0" * 10_000,
    "halves of characters in every text": b'{"cells": [{"cell_type": "code", "source": "\\ud800", "metadata": '
    b'{"exercise": "\\udfff"}, "id": "\\ud800"}], "metadata": {"course": {"lesson": "\\ud800"}}}',
}


@pytest.mark.parametrize("name", HARMFUL_FILES)
def test_a_file_that_means_harm_costs_no_other_file_anything(tmp_path, name):
    written(tmp_path / "eve" / "00_welcome-1.ipynb", HARMFUL_FILES[name])
    written(tmp_path / "eve" / "00_welcome.ipynb", GOOD)
    assert set(statuses(graded(tmp_path)).values()) == {"passed"}


def test_a_notebook_of_300_megabytes_is_not_read(tmp_path):
    path = tmp_path / "eve" / "00_welcome-1.ipynb"
    path.parent.mkdir()
    with path.open("wb") as file:  # takes no place on the disk
        file.truncate(300_000_000)
    written(tmp_path / "eve" / "00_welcome.ipynb", GOOD)
    one = graded(tmp_path)
    assert set(statuses(one).values()) == {"passed"}
    assert any("larger than 32 MB" in problem for problem in one.problems)


def test_one_cell_id_for_all_cells_is_no_answer_to_all_exercises(tmp_path):
    made = notebook(SET_UP, cell(FROM_PIXELS, id="exercise-from_pixels"), cell("x = 1", id="exercise-from_pixels"))
    written(tmp_path / "eve" / "00_welcome.ipynb", made)
    assert statuses(graded(tmp_path)) == {"from_pixels": "passed", "to_pixels": "missing"}


NAMES = {
    "a formula": "=cmd|' -C calc'!A0",
    "another formula": "@SUM(1+1)*cmd",
    "markup": "<img src=x onerror=alert(1)>",
    "an attribute": '" onmouseover="alert(1)',
    "right to left": "ada\u202egpj",
    "a line end": "ada\nbob,1",
    "a way out": "ada\\..\\..\\etc",
    "a device": "CON",
    "terminal commands": "\x1b[2Jada",
    "accents in pieces": "Zoe\u0308",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_learners_name_does_no_harm(tmp_path, name):
    written(tmp_path / "in" / NAMES[name] / "00_welcome.ipynb", GOOD)
    written(tmp_path / "in" / "other" / "00_welcome.ipynb", GOOD)
    found = find_submissions(tmp_path / "in", ["00_welcome"]).submissions
    class_ = [grade_learner(one, ITEMS, all_pass) for one in found]
    for one, file in zip(class_, records.file_names(found), strict=True):
        assert set(file) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
        assert not any(character in one.learner for character in "\u202e\n\x1b")
        page = learner_page(one, ITEMS, {})
        assert "<img" not in page
        assert 'onmouseover="' not in page
    write_grades_csv(tmp_path / "grades.csv", judge(class_, ITEMS, Wishes(), 0), ITEMS)
    lines = (tmp_path / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert not any(line.lstrip('"').startswith(("=", "+", "-", "@")) for line in lines)
