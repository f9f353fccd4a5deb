"""Gradescope's container and GitHub's runner, laid out as they document them: what they run, run."""

import base64
import json
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
import yaml
from fabricated import ROOT, SET_UP, TO_PIXELS, WITHOUT_SHIFT, cell, notebook, written

from course_lib.__main__ import main
from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.reading.catalogue import catalogue, lesson_names
from course_lib.grading.reading.submissions import one_submission
from course_lib.grading.scheme import Scheme, read_scheme
from course_lib.grading.services.classroom import WORKFLOW, as_result, as_text, repository, summary
from course_lib.grading.services.gradescope import days_late, people_of

# nothing of this run's own surroundings
BARE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "MARKING_PYTHON": sys.executable}
# Gradescope's own example, with the times of the people
METADATA = {
    "id": 123456,
    "created_at": "2018-08-02T14:22:32.365935-07:00",
    "assignment": {
        "due_date": "2018-07-31T23:00:00.000000-07:00",
        "group_size": 4,
        "group_submission": True,
        "id": 25828,
        "course_id": 1234,
        "late_due_date": None,
        "release_date": "2018-07-02T00:00:00.000000-07:00",
        "title": "Programming Assignment 1",
        "total_points": "20.0",
    },
    "submission_method": "upload",
    "users": [{"email": "student@example.com", "id": 1234, "name": "Student User"}],
    "previous_submissions": [],
}
MARKING = """
[points]
from_pixels = 3
"""
LATE = """
[late]
per_day = 10
[late.extensions]
"Student User" = 1
"""


def handed_in(folder, first=WITHOUT_SHIFT):
    made = notebook(SET_UP, cell(first, "from_pixels"), cell(TO_PIXELS, "to_pixels"), lesson="00_welcome")
    return written(folder / "00_welcome.ipynb", made)


def test_gradescope(tmp_path, capsys):
    marking = tmp_path / "marking.toml"
    marking.write_text(MARKING + LATE, encoding="utf-8")
    overrides = tmp_path / "overrides.csv"
    overrides.write_text(
        "learner,exercise,points,comment\nsomebody else,,0,\nstudent@example.com,to_pixels,0.5,copied\n"
    )
    arguments = ["--lessons", "00", "--seed", "7", "--marking", str(marking), "--overrides", str(overrides)]
    for name in ("a.zip", "b.zip"):
        assert main(["grade", "--autograder", str(tmp_path / name), *arguments]) == 0
    assert "worth 4 points" in capsys.readouterr().out
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    root = tmp_path / "a folder" / "autograder"
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = archive.namelist()
        assert {"setup.sh", "run_autograder"} <= set(names)
        assert not any(
            re.search(r"__pycache__|\.git/|^solutions|^course/(solutions|assets|tests)/", one) for one in names
        )
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
        archive.extractall(root / "source")
    shutil.copyfile(root / "source" / "run_autograder", root / "run_autograder")
    (root / "run_autograder").chmod(0o755)
    (root / "results").mkdir()
    handed_in(root / "submission" / "my work")
    (root / "submission_metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")
    for script in (["bash", root / "source" / "setup.sh"], [root / "run_autograder"]):
        finished = subprocess.run(script, env=BARE, cwd="/", capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
    assert "isolation: " in finished.stdout
    content = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
    assert set(content) <= {"score", "output", "output_format", "visibility", "tests", "extra_data"}
    first, second = content["tests"]
    assert [(one["name"], one["score"], one["max_score"]) for one in (first, second)] == [
        ("from_pixels", 0, 3),
        ("to_pixels", 0.5, 1),
    ]
    assert {one["visibility"] for one in content["tests"]} == {"visible"}
    assert "from -1 to 1" in first["output"]
    assert "copied" in second["output"]
    # two days late, of which one was allowed: ten per cent of four points
    assert content["score"] == pytest.approx(0.1)
    assert "0.4 points were taken off: 1 day late" in content["output"]


def test_github_classroom(tmp_path, capsys):
    marking = tmp_path / "marking.toml"
    marking.write_text(MARKING, encoding="utf-8")
    template = tmp_path / "template"
    handed_in(template / "notebooks")
    assert main(["grade", "--classroom", str(template), "--lessons", "00", "--marking", str(marking)]) == 0
    assert "4 points" in capsys.readouterr().out

    def git(*arguments, where=template):
        more = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *more, *arguments], cwd=where, check=True, capture_output=True)

    git("init")
    git("add", "-A")
    git("commit", "-m", "handed in")
    workflow = yaml.safe_load((template / WORKFLOW).read_text(encoding="utf-8"))
    assert "push" in workflow[True]  # YAML takes the key "on" for a truth
    (job,) = workflow["jobs"].values()
    runner = tmp_path / "runner"
    runner.mkdir()
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout"):
            target = runner / step["with"]["path"]
            if "repository" in step["with"]:
                assert step["with"]["repository"] == repository()
                target.symlink_to(ROOT)
            else:
                git("clone", str(template), str(target), where=tmp_path)
        elif "run" in step:
            environment = {**BARE, **files, "GITHUB_REPOSITORY": "school/pixels-ada"}
            finished = subprocess.run(
                ["bash", "-e", "-c", step["run"]], env=environment, cwd=runner, capture_output=True, text=True
            )
            assert finished.returncode == 0, finished.stderr
    output = dict(line.split("=", 1) for line in (tmp_path / "GITHUB_OUTPUT").read_text(encoding="utf-8").splitlines())
    assert output["points"] == "1/4"
    result = json.loads(base64.b64decode(output["result"]))
    assert (result["status"], result["max_score"]) == ("fail", 4)
    assert [(one["name"], one["status"], one["score"]) for one in result["tests"]] == [
        ("00 from_pixels", "fail", 0),
        ("00 to_pixels", "pass", 1),
    ]
    page = (tmp_path / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    assert page.startswith("## Points 1/4\n")
    assert "from -1 to 1" in page
    # the reporter that reads these outputs is told of the step that has them
    reporter = job["steps"][-1]
    assert reporter["env"] == {"MARKS_RESULTS": "${{ steps.marks.outputs.result }}"}
    assert reporter["with"]["runners"] == next(step["id"] for step in job["steps"] if "id" in step)


def scheme(tmp_path, text):
    path = tmp_path / "marking.toml"
    path.write_text(text, encoding="utf-8")
    return read_scheme(path, catalogue())


@pytest.mark.parametrize(
    ("rules", "changed", "days"),
    [
        ("", {}, 0),  # without rules nobody is late
        ("[late]\nper_day = 10", {}, 2),
        ("[late]\nper_day = 10", {"created_at": "2018-08-01T05:59:00.000000+00:00"}, 0),  # the same instant elsewhere
        ("[late]\nper_day = 10", {"created_at": "2018-08-01T06:01:00.000000+00:00"}, 1),
        ("[late]\nper_day = 10\ngrace_hours = 48", {}, 0),
        (LATE, {}, 1),
        ("[late.days]\n'1234' = 4", {}, 4),
        ("[late]\ndue = 2018-08-02T14:00:00", {}, 1),  # a time of the course's own place
        ("[late]\ndue = 2018-08-02T15:00:00", {}, 0),
        ("[late]\ndue = 2018-08-02T21:00:00Z", {}, 1),
        ("[late.extensions]\n'student@example.com' = 2018-08-02T22:00:00Z", {}, 0),
        ("[late]\nper_day = 10", {"created_at": None}, 0),
        ("[late]\nper_day = 10", {"assignment": None}, 0),
        # whose time is longer has it
        ("[late]", {"users": [{"name": "a", "assignment": {"due_date": "2018-08-03T00:00:00.000000-07:00"}}]}, 0),
        ("[late]", {"users": "nobody", "created_at": 3}, 0),
        ("[late]", {"users": [None, 3, {}]}, 2),
    ],
)
def test_who_is_late_by_gradescopes_word(rules, changed, days, tmp_path):
    told = {**METADATA, **changed}
    assert days_late(scheme(tmp_path, rules), told, people_of(told)) == days


def test_whatever_it_is_called_it_is_one_learners(tmp_path):
    for name in ("ada_04_resampling.ipynb", "lovelaceada_123_9001_03_residual_block.ipynb", "notebooks/05 final.ipynb"):
        written(tmp_path / name, notebook(SET_UP))
    written(tmp_path / "solutions" / "00_welcome.ipynb", notebook(SET_UP))
    (tmp_path / "course_lib").mkdir()
    written(tmp_path / "helpers.py", b"HALF = 127.5")
    (tmp_path / "essay.pdf").write_bytes(b"%PDF")
    one = one_submission(tmp_path, lesson_names().values(), "Ada L.", "12", "ada@x.org")
    assert (one.learner, one.number, one.source) == ("Ada L.", "12", "ada@x.org")
    assert len(one.notebooks) == 3  # the course's own solutions are nobody's
    assert list(one.modules) == ["submission/helpers.py"]
    (tmp_path / "empty").mkdir()
    assert one_submission(tmp_path / "empty", lesson_names().values(), "x").notebooks == []


def graded(*statuses, message=""):
    names = [item.name for item in catalogue(("00", "01"))]
    results = tuple(Result(Mark(name, status, message), "00") for name, status in zip(names, statuses, strict=False))
    return Graded("ada", "", "", (), (), results)


def test_the_scores_add_up_to_the_points_whatever_the_scheme_says():
    one = graded("passed", "failed", "passed")
    for scheme_ in (Scheme(), Scheme(weights={"00": 10})):
        total = scheme_.total(one)
        result = as_result(one, total)
        assert sum(test["score"] for test in result["tests"]) == pytest.approx(total.points, abs=1e-3)
        assert result["max_score"] == total.of
    assert as_result(graded("passed"), Scheme().total(graded("passed")))["status"] == "pass"


def test_what_learners_write_is_text_in_the_summary():
    hostile = "<script>alert(1)</script> | [x](http://x) `a` **b** @all\n\n# big\n::set-output name=points::99"
    one = graded("failed", message=hostile)
    page = summary(one, Scheme().total(one), "0/1")
    table = page[page.index("<table>") :]
    assert not re.search(r"<(?!/?(?:table|tr|td|th|br)>)|[`*\[\]|@]", table)
    assert "\n\n" not in table.strip()
    assert as_text("a" * 9000) == "a" * 4000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--autograder", "OUT/a.tar"], ["autograder is", ".zip"]),
        (["IN", "--autograder", "OUT/a.zip"], ["SUBMISSIONS", "do not go together"]),
        (["--autograder", "OUT/a.zip", "--return"], ["--return", "do not go together"]),
        (["--autograder", "OUT/a.zip", "--classroom", "OUT"], ["--classroom", "do not go together"]),
        (["--autograder", "OUT/a.zip", "--lessons", "77"], ["lessons", "'77'"]),
        (["--autograder", "OUT/a.zip", "--marking", "OUT/none.toml"], ["marking", "no file"]),
        (["--autograder", "OUT/a.zip", "--require-isolation", "vault"], ["vault", "limits"]),
        (["--classroom", "OUT/none"], ["classroom", "no folder"]),
        (["--classroom", "OUT", "--marking", "OUT/late.toml"], ["late", "deadline of its own"]),
        (["--classroom", "OUT/taken"], ["another workflow"]),
        (["--classroom", "OUT", "--roster", "x.csv"], ["--roster", "do not go together"]),
    ],
)
def test_a_wrong_request_is_one_sentence(arguments, words, tmp_path, capsys):
    (tmp_path / "late.toml").write_text("[late]\nper_day = 5\n", encoding="utf-8")
    written(tmp_path / "taken" / WORKFLOW, b"name: mine\n")
    before = set(tmp_path.rglob("*"))
    assert main(["grade", *(one.replace("OUT", str(tmp_path)).replace("IN", str(tmp_path)) for one in arguments)]) == 2
    message = capsys.readouterr().err
    for word in words:
        assert word in message
    assert "Traceback" not in message
    assert set(tmp_path.rglob("*")) == before


def test_what_cannot_be_met_writes_no_results(tmp_path):
    """Gradescope then says that the autograder failed: better than a mark that is none."""
    from course_lib.grading.services.gradescope import mark_in_container

    (tmp_path / "source" / "settings").mkdir(parents=True)
    (tmp_path / "source" / "settings" / "settings.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"settings.json cannot be read"):
        mark_in_container(tmp_path)
    assert not (tmp_path / "results").exists()
