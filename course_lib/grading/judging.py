"""What a class's marks come to: the scheme, what was given by hand, who is who, who is late."""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.grading.lateness import time_of
from course_lib.grading.marks import Graded, Mark
from course_lib.grading.overrides import names_of, read_overrides
from course_lib.grading.reading.catalogue import Item
from course_lib.grading.roster import Roster, read_roster
from course_lib.grading.scheme import Scheme, Total, read_scheme


@dataclass(frozen=True)
class Wishes:
    """Which files say what marks are worth and who is who; None for each that there is not.

    Attributes:
        key: by what the list of people is matched. anonymous: whether reports say no names.
    """

    marking: Path | None = None
    overrides: Path | None = None
    roster: Path | None = None
    key: str = "id"
    anonymous: bool = False


@dataclass
class Judged:
    """A class with all that counts.

    Attributes:
        class_: learners as reports show them, without their code; totals, sections: in the same order.
        known: see `match`. absent: names and sections of who handed in nothing. notes: sentences on what is unclear.
    """

    class_: list[Graded]
    totals: list[Total]
    scheme: Scheme
    sections: list[str] = field(default_factory=list)
    known: dict[int, dict[str, str]] = field(default_factory=dict)
    absent: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)


def judge(class_: Sequence[Graded], items: Sequence[Item], wishes: Wishes, seed: int) -> Judged:
    """Raises: ValueError if one of the files is not what it should be."""
    scheme = read_scheme(wishes.marking, items)
    by_hand, notes = read_overrides(wishes.overrides, class_, items) if wishes.overrides else ({}, [])
    roster = read_roster(wishes.roster, class_, wishes.key) if wishes.roster else Roster()
    notes += [f"list of people: {one}" for one in roster.unclear]
    if wishes.roster and roster.unlisted:
        notes += [f"not in the list of people: {name}" for name in roster.unlisted]
    totals, unknown = [], []
    for number, graded in enumerate(class_):
        days = 0
        if scheme.late is not None:
            person = roster.people.get(number)
            told = person.submitted if person else ""
            when = time_of(told) if told else None
            if told and when is None and any(character.isdigit() for character in told):
                notes.append(f"{graded.learner}: the time {told!r} cannot be read")
            if when is None and scheme.late.files and graded.changed:
                when = time_of(graded.changed)
            who = names_of(graded) | ({" ".join(person.name.casefold().split())} if person else set())
            days = scheme.late.days_late(who, graded.late, when)
            if when is None and scheme.late.due is not None and not graded.late:
                unknown.append(graded.learner)
        totals.append(scheme.total(graded, days, by_hand.get(number)))
    if unknown:
        notes.append(
            f"nobody knows when {len(unknown)} handed in, taken as on time: give a list of people with a column "
            "'submitted', or times = \"files\" in marking.toml"
        )
    people = roster.people
    codes = [f"learner {code_of(graded, seed)}" for graded in class_] if wishes.anonymous else []
    shown = [
        anonymous(graded, codes[number])
        if codes
        else dataclasses.replace(graded, learner=people[number].name if number in people else graded.learner)
        for number, graded in enumerate(class_)
    ]
    return Judged(
        shown,
        totals,
        scheme,
        [people[number].section if number in people else "" for number in range(len(class_))],
        {number: person.said for number, person in people.items()},
        [] if wishes.anonymous else [(person.name, person.section) for person in roster.absent],
        [] if wishes.anonymous else notes,
        codes,
    )


def code_of(graded: Graded, seed: int) -> str:
    """A word for somebody that says nothing of them, the same in every run of one seed."""
    whose = repr((seed, graded.kind, graded.number, graded.source)).encode()
    return hashlib.sha256(whose).hexdigest()[:6]


def anonymous(graded: Graded, code: str) -> Graded:
    """The same without a name: files are numbered, since people put their names into them."""
    files = {name: f"file {number}" for number, name in enumerate(graded.files, 1)}
    problems = tuple(
        "a file" + one[one.index(": ") :] if ": " in one else "a file cannot be used" for one in graded.problems
    )
    results = tuple(
        dataclasses.replace(one, file=files.get(one.file, ""), mark=without_files(one.mark, graded))
        for one in graded.results
    )
    return dataclasses.replace(
        graded, learner=code, number="", source="", files=tuple(files.values()), problems=problems, results=results
    )


def without_files(mark: Mark, graded: Graded) -> Mark:
    message = mark.message
    for name in (*graded.files, graded.source, graded.learner, graded.number):
        message = message.replace(name, "...") if name else message
    return dataclasses.replace(mark, message=message)
