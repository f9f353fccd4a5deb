"""Where am I: what a check writes down, and what is said from it, from kept answers, and from a damaged file."""

import json
import multiprocessing
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nbformat
import pytest

import course_lib
from course_lib.__main__ import main
from course_lib.authoring.source import SOLUTIONS
from course_lib.checks import check, examine
from course_lib.checks.registry import exercises
from course_lib.checks.result import CheckResult
from course_lib.lessons.shared import where_am_i as in_a_notebook
from course_lib.progress.journal import NAME, append, entries, note
from course_lib.progress.outline import outline
from course_lib.progress.report import WIDTH, read_progress, report

NAMES = [exercise.name for lesson in outline() for exercise in lesson.exercises]
PASSED, FAILED = CheckResult("passed", ""), CheckResult("failed", "No.", "one_linear")


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    monkeypatch.setenv("UNET_COURSE_WORK", str(folder))
    return folder


def answer(name):
    """Something of an exercise's name, as a notebook's cell would make it."""
    return type(name.rpartition(".")[2], (), {"__module__": "__main__"})


def tried(name, mistake=None):
    note(exercises()[name], answer(name), CheckResult("failed", "No.", mistake))


def passed(name):
    note(exercises()[name], answer(name), PASSED)


# ---- the journal ----


def from_pixels(pixels):
    return pixels.float() / 255


def blank():
    def from_pixels(pixels):
        raise NotImplementedError("from_pixels is still blank")

    return from_pixels


def test_a_check_writes_a_readable_line(work):
    check(from_pixels)
    (line,) = (work / NAME).read_text(encoding="utf-8").splitlines()
    written = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", written.pop("when"))
    mistake = examine(from_pixels).misconception
    assert written == {"exercise": "from_pixels", "status": "failed", "misconception": mistake}
    assert mistake


def test_what_is_no_try_leaves_no_line(work):
    check(blank())
    check(course_lib.Downsample)  # the reference, as when a check is run a second time
    check(from_pixels, "to_pixels")  # by another name, as lessons show a mistake
    check(3, "from_pixels")
    check(from_pixels, "no such exercise")
    examine(from_pixels)
    assert not work.exists()


def test_an_answer_that_passes_counts_under_any_name(work):
    def mine(pixels):
        return pixels.float() / 127.5 - 1

    check(mine, "from_pixels")
    assert [(entry.exercise, entry.status) for entry in entries()] == [("from_pixels", "passed")]


@pytest.mark.parametrize("folder", ["file/below", "nul\0byte"])
def test_a_journal_that_cannot_be_written_disturbs_nothing(tmp_path, monkeypatch, capsys, folder):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("course_lib.progress.journal.work_folder", lambda: tmp_path / folder)
    assert check(from_pixels) is exercises()["from_pixels"].answer
    assert capsys.readouterr().out.startswith("not yet · from_pixels\n")
    assert list(entries()) == []
    assert read_progress().tried == {}


def test_a_damaged_journal_is_read_as_far_as_it_goes(work):
    passed("from_pixels")
    with (work / NAME).open("ab") as file:
        file.write(b'\xff\xfe\x00{"a": 1}\n3\nnull\n[]\n{"exercise": 3, "status": "passed", "when": ""}\n\n')
        file.write(b'{"when": "", "exercise": "to_pixels", "status": "perhaps"}\n')
        file.write(b'{"when": "", "exercise": "to_pixels", "status": "failed", "misconception": []}\n')
        file.write(b'{"when": "", "exercise": "no such exercise", "status": "passed"}\n')
        file.write(b'{"when": "2026-11-2')  # a machine that went off
    tried("interleave")
    progress = read_progress()
    assert progress.passed == {"from_pixels"}
    assert progress.tried == {"interleave": 1}
    assert "2 of 59" not in report(progress)


def write_many(path, letter):
    for _ in range(200):
        append(Path(path), letter * 80 + "\n")


def test_two_kernels_that_write_at_once_keep_their_lines_whole(tmp_path):
    path = tmp_path / NAME
    writers = [multiprocessing.get_context("fork").Process(target=write_many, args=(path, one)) for one in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = Counter(line for line in path.read_text().splitlines() if line)
    assert lines == {"a" * 80: 200, "b" * 80: 200}


def test_marking_neither_reads_nor_writes_it():
    for path in (Path(course_lib.__file__).parent / "grading").rglob("*.py"):
        assert "progress" not in path.read_text(encoding="utf-8"), path
    from course_lib.grading.sandbox.library import MACHINERY, whole_library

    assert not [name for name in (*whole_library(), *MACHINERY) if "progress" in name]


# ---- the report ----


def test_somebody_who_has_not_begun(capsys):
    progress = read_progress()
    assert (progress.passed, progress.tried, progress.mistakes) == (frozenset(), {}, Counter())
    assert progress.next[1].name == NAMES[0]
    assert progress.minutes_left == sum(lesson.minutes for lesson in outline())
    assert main(["progress"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"0 of {len(NAMES)} exercises passed. ")
    assert "progress.jsonl" not in said
    assert "Next: exercise 0.1, from_pixels" in said
    assert "notebooks/00_welcome.ipynb, section 0.4 How exercises work" in said


def test_somebody_in_the_middle():
    passed("from_pixels")
    passed("embedding_frequencies")
    tried("TimeEmbedding", "no_activation")
    tried("TimeEmbedding", "no_activation")
    tried("TimeEmbedding")
    tried("from_pixels", "divides_by_255")
    progress = read_progress()
    assert progress.passed == {"from_pixels", "embedding_frequencies"}
    assert progress.tried == {"TimeEmbedding": 3}
    assert progress.slipped == {"from_pixels"}
    assert progress.mistakes == {("TimeEmbedding", "no_activation"): 2, ("from_pixels", "divides_by_255"): 1}
    said = report(progress)
    assert f"2 of {len(NAMES)} exercises passed, 1 tried and not yet passed." in said
    assert "    passed  from_pixels (last try: not yet)\n    open    to_pixels\n" in said
    assert "    tried   TimeEmbedding (3 times)\n    open    SinusoidalPositionEmbedding, interleave\n" in said
    assert said.index("2 x  TimeEmbedding: ") < said.index("1 x  from_pixels: ")
    assert said.count("(passed since)") == 1
    # the last check was on from_pixels, which has passed: go on behind it
    assert "Next: exercise 0.2, to_pixels" in said


def test_the_readme_shows_a_report_that_a_learner_can_get():
    cosines, interleaved, unshifted = "cosines_first", "interleaved", "zero_to_one"
    tried("from_pixels", unshifted)
    for name in ("from_pixels", "to_pixels", "embedding_frequencies"):
        passed(name)
    for mistake in (cosines, cosines, interleaved):
        tried("SinusoidalPositionEmbedding", mistake)
    readme = (Path(course_lib.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("### Where am I?")[2].partition("```text\n")[2].partition("```")[0].splitlines()
    said = report(read_progress()).splitlines()
    assert len(shown) > 15
    assert [line for line in shown if line not in said and line != "..."] == []


def test_minutes_left_are_the_lessons_own_times_the_share_that_is_open():
    lesson = next(lesson for lesson in outline() if lesson.number == "00")
    first, second = (exercise.minutes for exercise in lesson.exercises)
    assert (lesson.minutes, first, second) == (35, 4, 5)
    passed("from_pixels")
    assert read_progress().minutes_of(lesson) == round(35 * 5 / 9) == 19
    passed("to_pixels")
    assert read_progress().minutes_of(lesson) == 0


@pytest.mark.parametrize(
    ("done", "following"),
    [
        ([("from_pixels", False)], "from_pixels"),
        ([("from_pixels", True)], "to_pixels"),
        ([("ResidualBlock", True)], "conv_output_size"),
        ([("from_pixels", True), ("Upsample", False)], "Upsample"),
        ([(NAMES[-1], True)], NAMES[0]),
    ],
)
def test_what_comes_next_lies_behind_the_last_check(done, following):
    for name, right in done:
        passed(name) if right else tried(name)
    assert read_progress().next[1].name == following


def test_the_end():
    for name in NAMES:
        passed(name)
    progress = read_progress()
    assert progress.next is None
    assert progress.minutes_left == 0
    assert report(progress).startswith(f"{len(NAMES)} of {len(NAMES)} exercises passed. ")
    assert "nothing is left" in report(progress)


def test_without_its_file_it_says_what_the_kept_answers_tell(work):
    passed("from_pixels")
    tried("interleave", "one_after_the_other")
    for name in ("from_pixels", "DDPM.step"):
        (work / f"{name}.py").write_text("# kept\n", encoding="utf-8")
    (work / NAME).unlink()
    progress = read_progress()
    assert progress.passed == {"from_pixels", "DDPM.step"}
    assert progress.tried == {}
    assert progress.next[1].name == "DDPM.ddim_step"
    report(progress)


def test_it_fits_into_eighty_columns_whatever_was_done():
    for name in NAMES:
        known = [mistake.name for mistake in exercises()[name].misconceptions]
        for mistake in (known[0], known[0], known[-1], "a_name_that_nobody_knows_any_more", None):
            tried(name, mistake)
    for name in NAMES[::2]:
        passed(name)
        tried(name)
    said = report(read_progress())
    assert max(map(len, said.splitlines())) <= WIDTH == 80
    assert "\x1b" not in said
    assert re.search(r"and \d+ others", said)


def test_a_mistake_is_told_by_its_sentence_and_an_unknown_one_by_its_name():
    tried("from_pixels", "some_old_name")
    mistake = exercises()["ResidualBlock"].misconceptions[0]
    tried("ResidualBlock", mistake.name)
    said = " ".join(report(read_progress()).split())
    assert "from_pixels: some old name" in said
    assert f"ResidualBlock: {mistake.sentence.split('. ')[0].rstrip('.')}" in said


def test_the_command_is_one_of_those_that_the_program_lists():
    env = {**os.environ, "PYTHONPATH": str(Path(course_lib.__file__).parents[1])}
    shown = subprocess.run([sys.executable, "-m", "course_lib", "--help"], capture_output=True, text=True, env=env)
    assert "progress" in shown.stdout


def test_the_solution_of_the_first_lesson_shows_the_lessons_as_they_are():
    """Nothing makes it run again when another lesson is added or changes its minutes, so this says what to do."""
    cells = nbformat.read(SOLUTIONS / f"{outline()[0].notebook}.ipynb", as_version=4).cells
    (shown,) = [cell for cell in cells if cell.cell_type == "code" and "where_am_i()" in cell.source]
    stored = "".join(output.get("text", "") for output in shown.outputs)
    for exercise in outline()[0].exercises:
        passed(exercise.name)
    assert stored.startswith(report(read_progress())), "run python -m course_lib.authoring build --force 00"


# ---- the map ----


class Display:
    """Takes figures in place of a notebook."""

    def __init__(self, monkeypatch):
        self.filled, self.figures = [], []
        drawn = in_a_notebook.draw_unet

        def draw_unet(rows, filled, mark_skips):
            self.filled = Counter(rows[place].kind for place in filled)
            self.skips = mark_skips
            return drawn(rows, filled, mark_skips)

        monkeypatch.setattr(in_a_notebook, "draw_unet", draw_unet)
        monkeypatch.setattr(in_a_notebook, "show", lambda *shown, narrow: self.figures.append(shown))


def test_the_map_is_filled_with_what_has_passed(monkeypatch, capsys):
    display = Display(monkeypatch)
    in_a_notebook.where_am_i()
    assert not display.filled
    assert "nothing yet" in display.figures[-1][2]
    assert f"0 of {len(NAMES)}" in capsys.readouterr().out
    for name in ("TimeEmbedding", "SelfAttention", "cat_skip", "from_pixels"):
        passed(name)
    in_a_notebook.where_am_i()
    # the document's network: one time embedding, six attentions, a concatenation for each of nine skips
    assert display.filled == {"TimeEmbedding": 1, "SelfAttention": 6, "cat": 9}
    assert display.skips
    _, caption, alt = display.figures[-1]
    assert "16 of its 41 steps are yours: TimeEmbedding, SelfAttention, cat_skip." in caption
    assert "Filled in orange and framed, as passed: TimeEmbedding, SelfAttention, cat_skip." in alt
    for name in NAMES:
        passed(name)
    in_a_notebook.where_am_i()
    assert sum(display.filled.values()) == 41
