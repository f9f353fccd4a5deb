"""A learner's lines fit beside the file browser, and say and do what the library's do."""

import ast
import re

import pytest

from course_lib.authoring.colab_cell import CELL_ID
from course_lib.authoring.narrow import WIDTH, narrow
from course_lib.authoring.notebooks import exercise_of, learners_notebook
from course_lib.authoring.source import lesson_sources, read_lesson

EXERCISES = [
    exercise_of(cell)
    for source in lesson_sources()
    for cell in read_lesson(source).cells
    if "exercise" in cell.metadata
]


def words(source):
    return " ".join(re.sub(r"^\s*# ?", " ", source, flags=re.M).split())


def without_spaces_in_docstrings(source):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = " ".join(node.value.split())
    return ast.dump(tree)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_what_is_narrow_says_and_does_the_same(exercise):
    for text in (exercise.blank, exercise.bare, exercise.marked):
        made = narrow(text)
        assert without_spaces_in_docstrings(made) == without_spaces_in_docstrings(text)
        assert re.sub(r"[\s,]", "", words(made)) == re.sub(r"[\s,]", "", words(text))
        assert narrow(made) == made


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_docstrings_steps_and_signatures_of_a_blank_fit(exercise):
    tree = ast.parse(exercise.blank)
    code = {line.strip() for line in exercise.blank.splitlines()} if isinstance(tree.body[0], ast.ClassDef) else set()
    long = [line for line in exercise.cell(exercise.blank).splitlines() if len(line) > WIDTH]
    # what is given of a class is the library's own code; doctests are on one line
    left = [line for line in long if line.strip() not in code and not line.lstrip().startswith((">>>", "from "))]
    assert not left
    assert not [line for line in long if re.match(r"\s*(#|def )", line)]


MOST_LINES = 40
FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```", re.M | re.S)


@pytest.mark.parametrize("source", lesson_sources(), ids=lambda source: source.name)
def test_what_a_learner_sees_of_code_fits_the_page_and_the_screen(source):
    """Every cell, and the code in hints; but the set-up cell that is folded. What is given stands by itself."""
    for cell in learners_notebook(read_lesson(source)).cells:
        if cell.id == CELL_ID:
            continue
        code = [cell.source] if cell.cell_type == "code" else FENCE.findall(cell.source)
        wide = [line for text in code for line in text.splitlines() if len(line) > WIDTH]
        assert not wide, cell.id
        given = cell.id.startswith("shown-")
        assert given or cell.cell_type == "markdown" or cell.source.count("\n") < MOST_LINES, cell.id


def test_a_sentence_of_a_docstring_goes_on_and_a_step_stays_by_itself():
    source = (
        f'def f(x):\n    """{"word " * 20}and\n    so on.\n    """\n    # {"step " * 20}and\n    # next\n    pass\n'
    )
    made = narrow(source).splitlines()
    assert max(map(len, made)) <= WIDTH
    assert made[2].endswith("word and so on.")
    assert made[5].startswith("    #   step ")
    assert made[6] == "    # next"
