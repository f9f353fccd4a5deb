"""Who wants no step comments: a run through all lessons with the bare blanks passes on the same checks."""

import os

import pytest
from helpers import words_of
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.authoring.build import NOTEBOOKS
from course_lib.authoring.notebooks import learners_notebook, solution_notebook
from course_lib.authoring.source import lesson_sources, read_lesson
from course_lib.checks.registry import exercises
from course_lib.lessons.shared.my_parts import PARTS


def without_comments(text):
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def expert_cells(lesson):
    """Set-up, blanks without step comments and written in, and checks of one lesson."""
    bare = [cell for cell in learners_notebook(lesson, steps=False).cells if cell.cell_type == "code"]
    solved = {
        cell.metadata["exercise"]: cell.source
        for cell in solution_notebook(lesson).cells
        if "exercise" in cell.metadata
    }
    yield next(cell for cell in bare if "from course_lib.checks import check" in cell.source)
    yield new_code_cell(f"from course_lib import {', '.join(PARTS[1:])}\nfrom course_lib import DDPM as LibraryDDPM")
    yield new_code_cell("from course_lib import FlowMatching as Library\nfrom course_lib.tracing import SECTIONS")
    for cell in bare:
        if "exercise" in cell.metadata:
            cell.source = without_comments(solved[cell.metadata["exercise"]])
            yield cell
        elif "check" in cell.metadata or "\nclass " in f"\n{cell.source}":
            yield cell


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    cells = [cell for source in lesson_sources() for cell in expert_cells(read_lesson(source))]
    notebook = new_notebook(cells=cells)
    NotebookClient(notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute(
        env={**os.environ, "UNET_COURSE_WORK": str(tmp_path_factory.mktemp("my_work"))}
    )
    return {
        cell.metadata["check"]: " ".join(words_of(cell.outputs).split())
        for cell in notebook.cells
        if "check" in cell.metadata
    }


def test_every_exercise_passes_without_its_steps(verdicts):
    assert set(verdicts) == set(exercises())
    refused = {name: said for name, said in verdicts.items() if not said.startswith(f"passed · {name}")}
    assert not refused
