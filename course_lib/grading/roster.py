"""A list of people: real names, sections, when each handed in, and who handed in nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.grading.marks import Graded
from course_lib.grading.plain_text import shown_name
from course_lib.grading.reports.exported import SECTIONS, people_of, read_table
from course_lib.grading.reports.matching import Matched, as_known, match

SUBMITTED = ("submitted", "submission time", "last modified (submission)", "abgabe)", "remis)", "entrega)", "consegna)")


@dataclass(frozen=True)
class Person:
    """Somebody of the list.

    Attributes:
        said: all that the list says, by header in small letters.
    """

    name: str
    section: str = ""
    submitted: str = ""
    said: dict[str, str] = field(default_factory=dict)


@dataclass
class Roster:
    """Who is who.

    Attributes:
        people: learner, by number -> who they are. absent: people of the list without a submission.
        unlisted: learners who are not on the list. unclear: sentences.
    """

    people: dict[int, Person] = field(default_factory=dict)
    absent: list[Person] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)


def read_roster(path: Path, class_: Sequence[Graded], key: str) -> Roster:
    """Read a list of people: any table with a header, such as an exported gradebook.

    Args:
        key: by what learners are found, as for a gradebook; where the list has no such column, by address or name.
    Raises: ValueError if it is no table, or none of people.
    """
    table = read_table(path, "roster")
    matched, why = Matched(), None
    for one in dict.fromkeys((key, "id", "email")):
        try:
            matched = match(table, class_, one)
        except ValueError as error:
            why = why or error
            continue
        if matched.row_of:
            break
    if not matched.row_of and why is not None and not table.name_columns:
        raise ValueError(f"roster is {path}, and nobody's row can be told ({why})")
    section = next(iter(table.columns(SECTIONS)), None)
    times = [n for n, name in enumerate(table.header) if name.endswith(SUBMITTED)]

    def person(row: int) -> Person:
        said = as_known(table, row)
        name = said[""] or table.shown(row)
        submitted = table.cell(row, times[0]) if times else ""
        return Person(shown_name(name), "" if section is None else table.cell(row, section), submitted, said)

    taken = set(matched.row_of.values())
    return Roster(
        {number: person(row) for number, row in matched.row_of.items()},
        [person(row) for row in people_of(table) if row not in taken | matched.contested],
        [graded.learner for number, graded in enumerate(class_) if number not in matched.row_of],
        matched.unclear,
    )
