"""GitHub Classroom: write the workflow that marks every push, and mark on its runner."""

import base64
import html
import json
import os
import tomllib
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from course_lib.assets import ROOT
from course_lib.files import write_atomically, write_text
from course_lib.grading.marks import Graded
from course_lib.grading.reports.gradescope import comment_on, taken, told
from course_lib.grading.reports.tables import tidy
from course_lib.grading.scheme import Total, read_scheme
from course_lib.grading.services.carried import Carried
from course_lib.grading.services.one_learner import Person, mark_one

WORKFLOW, SETTINGS = ".github/workflows/classroom.yml", ".github/classroom"
HERE = Path(__file__).resolve().parent
FIRST_LINE = "# Marks what is pushed"
# GitHub takes a summary of 1 MiB
LONGEST = 4000


def write_workflow(folder: Path, carried: Carried, items: tuple) -> list[Path]:
    """Write the workflow and its settings into a template repository: what was written.

    Raises: ValueError if another workflow stands there, or the settings are none that all may see.
    """
    if not folder.is_dir():
        raise ValueError(f"classroom is {folder}, which is no folder; allowed: that of the template repository")
    if read_scheme(carried.marking, items).late is not None:
        raise ValueError(
            f"{carried.marking} has late rules, and a push has no time that one could trust; allowed: without [late]. "
            "GitHub Classroom has a deadline of its own"
        )
    path = folder / WORKFLOW
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(FIRST_LINE):
        raise ValueError(f"{path} is another workflow; allowed: none there, or one that this command wrote")
    environment = Environment(
        undefined=StrictUndefined, keep_trailing_newline=True, variable_start_string="<<", variable_end_string=">>"
    )
    template = environment.from_string((HERE / "classroom.yml").read_text(encoding="utf-8"))
    written = [path]
    write_text(path, template.render(repository=repository(), settings=SETTINGS))
    for name, data in carried.files().items():
        written.append(folder / SETTINGS / name)
        write_atomically(written[-1], lambda temporary, data=data: temporary.write_bytes(data))
    return written


def repository() -> str:
    """ "owner/name", where the course is published. Raises: ValueError if that is not GitHub."""
    address = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
    before, found, name = address.rstrip("/").removesuffix(".git").partition("github.com/")
    if not found or before not in ("https://", "https://www.") or name.count("/") != 1:
        raise ValueError(f"Repository in pyproject.toml is {address!r}; allowed: https://github.com/OWNER/NAME")
    return name


def mark_in_runner(submission: Path) -> None:
    """Mark a checkout, and say the points as GitHub Classroom reads them.

    The step's outputs are `points` ("41/52") and `result` (what the reporter of GitHub Classroom reads); its summary is
    a table of all exercises.

    Raises: ValueError if the settings cannot be met.
    """
    who = os.environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2] or submission.resolve().name
    graded, total = mark_one(submission, [Person(who)], Carried.read(submission / SETTINGS))
    points = f"{tidy(total.points)}/{tidy(total.of)}"
    append("GITHUB_STEP_SUMMARY", summary(graded, total, points))
    result = base64.b64encode(json.dumps(as_result(graded, total)).encode()).decode()
    append("GITHUB_OUTPUT", f"points={points}\nresult={result}\n")
    print(f"Points {points}")


def append(variable: str, text: str) -> None:
    """Add text to the file that GitHub names in a variable; outside of its runners there is none."""
    path = os.environ.get(variable)
    if path:
        with open(path, "a", encoding="utf-8", newline="\n") as file:
            file.write(text)


def as_result(graded: Graded, total: Total) -> dict:
    """In the form of GitHub Classroom's own graders: the scores of the tests add up to the points."""
    tests = []
    for one in graded.results:
        status = "pass" if one.mark.status == "passed" else "fail"
        score = tidy(total.exercises[one.mark.exercise].points)
        tests.append({"name": f"{one.lesson} {one.mark.exercise}", "status": status, "score": score, "line_no": 0})
    rest = round(total.points - sum(test["score"] for test in tests), 6)
    if rest:
        name = "weights, best of several, marks by hand"
        tests.append({"name": name, "status": "pass", "score": tidy(rest), "line_no": 0})
    passed = all(test["status"] == "pass" for test in tests)
    return {"version": 1, "status": "pass" if passed else "fail", "max_score": tidy(total.of), "tests": tests}


def summary(graded: Graded, total: Total, points: str) -> str:
    """A page for the run: what learners wrote stands in it as text."""
    rows = []
    for one in graded.results:
        worth = total.exercises[one.mark.exercise]
        cells = (
            one.lesson,
            one.mark.exercise,
            f"{tidy(worth.points)}/{tidy(worth.of)}",
            "passed" if one.mark.status == "passed" else told(one.mark),
        )
        rows.append("<tr>" + "".join(f"<td>{as_text(cell)}</td>" for cell in cells) + "</tr>")
    said = [as_text(one) for one in (comment_on("", total), taken(total), *graded.problems) if one]
    head = "<tr><th>lesson</th><th>exercise</th><th>points</th><th></th></tr>"
    return "\n\n".join([f"## Points {points}", *said, "\n".join(["<table>", head, *rows, "</table>"])]) + "\n"


def as_text(text: str) -> str:
    """With nothing in it that is markup, in HTML or in Markdown."""
    text = html.escape(text[:LONGEST])
    for sign in "\\`*_[]#|~:@!":
        text = text.replace(sign, f"&#{ord(sign)};")
    return text.replace("\n", "<br>")
