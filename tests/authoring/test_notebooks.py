"""The learner's notebooks with every blank filled in from the solutions: *passed* everywhere, and nine parts of nine.

That the blank copies and the solutions run whole is tested by nbval, in the same command. Here only what an answer has
to do with is run, set-up, exercises, checks and the cells that build from kept parts: lesson after lesson in one kernel
up to lesson 06, and from lesson 07 on in a second one, which knows of the first no more than what was kept.
"""

import ast
import os

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_notebook

from course_lib.authoring.build import NOTEBOOKS, SOLUTIONS
from course_lib.authoring.source import lesson_sources

LESSONS = [source.name for source in lesson_sources()]
HALVES = ([name for name in LESSONS if name < "07"], [name for name in LESSONS if name >= "07"])


def filled_in(name: str) -> list:
    """The cells of a learner's copy that an answer has to do with, the blanks filled in."""
    learners = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    solution = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4)
    answers = {cell.metadata["exercise"]: cell.source for cell in solution.cells if "exercise" in cell.metadata}
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


def names_of(source: str) -> str:
    """What an experiment imports, and the classes it makes, since a check behind it may use the name."""
    kept = (ast.Import, ast.ImportFrom, ast.ClassDef)
    return "\n".join(ast.unparse(node) for node in ast.parse(source).body if isinstance(node, kept))


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """All cells of both halves after their run, with one learner's folder of passed answers."""
    env = {**os.environ, "UNET_COURSE_WORK": str(tmp_path_factory.mktemp("my_work"))}
    found = []
    for half in HALVES:
        notebook = new_notebook(cells=[cell for name in half for cell in filled_in(name)])
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute(env=env)
        found += notebook.cells
    return found


def printed(cell) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


def test_every_answer_passes(executed):
    checks = [cell for cell in executed if "check" in cell.metadata]
    wrong = [printed(cell) for cell in checks if not printed(cell).startswith(f"passed · {cell.metadata['check']}")]
    assert not wrong
    assert len(checks) == sum("exercise" in cell.metadata for cell in executed)


def test_a_fresh_kernel_finds_the_parts_that_were_kept(executed):
    assert any("8 of 9 parts are yours; UNet is the reference." in printed(cell) for cell in executed)
