"""overrides.csv: marks and comments by hand, kept at every re-marking and shown on the learner's page.

    learner,exercise,points,comment
    ada,ResidualBlock,1,explained it at the board
    smithjane (123),,12,agreed in office hours

Without an exercise the points are those of the whole. Without points it is a comment.
"""

from collections.abc import Sequence
from pathlib import Path

from course_lib.grading.lateness import called
from course_lib.grading.marks import Graded
from course_lib.grading.plain_text import one_line
from course_lib.grading.reading.catalogue import Item
from course_lib.grading.reports.exported import one_column, read_table
from course_lib.grading.reports.gradebook import number_of
from course_lib.grading.scheme import ByHand

COLUMNS = ("learner", "exercise", "points", "comment")


def read_overrides(
    path: Path, class_: Sequence[Graded], items: Sequence[Item]
) -> tuple[dict[int, dict[str, ByHand]], list[str]]:
    """Learner, by number -> exercise ("" for the whole) -> what was given; and sentences on rows that count for nobody.

    Raises: ValueError if it is no such table.
    """
    table = read_table(path, "overrides")
    where = {name: one_column(table, name, "overrides: column") for name in COLUMNS}
    exercises = {called(item.name): item.name for item in items} | {"": ""}
    found: dict[int, dict[str, ByHand]] = {}
    problems = []
    for row in table.people:
        who, exercise, points, comment = (table.cell(row, where[name]) for name in COLUMNS)
        if not (who or exercise or points or comment):
            continue
        people = [number for number, graded in enumerate(class_) if called(who) in names_of(graded)]
        given = number_of(points)
        told = f"{path.name}, row {row + 1} ({one_line(who)})"
        if len(people) != 1:
            problems.append(f"{told}: {'nobody is' if not people else f'{len(people)} learners are'} called so")
        elif called(exercise) not in exercises:
            problems.append(f"{told}: no exercise {one_line(exercise)!r} was marked")
        elif points and (given is None or given < 0):
            problems.append(f"{told}: points are {one_line(points)!r}; allowed: a number, or nothing")
        elif exercises[called(exercise)] in found.get(people[0], {}):
            problems.append(f"{told}: a row above says something else of the same")
        else:
            found.setdefault(people[0], {})[exercises[called(exercise)]] = ByHand(given, comment)
    return found, problems


def names_of(graded: Graded) -> set[str]:
    """All that somebody may be called by in a table or a rule made by hand."""
    names = {graded.learner, graded.source, f"{graded.learner} ({graded.number})" if graded.number else graded.learner}
    return {called(name) for name in names | ({graded.number} - {""})}
