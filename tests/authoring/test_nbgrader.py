"""With nbgrader installed: one lesson through its whole way, full marks for the solution and none for the blank."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_lib.authoring.nbgrader_flavour import write_assignment
from course_lib.authoring.notebooks import learners_notebook, solution_notebook
from course_lib.authoring.source import lesson_sources, read_lesson

pytest.importorskip("nbgrader", reason='nbgrader is not installed: pip install -e ".[nbgrader]"')

LESSON = next(source for source in lesson_sources() if source.name.startswith("03"))


def answered(released, filled):
    """A released assignment with the answers of `filled` typed into its answer cells."""
    made = nbformat.read(released, as_version=4)
    answers = {cell.metadata["exercise"]: cell.source for cell in filled.cells if "exercise" in cell.metadata}
    for cell in made.cells:
        if "exercise" in cell.metadata:
            cell.source = answers[cell.metadata["exercise"]]
    return made


def test_one_lesson_through_generate_autograde_and_export(tmp_path):
    course = tmp_path / "course"
    write_assignment(LESSON, course / "source")
    name = LESSON.name
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'unet'\n")

    def nbgrader(*arguments):
        # its command line, and the programs that it calls, found beside the interpreter that runs the tests
        command = [sys.executable, "-m", "nbgrader", *arguments]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        environment = {**os.environ, "PATH": path}
        finished = subprocess.run(command, cwd=course, capture_output=True, text=True, env=environment)
        assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]

    nbgrader("generate_assignment", name, "--create")
    released = course / "release" / name / f"{name}.ipynb"
    assert "BEGIN SOLUTION" not in released.read_text(encoding="utf-8")
    lesson = read_lesson(LESSON)
    for student, filled in [("right", solution_notebook(lesson)), ("blank", learners_notebook(lesson))]:
        folder = course / "submitted" / student / name
        folder.mkdir(parents=True)
        if student == "blank":
            shutil.copy(released, folder)
        else:
            nbformat.write(answered(released, filled), folder / f"{name}.ipynb")
    nbgrader("autograde", name, "--ExecutePreprocessor.timeout=300")
    nbgrader("export")
    with open(course / "grades.csv", encoding="utf-8") as file:
        grades = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}
    assert grades["right"] == (grades["right"][1], grades["right"][1])
    assert grades["right"][1] > 0
    assert grades["blank"][0] == 0
