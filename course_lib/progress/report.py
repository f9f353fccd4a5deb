"""Where am I, as data and as text of at most 80 columns that needs no colour."""

import os
import re
import textwrap
from collections import Counter
from dataclasses import dataclass

from course_lib.checks.my_work import said_of_home, work_folder
from course_lib.checks.registry import named
from course_lib.progress.journal import NAME, entries
from course_lib.progress.outline import LessonOutline, PlannedExercise, outline

WIDTH = 80
# rows of the table of mistakes; the rest are counted
MOST_MISTAKES = 10


@dataclass(frozen=True)
class Progress:
    """How far a learner is.

    Attributes:
        lessons: those that have exercises, in order.
        passed: names of the exercises that passed once; they stay passed whatever is tried later.
        tried: name -> tries, for exercises that were tried and have not passed.
        slipped: those that passed, and whose last try did not.
        mistakes: (exercise, the mistake's name) -> how often it was named.
        next: lesson and exercise to go on with; None when all have passed.
    """

    lessons: tuple[LessonOutline, ...]
    passed: frozenset[str]
    tried: dict[str, int]
    slipped: frozenset[str]
    mistakes: Counter[tuple[str, str]]
    next: tuple[LessonOutline, PlannedExercise] | None

    @property
    def total(self) -> int:
        return sum(len(lesson.exercises) for lesson in self.lessons)

    @property
    def minutes_left(self) -> int:
        return sum(map(self.minutes_of, self.lessons))

    def minutes_of(self, lesson: LessonOutline) -> int:
        """The lesson's own estimate, times the share of its exercises, by their minutes, that have not passed yet."""
        weights = {exercise.name: exercise.minutes or 1 for exercise in lesson.exercises}
        left = sum(weight for name, weight in weights.items() if name not in self.passed)
        return round(lesson.minutes * left / sum(weights.values()))


def read_progress() -> Progress:
    """From the journal in my_work and, where that is silent, from the answers that were kept there."""
    lessons = outline()
    order = [(lesson, exercise) for lesson in lessons for exercise in lesson.exercises]
    names = [exercise.name for _, exercise in order]
    seen = [entry for entry in entries() if entry.exercise in names]
    kept = [name for name in names if os.path.isfile(work_folder() / f"{name}.py")]
    passed = {entry.exercise for entry in seen if entry.status == "passed"} | set(kept)
    # whoever has passed the whole has its steps as well
    passed |= {name for name in names if name.partition(".")[0] in passed}
    last = {entry.exercise: entry.status for entry in seen}
    failures = Counter(entry.exercise for entry in seen if entry.status == "failed")
    # go on where the last check was, or behind the last answer that is there
    here = names.index(seen[-1].exercise) if seen else max(map(names.index, kept), default=0)
    ahead = [place for place in (*order[here:], *order[:here]) if place[1].name not in passed]
    return Progress(
        lessons=lessons,
        passed=frozenset(passed),
        tried={name: failures[name] for name in names if failures[name] and name not in passed},
        slipped=frozenset(name for name in passed if last.get(name) == "failed"),
        mistakes=Counter((entry.exercise, entry.misconception) for entry in seen if entry.misconception),
        next=ahead[0] if ahead else None,
    )


def report(progress: Progress) -> str:
    """The whole answer to "Where am I?"."""
    parts = [summary(progress), "\n".join(line for lesson in progress.lessons for line in rows(progress, lesson))]
    if progress.mistakes:
        parts.append(mistakes(progress))
    parts.append(what_next(progress))
    if progress.passed or progress.tried:
        folder = said_of_home() or "my_work"
        parts.append(f"(From {folder}/{NAME}, on this machine only; that file may be deleted.)")
    return "\n\n".join(parts)


def summary(progress: Progress) -> str:
    tried = f", {len(progress.tried)} tried and not yet passed" if progress.tried else ""
    text = f"{len(progress.passed)} of {progress.total} exercises passed{tried}. "
    text += f"About {duration(progress.minutes_left)} left, by the lessons' own estimates."
    return textwrap.fill(text, WIDTH)


def rows(progress: Progress, lesson: LessonOutline) -> list[str]:
    """A line for the lesson, and below it what was passed, tried and left open, where anything was."""
    names = [exercise.name for exercise in lesson.exercises]
    passed = [name for name in names if name in progress.passed]
    tried = [name for name in names if name in progress.tried]
    title = textwrap.shorten(lesson.title, 48, placeholder=" ...")
    count = f"{len(passed)} of {len(names)}"
    lines = [f"{lesson.number}  {title:<48}  {count:>8}  {progress.minutes_of(lesson):>4} min left"]
    if not passed and not tried:
        return lines
    groups = {
        "passed": [name + (" (last try: not yet)" if name in progress.slipped else "") for name in passed],
        "tried": [f"{name} ({times(progress.tried[name])})" for name in tried],
        "open": [name for name in names if name not in (*passed, *tried)],
    }
    for label, members in groups.items():
        if members:
            lines += in_columns(f"    {label:<8}", ", ".join(members))
    return lines


def mistakes(progress: Progress) -> str:
    """How often which mistake was named, most often first, with the beginning of what the check said."""
    lines = ["Mistakes that were named"]
    ordered = progress.mistakes.most_common()
    for (exercise, mistake), count in ordered[:MOST_MISTAKES]:
        since = " (passed since)" if exercise in progress.passed else ""
        lines += in_columns(f"{count:>5} x  ", f"{exercise}: {said(exercise, mistake)}{since}")
    if len(ordered) > MOST_MISTAKES:
        lines.append(f"         and {len(ordered) - MOST_MISTAKES} others")
    return "\n".join(lines)


def said(exercise: str, mistake: str) -> str:
    """The first sentence that the check has for a mistake; its name, where it has none any more."""
    found = named(exercise)
    sentences = {}
    if found is not None:
        sentences = {prop.name: prop.mistake for prop in found.properties if prop.mistake}
        sentences |= {known.name: known.sentence for known in found.misconceptions}
    sentence = sentences.get(mistake, mistake.replace("_", " "))
    return re.split(r"(?<=[.!?])\s", sentence, maxsplit=1)[0]


def what_next(progress: Progress) -> str:
    if progress.next is None:
        return "Next: nothing is left. You have built it all."
    lesson, exercise = progress.next
    return "\n".join(
        [
            f"Next: exercise {exercise.number}, {exercise.name}, about {exercise.minutes} minutes",
            *in_columns("      ", f"notebooks/{lesson.notebook}.ipynb, section {exercise.section}"),
        ]
    )


def in_columns(label: str, text: str) -> list[str]:
    indent = " " * len(label)
    return textwrap.wrap(text, WIDTH, initial_indent=label, subsequent_indent=indent, break_on_hyphens=False)


def times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def duration(minutes: int) -> str:
    """
    >>> duration(50), duration(60), duration(135)
    ('50 minutes', '1 h', '2 h 15 min')
    """
    if minutes < 60:
        return f"{minutes} minutes"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h" + (f" {rest} min" if rest else "")
