"""The author's loop: what is saved is built in a second, and what is left to do is said."""

import shutil
import time

import nbformat
import pytest

from course_lib.authoring import source as reading
from course_lib.authoring import watch
from course_lib.authoring.build import build
from course_lib.authoring.watch import Watcher
from course_lib.shown_command import shown_command

AGAIN = f"run {shown_command('course_lib.authoring', 'build')}"
LEFT = f"solutions/00_test.ipynb is out of date: {AGAIN} 00"
REAL_ROOT, REAL_LESSONS = reading.ROOT, list(reading.LESSONS.glob("lesson[0-9][0-9]"))
BOTH = "00_test: notebooks/00_test.ipynb, solutions/00_test.ipynb"


@pytest.fixture
def watcher(course):
    """One that has seen a course in which nothing is out of date."""
    made = Watcher()
    assert made.look() == ["00_test: notebooks/00_test.ipynb", LEFT]
    course.store_outputs()
    assert made.look() == []
    return made


def shown_in(path):
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


def test_a_sentence_is_in_both_notebooks_at_once(course, watcher):
    course.edit_lesson("Text.", "Other text.")
    assert watcher.look() == [BOTH]
    assert "Other text." in shown_in(course.learners)
    assert "Other text." in shown_in(course.solution)
    assert nbformat.read(course.solution, as_version=4).cells[-1].outputs[0].text == "output\n"
    assert watcher.look() == []
    assert build(course.source) == []


def test_code_is_in_the_learners_copy_and_the_solution_is_left_to_the_build(course, watcher):
    course.edit_lesson('"fixed"', '"other"')
    assert watcher.look() == ["00_test: notebooks/00_test.ipynb", LEFT]
    assert '"other"' in shown_in(course.learners)
    assert '"fixed"' in shown_in(course.solution)


@pytest.mark.parametrize("name", ["lesson00/figures.py", "shared/style.py"])
def test_what_draws_a_figure_makes_a_solution_out_of_date(course, watcher, name):
    course.edit(f"course_lib/lessons/{name}", '"""', '""" ')
    assert watcher.look() == [LEFT]


def test_an_exercise_is_read_from_its_file_as_it_is_saved(course, watcher):
    course.edit("course_lib/group_norm.py", "def num_groups(", "def num_groups(new: int, ")
    assert watcher.look() == ["00_test: notebooks/00_test.ipynb", LEFT]
    assert "def num_groups(new: int, " in shown_in(course.learners)


def test_what_changes_no_notebook_is_up_to_date(course, watcher):
    (course.lesson / "some_exercise.toml").write_text("", encoding="utf-8")
    assert watcher.look() == ["00_test: up to date"]
    (course.root / "course_lib/unet.py").write_text("", encoding="utf-8")
    assert watcher.look() == []


def test_a_file_of_mistakes_that_is_no_toml_is_told(course, watcher):
    mistakes = course.lesson / "num_groups.toml"
    mistakes.write_text('[a]\nsays = "b"\n[x\n', encoding="utf-8")
    up_to_date, told = watcher.look()
    assert up_to_date == "00_test: up to date"
    assert told.startswith("error: lesson00/num_groups.toml is no TOML: ")
    assert "line 3" in told
    mistakes.unlink()
    assert watcher.look() == ["00_test: up to date"]


def test_the_mistakes_of_a_lesson_are_read_in_a_tenth_of_a_second():
    longest = max(REAL_LESSONS, key=lambda lesson: sum(path.stat().st_size for path in lesson.glob("*.toml")))
    started = time.process_time()
    assert list(watch.unreadable(longest.glob("*.toml"))) == []
    assert time.process_time() - started < 0.1


def test_a_mistake_is_told_and_forgotten_once_it_is_mended(course, watcher):
    course.edit_lesson("# Lesson 99", "Lesson 99")
    assert watcher.look() == [
        "error: lesson00/lesson.md does not begin with a title; allowed: '# Lesson ...' under the header"
    ]
    course.edit_lesson("Lesson 99", "# Lesson 99")
    assert watcher.look() == ["00_test: up to date"]
    course.edit_lesson("lesson: 00_test", "lesson: 01_test")
    assert watcher.look()[0].startswith("error: lesson00/lesson.md is called 01_test")


def test_other_files_and_lessons_that_are_gone_are_told(course, watcher, monkeypatch):
    monkeypatch.setattr(
        "course_lib.authoring.build.generated", lambda: {course.root / "assets/table.md": lambda: "new"}
    )
    course.edit_lesson("Text.", "Other text.")
    table = f"assets/table.md is out of date: {AGAIN}"
    assert watcher.look() == [BOTH, table]
    shutil.rmtree(course.lesson)
    gone = "{}/00_test.ipynb has no lesson any more: " + AGAIN
    assert watcher.look() == [gone.format("notebooks"), gone.format("solutions"), table]


def test_the_tables_of_the_document_are_left_to_the_build(course, watcher):
    (course.root / "course_lib/document.py").write_text("", encoding="utf-8")
    tables = "course_lib/document.py was saved, and assets/network.md shows its tables"
    assert watcher.look() == [f"{tables}: {AGAIN}"]
    assert watcher.look() == []


def test_only_the_lessons_that_were_asked_for_are_watched(course):
    shutil.copytree(course.lesson, course.lesson.with_name("lesson01"))
    course.edit("course_lib/lessons/lesson01/lesson.md", "lesson: 00_test", "lesson: 01_test")
    watcher = Watcher(["00"])
    watcher.look()
    course.edit("course_lib/lessons/lesson01/lesson.md", "Text.", "Other text.")
    assert watcher.look() == []
    assert [path.name for path in course.learners.parent.iterdir()] == ["00_test.ipynb"]
    with pytest.raises(ValueError, match="lesson is '07'; allowed: 00_test, 01_test"):
        watch.watch(["07"], print)


def test_it_looks_again_and_again_until_ctrl_c(course, monkeypatch):
    said, looks = [], []

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt
        course.edit_lesson("Text.", "Text. More.")

    course.store_outputs()
    monkeypatch.setattr(watch.time, "sleep", sleep)
    watch.watch([], said.append)
    assert said == ["watching 00_test; Ctrl+C ends it", "00_test: notebooks/00_test.ipynb", BOTH, BOTH]


def test_a_sentence_of_the_longest_lesson_costs_less_than_a_second(course, monkeypatch):
    longest = max((real / "lesson.md" for real in REAL_LESSONS), key=lambda path: path.stat().st_size)
    monkeypatch.setattr("course_lib.authoring.blanks.ROOT", REAL_ROOT)  # its exercises and figures as they are
    shutil.rmtree(course.lesson)
    course.text = course.lesson.with_name(longest.parent.name) / "lesson.md"
    shutil.copytree(longest.parent, course.text.parent)
    name = course.source.name
    shutil.copyfile(REAL_ROOT / f"solutions/{name}.ipynb", course.root / f"solutions/{name}.ipynb")
    watcher = Watcher()
    watcher.look()  # pays for the imports
    before = course.text.read_text(encoding="utf-8")
    course.text.write_text(before.replace("After this lesson", "Once you have read it"), encoding="utf-8")
    started = time.process_time()
    lines = watcher.look()
    assert time.process_time() - started < 1
    assert f"notebooks/{name}.ipynb" in lines[0]
