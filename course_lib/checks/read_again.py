"""Where the place to read again is: an address that leads there from a notebook."""

import re

from course_lib.checks.exercise import Exercise
from course_lib.checks.registry import LESSONS

DOCUMENT = re.compile(r"the document, (?:section (\d)|\"Full forward pass\")")
SECTION = re.compile(r"(?<![\d.])(\d{1,2}\.\d{1,2})(?![\d.])")
LESSON = re.compile(r"lesson (\d\d)")


def address_of(exercise: Exercise) -> str:
    """The address of `exercise.where`, relative to the folder of the notebooks; "" where it is no place of the course.

    A lesson without a section's number is the exercise's own section, or the notebook of another lesson.
    """
    from course_lib.progress.outline import planned, read_outline

    of_document, number = DOCUMENT.match(exercise.where), SECTION.search(exercise.where)
    if of_document:
        return f"../assets/network.md#{f'section-{of_document[1]}' if of_document[1] else 'full-forward-pass'}"
    lesson, heading = exercise.lesson, ""
    named = LESSON.search(exercise.where)
    if number:
        lesson, heading = number[1].partition(".")[0].zfill(2), heading_of(number[1])
    elif named and named[1] != lesson:
        lesson = named[1]
    elif place := planned(lesson, exercise.name):
        heading = place.section
    path = LESSONS / f"lesson{lesson}" / "lesson.md"
    if not path.is_file():
        return ""
    anchor = f"#{anchor_of(heading)}" if heading else ""
    return f"{read_outline(path).notebook}.ipynb{anchor}"


def heading_of(number: str) -> str:
    """The heading of section "3.5"; "" where there is none."""
    path = LESSONS / f"lesson{number.partition('.')[0].zfill(2)}" / "lesson.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(rf"^## ({re.escape(number)} .+)$", text, re.MULTILINE)
    return found[1] if found else ""


def anchor_of(heading: str) -> str:
    """The name under which Jupyter finds a heading.

    >>> anchor_of("3.5 The whole `block`")
    '3.5-The-whole-block'
    """
    return heading.replace("`", "").replace("*", "").replace(" ", "-")
