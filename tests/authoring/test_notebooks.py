"""One learner through the course: with every blank filled in from the solutions, *passed*, and nine parts of nine.

That the blank copies and the solutions run, each in a kernel of its own, is tested by nbval, in the same command. Here
one kernel goes through all lessons, and through no experiment: only through answers, checks, and what is built of them.
"""

import ast
import os

import nbformat
import pytest
from nbclient import NotebookClient

from course_lib.authoring.build import NOTEBOOKS, SOLUTIONS, code_cells
from course_lib.authoring.source import lesson_sources

LESSONS = [source.name for source in lesson_sources()]


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def filled_in(name):
    """The learner's answers and checks; of the other cells what they import, and what builds with passed answers."""
    solution = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4)
    answers = {cell.metadata["exercise"]: cell.source for cell in solution.cells if "exercise" in cell.metadata}
    cells = code_cells(nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4))
    for cell in cells:
        if "exercise" in cell.metadata:
            cell.source = answers.pop(cell.metadata["exercise"])
        elif "check" not in cell.metadata and "my_parts()" not in cell.source:
            statements = ast.parse(cell.source).body
            imports = [one for one in statements if isinstance(one, ast.Import | ast.ImportFrom)]
            cell.source = "\n".join(map(ast.unparse, imports))
        cell.metadata["lesson"] = name
    assert not answers
    return cells


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """All lessons as they come out of one kernel, with a folder of passed answers of its own."""
    made = nbformat.v4.new_notebook(cells=[cell for name in LESSONS for cell in filled_in(name)])
    for number, cell in enumerate(made.cells):
        cell.id = str(number)
    places = {"metadata": {"path": str(NOTEBOOKS)}}
    client = NotebookClient(made, timeout=300, kernel_name="python3", allow_errors=True, resources=places)
    client.execute(env={**os.environ, "UNET_COURSE_WORK": str(tmp_path_factory.mktemp("my_work"))})
    return made.cells


@pytest.mark.parametrize("name", LESSONS)
def test_filled_in_answers_pass_every_check(course, name):
    cells = [cell for cell in course if cell.metadata["lesson"] == name]
    for cell in cells:
        assert not [output for output in cell.outputs if output.output_type == "error"], cell.source
    checks = [cell for cell in cells if "check" in cell.metadata]
    assert checks
    for cell in checks:
        assert printed(cell).startswith(f"passed · {cell.metadata['check']}"), printed(cell)


@pytest.mark.skipif(not any(name.startswith("07") for name in LESSONS), reason="lesson 07 is not here")
def test_the_network_is_built_from_the_learners_own_parts(course):
    texts = [printed(cell) for cell in course if "my_parts()" in cell.source]
    assert "8 of 9 parts are yours; UNet is the reference." in texts[0]
    assert "All 9 parts are yours." in texts[-1]
