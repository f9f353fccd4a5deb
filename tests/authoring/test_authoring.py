"""The build: one source a lesson, blanks cut by the syntax tree, the same bytes every time, nothing out of date."""

import ast
import json
import re
import shutil
from itertools import pairwise

import jupytext
import nbformat
import pytest
from helpers import words_of

from course_lib.authoring import build as building
from course_lib.authoring.blanks import BEGIN, END
from course_lib.authoring.first_page import ROW
from course_lib.authoring.notebooks import learners_notebook, solution_notebook, to_text
from course_lib.authoring.source import ROOT, lesson_sources, read_lesson, repository_address
from course_lib.checks.registry import exercises
from course_lib.lessons.shared.unet_map import LESSON_TITLES

LESSONS = lesson_sources()
BLOCK = "course_lib.residual_block.ResidualBlock"


def cells_of(notebook):
    return [(cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]


@pytest.mark.parametrize("source", LESSONS, ids=lambda source: source.name)
def test_jupytext_writes_a_lesson_and_reads_the_same_again(source):
    read = jupytext.reads(source.path.read_text(encoding="utf-8"), fmt="md")
    again = jupytext.reads(jupytext.writes(read, fmt="md"), fmt="md")
    assert cells_of(again) == cells_of(read)
    assert again.metadata["course"] == read.metadata["course"] == {"lesson": source.name}


def test_a_lesson_that_an_editor_of_notebooks_saved_is_still_found(course):
    read = jupytext.reads(course.text.read_text(encoding="utf-8"), fmt="md")
    course.text.write_text(jupytext.writes(read, fmt="md"), encoding="utf-8")
    assert "text_representation" in course.text.read_text(encoding="utf-8")
    assert [source.name for source in lesson_sources()] == ["00_test"]
    assert read_lesson(course.source).cells[0].text == "# Lesson 99 · Test\n\nText."


def test_a_lesson_is_added_as_the_guide_for_contributors_says(course):
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folder = course.lesson.with_name("lesson15")
    folder.mkdir()
    for name in ("__init__.py", "figures.py"):
        (folder / name).touch()
    (folder / "lesson.md").write_text(guide.split("````markdown\n")[1].split("````")[0], encoding="utf-8")
    added = lesson_sources()[-1]
    assert (added.name, len(building.outdated(added))) == ("15_name", 2)
    wanted = building.should_be(added)
    assert {folder / "__init__.py", folder / "figures.py", folder / "lesson.md"} <= wanted.files
    made = nbformat.reads(wanted.learners, as_version=4)
    assert made.cells[0].source.startswith("# Lesson 15 · A name\n")
    assert "import figures as lesson" in made.cells[2].source
    assert made.cells[-2].source == 'you_are_here("15")'
    assert "Previous: [lesson 00, Test](00_test.ipynb)" in made.cells[-1].source


@pytest.mark.parametrize("source", LESSONS, ids=lambda source: source.name)
def test_no_notebook_is_out_of_date(source):
    stale = [building.shown(path) for path in building.outdated(source)]
    assert not stale, f"{', '.join(stale)}: run python -m course_lib.authoring build"


def test_every_notebook_has_a_lesson():
    assert not building.orphans()


def test_the_notebooks_of_a_lesson_that_is_gone_go_too(course):
    for path in (course.learners, course.solution):
        path.write_text("{}", encoding="utf-8")
    readme = course.learners.parent / "README.md"
    readme.write_text("# Notebooks", encoding="utf-8")
    assert building.remove_orphans() == []
    shutil.rmtree(course.lesson)
    assert building.orphans() == building.remove_orphans() == [course.learners, course.solution]
    assert not course.learners.exists()
    assert not course.solution.exists()
    assert readme.exists()


def test_building_again_changes_no_byte_and_an_edit_touches_its_own_files_only(course):
    course.store_outputs()
    assert building.build(course.source) == [course.learners]
    written = [course.learners, course.solution]
    before = [path.read_bytes() for path in written]
    assert building.build(course.source) == []
    assert building.outdated(course.source) == []
    # without the files it would write the same learner's copy again
    written[0].unlink()
    assert building.build(course.source) == [written[0]]
    assert [path.read_bytes() for path in written] == before

    course.edit_lesson("Text.", "Other text.")
    assert building.outdated(course.source) == written


def test_the_two_copies_of_a_lesson(course):
    learners, solution = (nbformat.read(path, as_version=4) for path in building.build(course.source))
    assert [cell.id for cell in learners.cells][-4:] == [cell.id for cell in solution.cells][-4:]
    assert len({cell.id for cell in learners.cells}) == len(learners.cells)
    texts = [cell.source for cell in learners.cells]
    assert repository_address().removeprefix("https://github.com/") in texts[0]
    assert sum("NotImplementedError" in text for text in texts) == 1
    assert any(text.endswith('\nmy_prediction = predict("yes", "no", mine=...)') for text in texts)
    assert not any(cell.get("outputs") for cell in learners.cells)
    assert not any("nbval-check-output" in cell.metadata.get("tags", []) for cell in learners.cells)

    outputs = [words_of(cell.get("outputs", [])) for cell in solution.cells]
    assert "passed · num_groups. The notebook goes on with yours.\n" in outputs
    assert outputs[-1] == "fixed\n"
    assert any(cell.source.endswith('my_prediction = predict("yes", "no", mine="no")') for cell in solution.cells)
    assert solution.cells[-1].metadata.tags == ["nbval-check-output"]


def test_an_output_that_was_edited_by_hand_is_not_out_of_date_but_a_source_is(course):
    course.store_outputs("edited by hand\n")
    building.build(course.source)
    assert building.outdated(course.source) == []
    solution = course.solution
    made = json.loads(solution.read_text(encoding="utf-8"))
    made["cells"][-1]["source"] = ['print("other")']
    solution.write_text(json.dumps(made), encoding="utf-8")
    assert building.outdated(course.source) == [solution]


def test_only_code_makes_a_solution_run_again(course, monkeypatch):
    course.store_outputs()
    solution = course.solution
    outputs = [cell.outputs for cell in building.code_cells(nbformat.read(solution, as_version=4))]

    def must_not_run(made, name):
        raise AssertionError("executed again")

    monkeypatch.setattr(building, "executed", must_not_run)
    # another version of the course, another address: the cell for Colab and the badge change
    monkeypatch.setattr("course_lib.authoring.colab_cell.version", lambda: "99.0")
    monkeypatch.setattr("course_lib.authoring.notebooks.repository_address", lambda: "https://github.com/a/b")
    course.edit_lesson("Text.", "Other text.")
    assert solution in building.build(course.source)
    made = nbformat.read(solution, as_version=4)
    assert "v99.0" in made.cells[1].source
    assert "github/a/b/blob" in made.cells[0].source
    assert "Other text." in made.cells[0].source
    assert [cell.outputs for cell in building.code_cells(made)] == outputs
    assert building.build(course.source) == []

    course.edit_lesson('"fixed"', '"other"')
    with pytest.raises(AssertionError, match="executed again"):
        building.build(course.source)


def test_a_solution_that_does_not_run_names_its_lesson(course):
    course.text.write_text(course.text.read_text(encoding="utf-8") + "\n```python\n1 / 0\n```\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"solution of 00_test does not run[\s\S]*ZeroDivisionError"):
        building.build(course.source)


def test_a_solution_that_does_not_pass_its_own_check_is_not_written(course):
    line = "num_groups = check(num_groups)"
    wrong = 'num_groups = lambda channels: 1\n```\n\n```python\nnum_groups = check(num_groups, "num_groups")'
    course.edit_lesson(line, wrong)
    with pytest.raises(ValueError, match="solution of 00_test does not pass num_groups: not yet"):
        building.build(course.source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\n1\n```\n", "lesson00/lesson.md does not begin with a title"),
        ('# Title\n\n```python excercise="a.b"\n1\n```\n', "lesson00/lesson.md: a cell has the key excercise"),
        ("# Title\n\n<!-- #raw -->\n1\n<!-- #endraw -->\n", "lesson00/lesson.md: a cell has the type raw"),
    ],
)
def test_a_lesson_with_a_mistake_is_named(course, text, message):
    source = course.source
    course.text.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_lesson(source)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("course_lib.group_norm.num_groups", "course_lib.nowhere.x", "exercise is 'course_lib.nowhere.x'; allowed"),
        ('print("fixed")', "print(", r"the cell that begins with 'print\(' is not Python"),
    ],
)
def test_a_cell_with_a_mistake_names_its_lesson(course, old, new, message):
    course.edit_lesson(old, new)
    for ask in (building.should_be, building.outdated, building.build):
        with pytest.raises(ValueError, match=f"^lesson00/lesson.md: {message}"):
            ask(course.source)


def test_a_lesson_without_its_figures_is_told(course):
    (course.lesson / "figures.py").unlink()
    with pytest.raises(ValueError, match=r"lesson00/figures.py is missing; allowed: .* an empty file"):
        building.build(course.source)


@pytest.mark.parametrize(("header", "called"), [("lesson: 01_test", "01_test"), ("name: 00_test", "nothing")])
def test_a_header_that_does_not_name_its_lesson_is_told(course, header, called):
    course.edit_lesson("lesson: 00_test", header)
    with pytest.raises(
        ValueError, match=f"lesson00/lesson.md is called {called} by its header; allowed: 'lesson: 00_name'"
    ):
        lesson_sources()


@pytest.mark.parametrize("source", LESSONS, ids=lambda source: source.name)
def test_every_exercise_of_a_lesson_is_in_the_bank_and_is_checked(source):
    cells = learners_notebook(read_lesson(source)).cells
    answers = [cell.metadata["exercise"] for cell in cells if "exercise" in cell.metadata]
    checks = [cell.metadata["check"] for cell in cells if "check" in cell.metadata]
    assert answers == checks
    for name in answers:
        assert exercises()[name].lesson == source.name[:2]


def test_every_exercise_of_the_bank_is_in_a_lesson_and_there_are_fifty():
    found = [
        cell.metadata["exercise"]
        for source in LESSONS
        for cell in learners_notebook(read_lesson(source)).cells
        if "exercise" in cell.metadata
    ]
    assert sorted(found) == sorted(exercises())
    assert len(found) >= 50


@pytest.mark.parametrize("source", LESSONS, ids=lambda source: source.name)
def test_the_parts_every_lesson_has(source):
    made = solution_notebook(read_lesson(source))
    text = "\n".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert sum(line.startswith("# ") for line in headings) == 1
    levels = [len(line) - len(line.lstrip("#")) for line in headings]
    assert all(after <= before + 1 for before, after in pairwise(levels)), headings
    assert "minutes" in text
    for part in ("Recap", "Questions", "Further reading"):
        assert any(part in line for line in headings), part
    predictions = [cell for cell in made.cells if "predict" in cell.metadata]
    assert len(predictions) >= 3
    exercises_here = [cell for cell in made.cells if "exercise" in cell.metadata]
    assert text.count("### Exercise") == len(exercises_here)
    for number in ("1", "2", "3"):
        assert text.count(f"<summary>Hint {number}") == len(exercises_here)
    assert text.count("<details>") == text.count("</details>")
    assert "you_are_here(" in "\n".join(cell.source for cell in made.cells)
    for word in ("simply", "just", "obviously", "as you can see", "of course"):
        assert f" {word} " not in text.lower(), word


@pytest.mark.parametrize("source", LESSONS, ids=lambda source: source.name)
def test_every_lesson_has_its_row_in_the_readme_and_its_title_on_the_map(source):
    rows = [number for number, *_ in ROW.findall((ROOT / "README.md").read_text(encoding="utf-8"))]
    assert rows.count(source.name[:2]) == 1, "README.md: the table of lessons needs a row for it"
    # without one the caption calls every network "the trained network"
    assert source.name[:2] in LESSON_TITLES, "course_lib/lessons/shared/unet_map.py: LESSON_TITLES needs a title for it"


@pytest.mark.parametrize("source", LESSONS, ids=lambda source: source.name)
def test_stored_outputs_are_fit_to_be_read(source):
    made = nbformat.read(building.SOLUTIONS / f"{source.name}.ipynb", as_version=4)
    outputs = [output for cell in made.cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs
    for output in outputs:
        assert output.output_type != "error"
        assert "image/png" not in output.get("data", {})  # has no place for an alt text that a front end shows
        for alt in re.findall('<img [^>]*alt="(.*?)"', output.get("data", {}).get("text/html", "")):
            assert len(alt) > 20
    assert "site-packages" not in to_text(made)


def test_nbgrader_needs_its_markers_and_metadata(tmp_path):
    from course_lib.authoring.nbgrader_flavour import write_assignment

    source = LESSONS[0]
    made = nbformat.read(write_assignment(source, tmp_path), as_version=4)
    graded = [cell for cell in made.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    answers = [cell for cell in made.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    assert len(graded) == len(answers) > 0
    for cell in answers:
        assert BEGIN in cell.source
        assert END in cell.source
    for cell in graded:
        assert isinstance(ast.parse(cell.source).body[-1], ast.Assert)
        assert cell.metadata["nbgrader"]["points"] > 0
