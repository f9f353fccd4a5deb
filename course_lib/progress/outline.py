"""What the lessons say of themselves in their text: title, sections, minutes, and where each exercise stands."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course_lib.checks.registry import LESSONS
from course_lib.links.addresses import NOTEBOOK

TITLE = re.compile(r"^# (?:Lesson \d\d · )?(.+)$", re.MULTILINE)
MINUTES = re.compile(r"\babout (\d+) minutes", re.IGNORECASE)
HEADING = re.compile(r"^### Exercise (\d+\.\d+)")
DIFFICULTY = re.compile(r"^\*Difficulty .*\*$")
BLOCK = re.compile(r'^```python .*\bexercise="([\w.]+)"')
LIST = re.compile(r"\b(blank|given)=(\[[^]]*\])")


@dataclass(frozen=True)
class PlannedExercise:
    """An exercise's place in its lesson.

    Attributes:
        path: the object of the library, "course_lib.residual_block.ResidualBlock".
        number: "3.4"; section: "3.5 The whole block".
        minutes: the lesson's estimate.
        blank: the methods that learners write; empty for a function or a method, which they write as a whole.
        given: names that the notebook has defined already.
    """

    path: str
    number: str
    section: str
    minutes: int
    blank: tuple[str, ...]
    given: tuple[str, ...]

    @property
    def name(self) -> str:
        """As learners know it: "ResidualBlock", "DDPM.add_noise"."""
        return exercise_name(self.path)


@dataclass(frozen=True)
class LessonOutline:
    """A lesson: "03", its notebook "03_residual_block", its title, the minutes it says it takes, its exercises."""

    number: str
    notebook: str
    title: str
    minutes: int
    exercises: tuple[PlannedExercise, ...]


@cache
def outline() -> tuple[LessonOutline, ...]:
    """All lessons that have exercises, in order."""
    found = (read_outline(path) for path in sorted(LESSONS.glob("lesson[0-9][0-9]/lesson.md")))
    return tuple(lesson for lesson in found if lesson.exercises)


@cache
def read_outline(path: Path) -> LessonOutline:
    """What one lesson.md says. What it does not say is empty, or takes no time."""
    text = path.read_text(encoding="utf-8")
    number = path.parent.name.removeprefix("lesson")
    exercises = []
    section, heading, minutes = "", "", 0
    for line in text.splitlines():
        block = BLOCK.match(line)
        if line.startswith("## "):
            section, heading, minutes = line.removeprefix("## "), "", 0
        elif HEADING.match(line):
            heading, minutes = line, 0
        elif DIFFICULTY.match(line):
            minutes = minutes_in(line)
        elif block:
            exercise_number = HEADING.match(heading)
            lists = {key: tuple(json.loads(names)) for key, names in LIST.findall(line)}
            exercises.append(
                PlannedExercise(
                    path=block[1],
                    number=exercise_number[1] if exercise_number else "",
                    section=section,
                    minutes=minutes,
                    blank=lists.get("blank", ()),
                    given=lists.get("given", ()),
                )
            )
    notebook, title = NOTEBOOK.search(text), TITLE.search(text)
    return LessonOutline(
        number=number,
        notebook=notebook[1] if notebook else number,
        title=title[1] if title else "",
        minutes=minutes_in(text.partition("\n## ")[0]),
        exercises=tuple(exercises),
    )


def planned(lesson: str, exercise: str) -> PlannedExercise | None:
    """The place of an exercise in lesson "03"; None where its text does not show it."""
    path = LESSONS / f"lesson{lesson}" / "lesson.md"
    found = read_outline(path).exercises if path.is_file() else ()
    return next((one for one in found if one.name == exercise), None)


def exercise_name(path: str) -> str:
    """What learners call an object of the library: with its class, if it has one.

    >>> exercise_name("course_lib.ddpm.DDPM.add_noise"), exercise_name("course_lib.unet.UNet")
    ('DDPM.add_noise', 'UNet')
    """
    owner, _, name = path.rpartition(".")
    owner = owner.rpartition(".")[2]
    return f"{owner}.{name}" if owner[:1].isupper() else name


def minutes_in(text: str) -> int:
    found = MINUTES.search(text)
    return int(found[1]) if found else 0
