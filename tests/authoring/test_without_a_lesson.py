"""A lesson is taken away by deleting its folder and building."""

import os
import shutil
import subprocess
import sys

import pytest

from course_lib.authoring.source import ROOT

GONE = "03_residual_block"

SCRIPT = f"""
import sys
import course_lib
from course_lib.authoring.__main__ import main
from course_lib.checks.registry import exercises
from course_lib.grading.reading.catalogue import catalogue
from course_lib.lessons.shared.my_parts import my_parts

lessons = {{one.lesson for one in exercises().values()}}
assert "{GONE[:2]}" not in lessons
assert lessons == {{one.lesson for one in catalogue()}}
assert my_parts()["ResidualBlock"] is course_lib.ResidualBlock
sys.exit(main(["build"]))
"""


@pytest.fixture
def without(tmp_path):
    """A copy of the course in which one lesson's folder is missing."""
    ignored = shutil.ignore_patterns("__pycache__", f"lesson{GONE[:2]}")
    for folder in ("course_lib", "assets", "notebooks", "solutions"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def test_everything_else_works_and_the_build_takes_its_notebooks_away(without):
    environment = {**os.environ, "PYTHONPATH": str(without), "UNET_COURSE_WORK": str(without / "my_work")}
    command = [sys.executable, "-c", SCRIPT]
    finished = subprocess.run(command, cwd=without, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    parts, *lines = [line for line in finished.stdout.splitlines() if not line.startswith("  ")]
    assert parts.startswith("0 of 9 parts are yours")
    assert [line for line in lines if line.startswith("removed")] == [
        f"removed, since its lesson is gone: {folder}/{GONE}.ipynb" for folder in ("notebooks", "solutions")
    ]
    # written anew are those that named the lesson: what was a link to it is words now
    naming = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb") if f"({GONE}.ipynb" in path.read_text("utf-8")}
    written = {line.partition(":")[0] for line in lines if "up to date" not in line and not line.startswith("removed")}
    assert written == naming - {GONE}
    assert len(lines) == len(list((ROOT / "course_lib/lessons").glob("*/lesson.md"))) - 1 + 2
    for folder in ("notebooks", "solutions"):
        assert not (without / folder / f"{GONE}.ipynb").exists()
        assert (without / folder / "README.md").exists()
