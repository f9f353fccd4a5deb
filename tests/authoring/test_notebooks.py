"""The learner's notebooks with every blank filled in: *passed* everywhere, and nine parts of nine.

In the learner's copies the blanks are filled in from the solutions; in the edition without step comments by code
without comments and refusals, so from signature and docstring alone.

That the blank copies and the solutions run whole is tested by nbval, in the same command. Here only what an answer has
to do with is run, set-up, exercises, checks and the cells that build from kept parts: lesson after lesson in one kernel
up to lesson 06, and from lesson 07 on in a second one, which knows of the first no more than what was kept.
"""

import ast
import os
import re
import textwrap

import nbformat
import pytest
from helpers import words_of
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from course_lib.authoring.blanks import WithoutRefusals
from course_lib.authoring.build import NOTEBOOKS, SOLUTIONS
from course_lib.authoring.notebooks import exercise_of, learners_notebook
from course_lib.authoring.source import lesson_sources, read_lesson
from course_lib.checks.further import beside_the_task

SOURCES = {source.name: source for source in lesson_sources()}
HALVES = ([name for name in SOURCES if name < "07"], [name for name in SOURCES if name >= "07"])


def filled_in(learners: NotebookNode, answers: dict[str, str]) -> list:
    """The cells of a learner's copy that an answer has to do with, the blanks filled in."""
    code = [cell for cell in learners.cells if cell.cell_type == "code"]
    set_up = next(cell for cell in code if "from course_lib.checks import check" in cell.source)
    chosen = [set_up]
    for cell in code:
        if "exercise" in cell.metadata:
            cell.source = answers.pop(cell.metadata["exercise"])
            chosen.append(cell)
        elif "check" in cell.metadata or "my_parts()" in cell.source:
            chosen.append(cell)
        elif cell is not set_up and names_of(cell.source):
            cell.source = names_of(cell.source)
            chosen.append(cell)
    assert not answers
    return chosen


def from_solution(name: str) -> list:
    learners = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    cells = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4).cells
    return filled_in(
        learners, {cell.metadata["exercise"]: cell.source for cell in cells if "exercise" in cell.metadata}
    )


def without_steps(name: str) -> list:
    """The edition without step comments. An answer is the blank as it stands, with code in place of its last line."""
    lesson = read_lesson(SOURCES[name])
    learners = learners_notebook(lesson, steps=False)
    blanks = {cell.metadata["exercise"]: cell.source for cell in learners.cells if "exercise" in cell.metadata}
    full = {
        made.name: made.full for cell in lesson.cells if "exercise" in cell.metadata for made in [exercise_of(cell)]
    }
    return filled_in(learners, {exercise: with_code(blank, full[exercise]) for exercise, blank in blanks.items()})


def with_code(blank: str, full: str) -> str:
    """A blank filled in by the library's code, without its comments and what only refuses an argument."""
    functions = {node.name: node for node in ast.walk(ast.parse(full)) if isinstance(node, ast.FunctionDef)}

    def code(raises: re.Match) -> str:
        function = functions[raises[2].rpartition(".")[2]]
        function.body = [part for part in function.body if not beside_the_task(part)]
        return textwrap.indent("\n".join(map(ast.unparse, WithoutRefusals().visit(function).body)), raises[1])

    filled, count = re.subn(
        r'^( *)raise NotImplementedError\("(.+) is still blank"\)$', code, blank, flags=re.MULTILINE
    )
    assert count
    return filled


def names_of(source: str) -> str:
    """What an experiment imports, and the classes it makes, since a check behind it may use the name."""
    kept = (ast.Import, ast.ImportFrom, ast.ClassDef)
    return "\n".join(ast.unparse(node) for node in ast.parse(source).body if isinstance(node, kept))


@pytest.fixture(scope="module", params=[from_solution, without_steps], ids=lambda edition: edition.__name__)
def executed(request, tmp_path_factory):
    """All cells of both halves of an edition after their run, with one learner's folder of passed answers."""
    env = {**os.environ, "UNET_COURSE_WORK": str(tmp_path_factory.mktemp("my_work"))}
    found = []
    for half in HALVES:
        notebook = new_notebook(cells=[cell for name in half for cell in request.param(name)])
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute(env=env)
        found += notebook.cells
    return found


def printed(cell) -> str:
    return words_of(cell.outputs)


def test_every_answer_passes(executed):
    checks = [cell for cell in executed if "check" in cell.metadata]
    wrong = [printed(cell) for cell in checks if not printed(cell).startswith(f"passed · {cell.metadata['check']}")]
    assert not wrong
    assert len(checks) == sum("exercise" in cell.metadata for cell in executed)


def test_a_fresh_kernel_finds_the_parts_that_were_kept(executed):
    assert any("8 of 9 parts are yours; UNet is the reference." in printed(cell) for cell in executed)
