"""Gradescope's results.json: what its autograder reads, one file a learner."""

import json
from pathlib import Path

from course_lib.files import write_text
from course_lib.grading.marks import Graded, Mark


def write_results(path: Path, graded: Graded) -> None:
    """Write one learner's marks in Gradescope's format, one test an exercise worth one point."""
    tests = [
        {
            "name": result.mark.exercise,
            "number": f"{int(result.lesson)}.{place}",
            "score": int(result.mark.status == "passed"),
            "max_score": 1,
            "status": "passed" if result.mark.status == "passed" else "failed",
            "output": result.mark.message if result.mark.status == "failed" else described(result.mark),
            "output_format": "text",
            "visibility": "visible",
        }
        for place, result in enumerate(graded.results, start=1)
    ]
    content = {
        "score": graded.points,
        "output": "\n".join(graded.problems),
        "output_format": "text",
        "visibility": "visible",
        "tests": tests,
        "extra_data": {"learner": graded.learner},
    }
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def described(mark: Mark) -> str:
    return mark.status + (f": {mark.message}" if mark.message else "")
