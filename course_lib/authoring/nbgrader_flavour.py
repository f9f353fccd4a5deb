"""The notebooks for schools that use nbgrader: source versions with its cell metadata and solution markers."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_lib.authoring.notebooks import CHECK, notebook, to_text
from course_lib.authoring.source import Source, read_lesson
from course_lib.checks.registry import exercises
from course_lib.files import write_text

SCHEMA_VERSION = 3
POINTS = 1

# raises on failure, prints to stdout only, ends in a statement: what nbgrader needs to give full marks or none
GRADED_CHECK = """\
from course_lib.checks import examine

result = examine({answer}, "{name}")
{check}
assert result.status == "passed", result.message"""


def write_assignment(source: Source, folder: Path) -> Path:
    """Write one lesson as an assignment of its own, DIR/NN_name/NN_name.ipynb: the folder nbgrader calls `source`.

    Every check is worth one point.
    """
    lesson = read_lesson(source)
    path = folder / lesson.name / f"{lesson.name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = notebook(lesson, lambda exercise: exercise.cell(exercise.marked), solved=False)
    for cell in made.cells:
        mark(cell)
    nbformat.validate(made)
    write_text(path, to_text(made))
    return path


def mark(cell: NotebookNode) -> None:
    """Give a cell nbgrader's metadata: answers are solutions, checks (but of steps) graded and locked."""
    if "exercise" in cell.metadata:
        cell.metadata["nbgrader"] = nbgrader_keys(cell.id, solution=True)
    elif "check" in cell.metadata and not exercises()[cell.metadata["check"]].step_of:
        name, answer = cell.metadata["check"], CHECK.match(cell.source)[2]
        cell.source = GRADED_CHECK.format(name=name, answer=answer, check=cell.source)
        cell.metadata["nbgrader"] = nbgrader_keys(cell.id, solution=False) | {"points": POINTS}


def nbgrader_keys(grade_id: str, solution: bool) -> dict:
    return {
        "schema_version": SCHEMA_VERSION,
        "grade": not solution,
        "locked": not solution,
        "solution": solution,
        "task": False,
        "grade_id": grade_id,
    }
