"""The whole command, in the sandbox: solutions get all points, blank notebooks none, and nobody harms anybody."""

import csv
import functools
import json
import multiprocessing
import os
import shutil

import fabricated
import pytest
from fabricated import FROM_PIXELS, ROOT, SET_UP, TO_PIXELS, WITHOUT_SHIFT, cell, notebook, to_bytes, written

from course_lib.__main__ import main
from course_lib.grading import grade_learner, records, whole_class
from course_lib.grading.marking import mark_answers
from course_lib.grading.reading.catalogue import catalogue, lesson_notebooks
from course_lib.grading.reading.submissions import Submission
from course_lib.grading.sandbox import Sandbox

# the machine does not change while it is tried: asked once for all runs
level_in_force = functools.cache(whole_class.level_in_force)
HANDED_OUT = {path.stem[:2] for path in lesson_notebooks()}


@pytest.fixture(scope="module", autouse=True)
def asked_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole_class, "level_in_force", level_in_force)
        yield


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as made:
        yield made


@pytest.fixture
def in_one_process(sandbox, monkeypatch):
    """Marked in this process, where it is not processes that are tried: starting one costs more than marking."""

    def marked(todo, settings, jobs):
        def mark(answers):
            return mark_answers(answers, seed=settings.seed, sandbox=sandbox)

        for task in todo:
            yield task, grade_learner(task.submission, catalogue(), mark, settings.lessons)

    monkeypatch.setattr(whole_class, "in_processes", marked)


def grades(report):
    content = json.loads((report / "grades.json").read_text(encoding="utf-8"))
    return {one["learner"]: {mark["exercise"]: mark for mark in one["marks"]} for one in content["learners"]}


def test_the_solutions_get_every_point(in_one_process, tmp_path, capsys):
    assert main(["grade", str(ROOT / "solutions"), "--out", str(tmp_path)]) == 0
    marks = grades(tmp_path)["solutions"]
    assert list(marks) == [item.name for item in catalogue()]
    wrong = {name: mark for name, mark in marks.items() if mark["status"] != "passed" and mark["lesson"] in HANDED_OUT}
    assert not wrong
    assert "isolation: " in capsys.readouterr().out


def test_the_blank_notebooks_get_none(tmp_path, capsys, monkeypatch):
    """Nothing is left to be tried, so no process has to be started for it."""
    monkeypatch.setattr(whole_class, "in_processes", fabricated.in_this_process)
    assert main(["grade", str(ROOT / "notebooks"), "--out", str(tmp_path)]) == 0
    marks = grades(tmp_path)["notebooks"]
    for mark in marks.values():
        assert mark["points"] == 0
        if mark["lesson"] in HANDED_OUT:
            assert (mark["status"], mark["message"][:12]) == ("not attempted", "Not started:")
            assert mark["hint"].startswith("Hint 1")
    assert "not started" in capsys.readouterr().out


@pytest.fixture(scope="module")
def class_folder(tmp_path_factory):
    """Six learners of lesson 00: right, wrong, hostile, unreadable, in a zip, and one who copied."""
    folder = tmp_path_factory.mktemp("class") / "in"

    def both(first, second=TO_PIXELS):
        return notebook(SET_UP, cell(first, "from_pixels"), cell(second, "to_pixels"), lesson="00_welcome")

    leaves = "def from_pixels(pixels):\n    import os\n    os._exit(0)"
    written(folder / "ada" / "00_welcome.ipynb", both(FROM_PIXELS))
    written(folder / "bob" / "00_welcome.ipynb", both(WITHOUT_SHIFT))
    written(folder / "eve" / "00_welcome.ipynb", both(leaves))
    written(folder / "fay" / "00_welcome.ipynb", to_bytes(both(FROM_PIXELS))[:-30])
    written(folder / "gil.zip", fabricated.zipped({"00_welcome.ipynb": both(FROM_PIXELS)}))
    written(folder / "hal" / "notes.pdf", b"%PDF")
    return folder


@pytest.fixture(scope="module")
def reports(class_folder, tmp_path_factory):
    """The same class marked by one process and by two."""
    found = {}
    for jobs in (1, 2):
        found[jobs] = tmp_path_factory.mktemp("report") / str(jobs)
        arguments = ["--out", str(found[jobs]), "--jobs", str(jobs), "--lessons", "00", "--seed", "7"]
        assert main(["grade", str(class_folder), *arguments]) == 0
    return found


def test_everybody_gets_what_is_theirs(reports):
    marks = grades(reports[1])
    statuses = {who: tuple(mark["status"] for mark in one.values()) for who, one in marks.items()}
    assert statuses == {
        "ada": ("passed", "passed"),
        "bob": ("failed", "passed"),
        "eve": ("crashed", "passed"),
        "fay": ("unreadable", "unreadable"),
        "gil": ("passed", "passed"),
        "hal": ("missing", "missing"),
    }
    bob = marks["bob"]["from_pixels"]
    assert bob["misconception"] == "zero_to_one"
    assert bob["hint"].startswith("Hint 2")
    page = (reports[1] / "learners" / "bob.html").read_text(encoding="utf-8")
    for words in ("pixels.float() / 255", "from -1 to 1", "Hint 2"):
        assert words in page
    overview = (reports[1] / "index.html").read_text(encoding="utf-8")
    for who in ("fay", "hal"):
        assert who in overview.split("Files with problems")[1]


def test_the_number_of_jobs_changes_nothing(reports):
    names = ["grades.csv", "grades.json", "index.html", "learners/bob.html", "gradescope/ada/results.json"]
    for name in names:
        assert (reports[1] / name).read_bytes() == (reports[2] / name).read_bytes()


def test_an_interrupted_run_goes_on_and_only_marks_what_is_left(in_one_process, reports, class_folder, capsys):
    report = reports[2]
    before = (report / "grades.json").read_bytes()
    kept = {path.name: path.stat().st_mtime_ns for path in (report / "marks").iterdir()}
    (report / "marks" / "ada.json").unlink()
    (report / "marks" / "bob.json").write_text('{"digest": "cut o')
    # without --seed, the run's own is used again
    assert main(["grade", str(class_folder), "--out", str(report), "--lessons", "00"]) == 0
    assert "4 were marked before" in capsys.readouterr().out
    assert (report / "grades.json").read_bytes() == before
    changed = {path.name for path in (report / "marks").iterdir() if kept[path.name] != path.stat().st_mtime_ns}
    assert changed == {"ada.json", "bob.json"}


def test_a_changed_file_is_marked_again(in_one_process, reports, class_folder, tmp_path, capsys):
    shutil.copytree(class_folder, tmp_path / "in")
    shutil.copytree(reports[1], tmp_path / "out")
    made = notebook(cell("from course_lib.data.pixels import from_pixels", "from_pixels"), lesson="00_welcome")
    written(tmp_path / "in" / "bob" / "00_welcome.ipynb", made)
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--lessons", "00"]) == 0
    assert "5 were marked before" in capsys.readouterr().out
    mark = grades(tmp_path / "out")["bob"]["from_pixels"]
    assert (mark["status"], mark["remark"]) == ("not attempted", "only re-imports the reference")


def test_a_gradebook_is_filled(class_folder, reports, tmp_path, capsys):
    exported = tmp_path / "export.csv"
    exported.write_text("Student,ID,Email,Task (1)\nAda,ada,a@x,\nBob,bob,b@x,\n")
    arguments = ["--out", str(reports[1]), "--lessons", "00", "--fill", str(exported), "--column", "Task"]
    assert main(["grade", str(class_folder), *arguments]) == 0
    assert "filled in 2 rows" in capsys.readouterr().out
    rows = list(csv.reader((reports[1] / "filled-export.csv").open(encoding="utf-8")))
    assert [row[3] for row in rows] == ["Task (1)", "2", "1"]


def digests_as_it_changes(path):
    digests = []
    for content in (b"a", b"b"):
        written(path, content)
        records.course_digest.cache_clear()
        digests.append(records.course_digest())
    records.course_digest.cache_clear()
    return digests


@pytest.mark.parametrize("name", ["unet.py", "data/pixels.py", "checks/trial.py", "lessons/lesson00/to_pixels.toml"])
def test_old_marks_are_worthless_once_the_course_has_changed(name, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "COURSE", tmp_path)
    before, after = digests_as_it_changes(tmp_path / name)
    assert before != after


def test_old_marks_are_worthless_once_a_notebook_has_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "lesson_notebooks", lambda: [tmp_path / "03.ipynb"])
    before, after = digests_as_it_changes(tmp_path / "03.ipynb")
    assert before != after


@pytest.fixture
def dying(monkeypatch):
    monkeypatch.setattr(whole_class, "work", fabricated.dying_work)
    monkeypatch.setattr(whole_class, "start_worker", fabricated.start_nothing)
    # a dozen processes are started, and each would import torch by itself
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["course_lib.grading.whole_class"])
    monkeypatch.setattr(multiprocessing, "get_context", lambda method: context)


def test_who_ends_the_marking_process_loses_that_exercise_and_nobody_else_anything(dying, tmp_path):
    def marked_by(jobs, *names):
        learners = [Submission(name, source=name) for name in names]
        done = {one.learner: before for one, before in whole_class.mark_class(learners, tmp_path, settings, jobs)}
        saved = {name: json.loads((tmp_path / "marks" / f"{name}.json").read_text()) for name in done}
        statuses = {name: [one["mark"]["status"] for one in graded["results"]] for name, graded in saved.items()}
        assert statuses.pop("evil") == ["marking error", "passed"]
        assert set(map(tuple, statuses.values())) == {("passed", "passed")}
        return done

    settings = whole_class.Settings(1, ("00",))
    class_ = ("ada", "evil", "slow", "zoe")
    assert marked_by(2, *class_) == dict.fromkeys(class_, False)
    # what could not be marked is tried again by the next run; whoever comes after it, in one process too
    assert marked_by(1, *class_, "yan") == {"ada": True, "evil": False, "slow": True, "zoe": True, "yan": False}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], ["SUBMISSIONS", "does not exist"]),
        (["IN", "--jobs", "0"], ["jobs is 0"]),
        (["IN", "--lessons", "77"], ["lessons", "'77'", "00"]),
        (["IN", "--fill", "x.csv"], ["--fill", "--column"]),
        (["IN", "--fill", "x.csv", "--column", "A"], ["x.csv", "no file"]),
        (["IN", "--seed", "-1"], ["seed is -1"]),
        (["IN", "--require-isolation", "vault"], ["vault", "limits"]),
    ],
)
def test_a_wrong_request_is_one_sentence_and_exit_status_2(arguments, words, class_folder, tmp_path, capsys):
    arguments = [str(class_folder) if argument == "IN" else argument for argument in arguments]
    assert main(["grade", *arguments, "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    for word in words:
        assert word in message
    assert "Traceback" not in message


def test_where_there_is_no_fork_one_sentence_says_what_works_instead(monkeypatch, class_folder, tmp_path, capsys):
    """As on Windows."""
    monkeypatch.delattr(os, "fork")
    assert main(["grade", str(class_folder), "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    for word in ("fork", "Windows", "WSL", "container"):
        assert word in message
    assert "Traceback" not in message
    assert not (tmp_path / "out").exists()
