"""Gradescope's results.json: what its autograder reads, one file a learner."""

import json
from pathlib import Path

from course_lib.files import write_if_new
from course_lib.grading.marks import Graded, Mark
from course_lib.grading.reports.tables import tidy
from course_lib.grading.scheme import Scheme, Total


def write_results(path: Path, graded: Graded, total: Total | None = None) -> None:
    """Write one learner's marks in Gradescope's format, one test an exercise."""
    total = total or Scheme().total(graded)
    tests = [
        {
            "name": result.mark.exercise,
            "number": f"{int(result.lesson)}.{place}",
            "score": tidy(total.exercises[result.mark.exercise].points),
            "max_score": tidy(total.exercises[result.mark.exercise].of),
            "status": "passed" if result.mark.status == "passed" else "failed",
            "output": "\n".join(filter(None, (told(result.mark), comment_on(result.mark.exercise, total)))),
            "output_format": "text",
            "visibility": "visible",
        }
        for place, result in enumerate(graded.results, start=1)
    ]
    content = {
        "score": tidy(total.points),
        "output": "\n".join(filter(None, (comment_on("", total), taken(total), *graded.problems))),
        "output_format": "text",
        "visibility": "visible",
        "tests": tests,
        "extra_data": {"learner": graded.learner},
    }
    write_if_new(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def taken(total: Total) -> str:
    """ "2 points were taken off: 1 day late", "" where none were."""
    days = f"{total.days_late} {'day' if total.days_late == 1 else 'days'}"
    return f"{tidy(total.taken)} points were taken off: {days} late." if total.taken else ""


def comment_on(exercise: str, total: Total) -> str:
    return total.by_hand[exercise].comment if exercise in total.by_hand else ""


def told(mark: Mark) -> str:
    return mark.message if mark.status == "failed" else mark.status + (f": {mark.message}" if mark.message else "")
