"""The instructor's guide keeps its word: names of mistakes, files and options in it exist, its code runs."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from course_lib.authoring.source import ROOT, lesson_sources
from course_lib.checks.registry import exercises
from course_lib.commands import grade
from course_lib.grading.marks import Mark
from course_lib.grading.reports.page import STATUSES

GUIDE = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = BLOCK.findall(GUIDE)

SAID_ELSEWHERE = {"interleave", "look_up_by_one_hot", "SelfAttention"}


def test_common_errors_are_those_of_the_banks():
    rows = re.findall(r"^\| (\d\d) \| `([\w.]+)` \| (.*?) \|", GUIDE, re.MULTILINE)
    assert len(rows) > 20
    for lesson, name, cell in rows:
        exercise = exercises()[name]
        assert exercise.lesson == lesson
        known = {mistake.name for mistake in exercise.misconceptions}
        named = [word for word in re.findall(r"`([a-z_0-9]+)`", cell) if "_" in word or word in known]
        assert named, name
        assert set(named) <= known, name


def test_every_exercise_but_three_is_in_the_table():
    listed = set(re.findall(r"^\| \d\d \| `([\w.]+)` \|", GUIDE, re.MULTILINE))
    assert set(exercises()) - listed <= SAID_ELSEWHERE


@pytest.mark.parametrize("code", [code for language, code in BLOCKS if language == "python"])
def test_its_python_is_python_and_formatted_as_ours(code):
    ast.parse(code)
    assert all(len(line) <= 120 for line in code.splitlines())


def test_its_commands_name_options_that_exist():
    import argparse

    parser = argparse.ArgumentParser()
    grade.add_parser(parser.add_subparsers())
    lines = [line for language, code in BLOCKS if language == "bash" for line in code.splitlines()]
    graded = [shlex.split(line)[3:] for line in lines if "course_lib grade" in line]
    assert len(graded) >= 4
    for arguments in graded:
        parser.parse_args(arguments)


def test_it_explains_every_status():
    section = GUIDE.split("| status | means |")[1].split("###")[0]
    for status in STATUSES:
        assert status in section
        assert Mark("x", status).status == status


def test_links_lead_to_headings_and_named_files_exist():
    headings = {
        re.sub(r"[^\w -]", "", text).lower().replace(" ", "-") for text in re.findall(r"^##+ (.*)$", GUIDE, re.M)
    }
    for link in re.findall(r"\]\(#([^)]+)\)", GUIDE):
        assert link in headings
    for path in re.findall(r"`((?:course_lib|solutions|tests)/[\w/.]+\.(?:py|md))`", GUIDE):
        if not re.search("13|negative|NN", path):
            assert (ROOT / path).exists(), path


def block_that_begins(text: str, guide: str = GUIDE) -> str:
    return next(code for _, code in BLOCK.findall(guide) if code.startswith(text))


def test_the_exercise_it_adds_step_by_step_works(tmp_path):
    """`negative` of the section "Add an exercise", made in a copy of the course by its own words, and tried there.

    Under a number and a name that nobody has: whoever followed the guide before has a lesson 15 and a `negative`.
    """
    number = f"{int(lesson_sources()[-1].name[:2]) + 1:02d}"
    guide = GUIDE.replace("negative", "as_the_guide_adds_it").replace("15", number)
    copy = tmp_path / "course_lib"
    shutil.copytree(ROOT / "course_lib", copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("assets", "pyproject.toml", "notebooks", "solutions"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    with (copy / "warm_ups.py").open("a", encoding="utf-8") as file:
        file.write("\n\n" + block_that_begins("def as_the_guide_adds_it", guide))
    lesson = copy / "lessons" / f"lesson{number}"
    lesson.mkdir()
    (lesson / "__init__.py").write_text('"""Negatives."""\n', encoding="utf-8")
    (lesson / "figures.py").touch()
    holds = block_that_begins('"""What holds for as_the_guide_adds_it', guide)
    (lesson / "as_the_guide_adds_it.py").write_text(holds, encoding="utf-8")
    (lesson / "as_the_guide_adds_it.toml").write_text(block_that_begins("[one_minus]", guide), encoding="utf-8")
    cells = re.search(rf"````markdown\n(### Exercise {number}.1.*?)````", guide, re.DOTALL)[1]
    (lesson / "lesson.md").write_text(block_that_begins("---", guide) + "\n" + cells, encoding="utf-8")
    tried = f"""
from course_lib.authoring.notebooks import learners_notebook
from course_lib.authoring.source import lesson_sources, read_lesson
from course_lib.checks import examine
from course_lib.checks.registry import exercises

name = "as_the_guide_adds_it"
exercise = exercises()[name]
assert examine(exercise.answer, name).status == "passed"
assert len(exercise.alternatives) >= 3 and len(exercise.misconceptions) >= 5
for right in exercise.alternatives:
    assert examine(right.right, name).status == "passed", right.name
for mistake in exercise.misconceptions:
    assert examine(mistake.wrong, name).misconception == mistake.name, mistake.name
source = lesson_sources()[-1]
assert source.name == "{number}_as_the_guide_adds_it"
cells = learners_notebook(read_lesson(source)).cells
assert any("as_the_guide_adds_it is still blank" in cell.source for cell in cells)
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", tried], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
