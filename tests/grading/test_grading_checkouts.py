"""A checkout handed in whole is marked by the learner's notebooks in it, and never by the course's own solutions."""

import json
import shutil

import pytest
from fabricated import ROOT, WITHOUT_SHIFT, cell, notebook, written, zipped

from course_lib.grading import grade_learner
from course_lib.grading.marks import Mark
from course_lib.grading.reading.catalogue import catalogue, lesson_names
from course_lib.grading.reading.submissions import find_submissions

ITEMS = catalogue()
LESSON = "00_welcome"
SOLVED = json.loads((ROOT / "solutions" / f"{LESSON}.ipynb").read_text())
BLANK = json.loads((ROOT / "notebooks" / f"{LESSON}.ipynb").read_text())
WRONG = notebook(cell(WITHOUT_SHIFT, "from_pixels"), lesson=LESSON)
RAN_AGAIN = {**SOLVED, "cells": [{**one, "outputs": []} if "outputs" in one else one for one in SOLVED["cells"]]}
LONGER = {**SOLVED, "cells": [*SOLVED["cells"], cell("print('looked at it')")]}
README = b"the course"


def points(folder):
    """Learner -> how many answers of the lesson are tried, as all that are tried are right here but WITHOUT_SHIFT."""

    def tried(answers):
        return [Mark(one.exercise, "failed" if "/ 255" in one.code else "passed") for one in answers]

    found = find_submissions(folder, lesson_names().values())
    return {
        one.learner: sum(
            result.mark.status == "passed" for result in grade_learner(one, ITEMS, tried, (LESSON[:2],)).results
        )
        for one in found.submissions
    }


FULL = 2


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"notebooks/00_welcome.ipynb": BLANK, "solutions/00_welcome.ipynb": SOLVED}, 0),
        ({"notebooks/00_welcome.ipynb": WRONG, "solutions/00_welcome.ipynb": SOLVED}, 0),
        ({"notebooks/00_welcome.ipynb": SOLVED, "solutions/00_welcome.ipynb": SOLVED}, FULL),
        # another branch's or an older version of the solutions, and one that was looked at and saved
        ({"notebooks/00_welcome.ipynb": BLANK, "solutions/00_welcome.ipynb": LONGER}, 0),
        ({"notebooks/00_welcome.ipynb": BLANK, "Solutions/00_welcome.ipynb": LONGER}, 0),
        # some folders deep, in folders that the host or the learner made around it
        ({"unet-main/notebooks/00_welcome.ipynb": WRONG, "unet-main/solutions/00_welcome.ipynb": LONGER}, 0),
        ({"a/b/notebooks/00_welcome.ipynb": BLANK, "a/b/solutions/00_welcome.ipynb": LONGER}, 0),
        # the notebooks moved, or thrown away
        ({"00_welcome.ipynb": WRONG, "course_lib/__init__.py": README, "solutions/00_welcome.ipynb": LONGER}, 0),
        ({"pyproject.toml": README, "solutions/00_welcome.ipynb": LONGER}, 0),
        # what the nbgrader build wrote
        ({"notebooks/00_welcome.ipynb": BLANK, "source/00_welcome/00_welcome.ipynb": LONGER}, 0),
        # the solved notebook by another way: copied, renamed, its outputs taken out
        ({"00_welcome.ipynb": BLANK, "answers/00_welcome.ipynb": SOLVED}, 0),
        ({"00_welcome.ipynb": WRONG, "00_welcome_solution-3.ipynb": RAN_AGAIN}, 0),
        # honest folders of these names
        ({"solutions/00_welcome.ipynb": LONGER}, FULL),
        ({"week 1/solutions/00_welcome.ipynb": LONGER, "week 2/source/notes.ipynb": notebook("x = 1")}, FULL),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_no_solution_of_the_course_is_marked_as_a_learners(tmp_path, files, expected, packed):
    submissions = tmp_path / "class"
    if packed:
        written(submissions / "ada.zip", zipped(files))
    else:
        for name, content in files.items():
            written(submissions / "ada" / name, content)
    written(submissions / "bob" / "00_welcome.ipynb", BLANK)
    assert points(submissions) == {"ada": expected, "bob": 0}


def test_a_class_of_classroom_repositories(tmp_path):
    for login, made in (("ada", BLANK), ("bob", WRONG), ("cy", LONGER)):
        folder = tmp_path / "class" / f"week-1-{login}"
        written(folder / "notebooks" / "00_welcome.ipynb", made)
        written(folder / "solutions" / "00_welcome.ipynb", SOLVED)
        written(folder / "README.md", README)
    assert points(tmp_path / "class") == {"ada": 0, "bob": 0, "cy": FULL}


def test_the_courses_own_solutions_by_themselves_get_full_points(tmp_path):
    (only,) = points(ROOT / "solutions").values()
    assert only == FULL
    shutil.copytree(ROOT / "solutions", tmp_path / "class" / "ada")
    written(tmp_path / "class" / "bob.zip", zipped({"00_welcome.ipynb": BLANK}))
    assert points(tmp_path / "class") == {"ada": FULL, "bob": 0}


def test_where_it_costs_a_lesson_it_is_said(tmp_path):
    written(tmp_path / "class" / "ada" / "notebooks" / "00_welcome.ipynb", BLANK)
    for name in ("00_welcome", "03_residual_block"):
        written(tmp_path / "class" / "ada" / "solutions" / f"{name}.ipynb", SOLVED)
    written(tmp_path / "class" / "bob" / "00_welcome.ipynb", BLANK)
    ada, _ = find_submissions(tmp_path / "class", lesson_names().values()).submissions
    (problem,) = ada.problems
    assert "03_residual_block.ipynb is the course's own" in problem
