"""The learner's notebooks with every blank filled in from the solutions: *passed* everywhere, and nine parts of nine.

That the blank copies and the solutions run is tested by nbval, in the same command.
"""

import os

import nbformat
import pytest
from nbclient import NotebookClient

from course_lib.authoring.build import NOTEBOOKS, SOLUTIONS
from course_lib.authoring.source import lesson_sources

LESSONS = [source.name for source in lesson_sources()]


@pytest.fixture(scope="module")
def my_work(tmp_path_factory):
    """One learner's folder of passed answers, from the first lesson to the last."""
    return tmp_path_factory.mktemp("my_work")


@pytest.mark.parametrize("name", LESSONS)
def test_filled_in_notebooks_pass_every_check(name, my_work):
    learners = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    solution = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4)
    answers = {cell.metadata["exercise"]: cell.source for cell in solution.cells if "exercise" in cell.metadata}
    for cell in learners.cells:
        if "exercise" in cell.metadata:
            cell.source = answers.pop(cell.metadata["exercise"])
    assert not answers
    client = NotebookClient(learners, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}})
    client.execute(env={**os.environ, "UNET_COURSE_WORK": str(my_work)})
    for cell in learners.cells:
        if "check" in cell.metadata:
            printed = "".join(output.get("text", "") for output in cell.outputs)
            assert printed.startswith(f"passed · {cell.metadata['check']}"), printed
    if name.startswith("07"):
        printed = "".join(output.get("text", "") for cell in learners.cells for output in cell.get("outputs", []))
        assert "8 of 9 parts are yours; UNet is the reference." in printed
