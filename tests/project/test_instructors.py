"""The instructor's guide keeps its word: names of mistakes, files and options in it exist, its code runs."""

import ast
import re
import shlex

import pytest

from course_lib.authoring.source import ROOT
from course_lib.checks.registry import exercises
from course_lib.commands import grade
from course_lib.grading.marks import Mark
from course_lib.grading.reports.page import STATUSES

GUIDE = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", GUIDE, re.DOTALL)

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
