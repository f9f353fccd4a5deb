"""The table of all marks: grades.csv."""

from collections.abc import Sequence
from pathlib import Path

from course_lib.grading.judging import Judged
from course_lib.grading.reading.catalogue import Item
from course_lib.grading.reports.tables import tidy, write_csv


def write_grades_csv(path: Path, judged: Judged, items: Sequence[Item]) -> None:
    """One row a learner: the points for every lesson and exercise, the sum, and in words what did not pass."""
    names, lessons = [item.name for item in items], list(dict.fromkeys(item.lesson for item in items))
    head = ["learner", "id", "section", "points", "of", "days late", *(f"lesson {one}" for one in lessons), *names]
    rows: list[list[object]] = [[*head, "not passed", "problems with files", "comments"]]
    for graded, total, section in zip(judged.class_, judged.totals, judged.sections, strict=True):
        marks = [result.mark for result in graded.results]
        words = [f"{mark.exercise}: {mark.in_words}" for mark in marks if mark.status != "passed"]
        comments = [f"{name}: {one.comment}".removeprefix(": ") for name, one in total.by_hand.items() if one.comment]
        late = total.days_late or ("late" if graded.late else 0)
        rows.append(
            [
                *(graded.learner, graded.number, section, tidy(total.points), tidy(total.of), late),
                *(tidy(total.lessons[one].points) for one in lessons),
                *(tidy(total.exercises[name].points) for name in names),
                *(" · ".join(texts) for texts in (words, graded.problems, comments)),
            ]
        )
    nothing = [0] * (len(lessons) + len(names))
    for name, section in judged.absent:
        of = judged.totals[0].of if judged.totals else 0
        rows.append([name, "", section, 0, tidy(of), 0, *nothing, "nothing was handed in", "", ""])
    write_csv(path, rows)
